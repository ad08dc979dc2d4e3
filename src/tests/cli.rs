//! The command line, as processes of its own beside a running server.

use std::{
    io::{Read as _, Write as _},
    path::Path,
    process::{Command, Output, Stdio},
};

use axum::http::StatusCode;
use sekisho::domain::role::Role;

use crate::test_app::{PASSWORD, TestApp};

const EMAIL: &str = "hanako@example.com";

fn sekisho(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.current_dir(folder).env_remove("AUTH_SECRET").stdin(Stdio::null());
    command
}

fn on(app: &TestApp) -> Command {
    let mut command = sekisho(app.database.folder());
    command.env("SEKISHO_DATABASE__URL", app.database.url());
    command.envs(app.database.secret().map(|secret| ("AUTH_SECRET", secret)));
    command
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn with_input(command: &mut Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_made_on_the_command_line_signs_in() {
    let app = TestApp::today().await;
    let create = ["user", "create", "--email", EMAIL, "--role", "admin", "--password-stdin"];
    let done = with_input(on(&app).args(create), &format!("{PASSWORD}\n"));
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let again = with_input(on(&app).args(create), &format!("{PASSWORD}\n"));
    assert_eq!(again.status.code(), Some(1));
    let weak = with_input(on(&app).args(create), "short\n");
    assert_eq!(weak.status.code(), Some(1));
    assert_eq!(app.signed_in(EMAIL).await.session().await.json()["user"]["role"], "admin");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_killed_on_the_command_line_is_out_as_soon_as_the_feed_is_heard() {
    let app = TestApp::today().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let mut second = app.signed_in(EMAIL).await;
    let sid = browser.session_id().await;
    let done = run(on(&app).args(["session", "kill", &sid]));
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    app.state.revoked.load(&app.state.db, app.state.clock.now()).await.unwrap();
    browser.session().await.signed_out("kicked");
    browser.refresh().await.signed_out("kicked");
    second.session().await.expect(StatusCode::OK);
    assert_eq!(run(on(&app).args(["session", "kill", &sid])).status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_set_on_the_command_line_holds_after_a_silent_renewal() {
    let app = TestApp::today().await;
    app.user(EMAIL, Role::User).await;
    app.user("admin@example.com", Role::Admin).await;
    let mut browser = app.signed_in(EMAIL).await;
    assert_eq!(run(on(&app).args(["user", "set-role", EMAIL, "support"])).status.code(), Some(0));
    app.state.revoked.load(&app.state.db, app.state.clock.now()).await.unwrap();
    browser.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(browser.session().await.json()["user"]["role"], "support");
    let last = run(on(&app).args(["user", "set-role", "admin@example.com", "user"]));
    assert_eq!(last.status.code(), Some(1), "the last admin stays one");
}

#[test]
fn a_broken_configuration_stops_the_start_with_a_line_for_each_fault() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sekisho.toml"), "colour = 1\n[session]\naccess_ttl = \"soon\"\n").unwrap();
    let done = run(&mut sekisho(folder.path()));
    assert_eq!(done.status.code(), Some(2));
    let lines = text(&done.stderr);
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(!folder.path().join("sekisho.db").exists());
    assert_eq!(run(sekisho(folder.path()).arg("no-such-command")).status.code(), Some(2));
}

#[test]
fn the_effective_configuration_is_shown_with_its_sources_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";
    let done = run(sekisho(folder.path())
        .args(["config", "show", "--json"])
        .env("AUTH_SECRET", secret)
        .env("SEKISHO_SESSION__ACCESS_TTL", "10m"));
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let shown = text(&done.stdout);
    assert!(!shown.contains(secret));
    assert!(shown.contains("SEKISHO_SESSION__ACCESS_TTL") && shown.contains("10m"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_newer_than_the_binary_stops_the_start() {
    let app = TestApp::today().await;
    app.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         SELECT 9999, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
    )
    .await;
    let done = run(on(&app).arg("migrate"));
    assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
    assert!(text(&done.stderr).contains("newer"), "{}", text(&done.stderr));
    assert_eq!(text(&done.stderr).lines().count(), 1);
}

#[test]
fn a_first_start_makes_an_admin_shows_the_password_once_and_keeps_its_secret_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let mut child = sekisho(folder.path())
            .env("SEKISHO_SERVER__ADDR", "127.0.0.1:0")
            .env("RUST_LOG", "info")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut shown = String::new();
        let mut stdout = child.stdout.take().unwrap();
        let mut byte = [0];
        while !shown.contains("listens on") && stdout.read(&mut byte).unwrap() > 0 {
            shown.push(char::from(byte[0]));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        shown
    };
    let (first, second) = (start(), start());
    assert!(first.contains("assword"), "{first}");
    assert!(!second.contains("assword"), "{second}");
}
