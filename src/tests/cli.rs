//! The command line, as processes of its own beside a running server.

use std::{
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use axum::http::StatusCode;
use sekisho::{domain::role::Role, server::node::revocation_feed::hear};

use crate::{
    receiver::{Receiver, pass},
    test_app::{PASSWORD, TestApp},
};

const EMAIL: &str = "hanako@example.com";

pub fn sekisho(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.current_dir(folder).env_remove("AUTH_SECRET").stdin(Stdio::null());
    command
}

pub fn on(app: &TestApp) -> Command {
    let mut command = sekisho(app.database.folder());
    command.env("SEKISHO_DATABASE__URL", app.database.url());
    command.envs(app.database.secret().map(|secret| ("AUTH_SECRET", secret)));
    command
}

pub fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn with_input(command: &mut Command, input: &str) -> Output {
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
    hear(&app.state).await;
    browser.session().await.signed_out("kicked");
    browser.refresh().await.signed_out("kicked");
    second.session().await.expect(StatusCode::OK);
    assert_eq!(run(on(&app).args(["session", "kill", &sid])).status.code(), Some(1));
    app.user("taro@example.com", Role::User).await;
    let mut other = app.signed_in("taro@example.com").await;
    let kill = |emails: [&str; 2]| {
        let done = run(on(&app).args(["session", "kill", "--json", "--user", emails[0], "--user", emails[1]]));
        (done.status.code(), serde_json::from_slice::<serde_json::Value>(&done.stdout).unwrap_or_default())
    };
    assert_eq!(kill([EMAIL, "nobody@example.com"]).0, Some(1), "all or none");
    assert_eq!(kill([EMAIL, "taro@example.com"]).1["ended"], 2);
    hear(&app.state).await;
    for browser in [&mut second, &mut other] {
        browser.session().await.signed_out("kicked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_set_on_the_command_line_holds_after_a_silent_renewal() {
    let app = TestApp::today().await;
    app.user(EMAIL, Role::User).await;
    app.user("admin@example.com", Role::Admin).await;
    let mut browser = app.signed_in(EMAIL).await;
    assert_eq!(run(on(&app).args(["user", "set-role", EMAIL, "support"])).status.code(), Some(0));
    hear(&app.state).await;
    browser.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(browser.session().await.json()["user"]["role"], "support");
    let last = run(on(&app).args(["user", "set-role", "admin@example.com", "user"]));
    assert_eq!(last.status.code(), Some(1), "the last admin stays one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_locked_unlocked_and_deleted_on_the_command_line() {
    let app = TestApp::today().await;
    app.user(EMAIL, Role::User).await;
    app.user("admin@example.com", Role::Admin).await;
    let mut browser = app.signed_in(EMAIL).await;
    let command = |act: &str, email: &str| {
        let done = run(on(&app).args(["--json", "user", act, email]));
        (done.status.code(), serde_json::from_slice(&done.stdout).unwrap_or(serde_json::Value::Null))
    };
    let changed = |done: (Option<i32>, serde_json::Value)| (done.0, done.1["changed"].as_bool());
    assert_eq!(command("lock", EMAIL).1["ended"], 1);
    hear(&app.state).await;
    browser.session().await.signed_out("locked");
    assert_eq!(changed(command("lock", EMAIL)), (Some(0), Some(false)));
    assert_eq!(changed(command("unlock", EMAIL)), (Some(0), Some(true)));
    let mut browser = app.signed_in(EMAIL).await;
    assert_eq!(changed(command("delete", EMAIL)), (Some(0), Some(true)));
    hear(&app.state).await;
    browser.session().await.signed_out("locked");
    assert_eq!(changed(command("delete", EMAIL)), (Some(1), None));
    assert_eq!(changed(command("lock", "admin@example.com")), (Some(1), None), "the last admin");
    for action in ["user_lock", "user_unlock", "user_delete"] {
        assert_eq!(app.audit(action).await, 1, "{action}");
    }
    let detail = app.text("SELECT detail FROM audit WHERE action = 'user_delete'").await;
    assert!(detail.contains("\"by\":\"cli\""), "{detail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_are_rotated_on_the_command_line_by_whoever_has_the_secret() {
    let app = TestApp::today().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let states = || {
        let done = run(on(&app).args(["keys", "list", "--json"]));
        let rows: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        let rows = rows.as_array().unwrap().clone();
        let signing = rows.into_iter().filter(|row| row["purpose"] == "sign");
        signing.map(|row| row["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let foreign =
        run(on(&app).args(["keys", "rotate"]).env("AUTH_SECRET", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="));
    assert_eq!(foreign.status.code(), Some(2), "{}", text(&foreign.stderr));
    assert_eq!(states(), ["signs"]);
    assert_eq!(run(on(&app).args(["keys", "rotate"])).status.code(), Some(0));
    assert_eq!(states(), ["published", "signs"]);
    hear(&app.state).await;
    browser.session().await.expect(StatusCode::OK);
    assert_eq!(run(on(&app).args(["keys", "rotate", "--now"])).status.code(), Some(0));
    assert_eq!(states(), ["signs", "dead", "dead"]);
    hear(&app.state).await;
    browser.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(app.audit("key_rotate").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clean_up_is_run_on_the_command_line() {
    let app = TestApp::today().await;
    app.execute("INSERT INTO throttles (name, count, last_at) VALUES ('past', 9, 0)").await;
    let done = run(on(&app).args(["cleanup", "--json"]));
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["rows"]["throttles"], 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM throttles").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_finds_nothing_wrong_with_what_works_and_names_what_does_not() {
    let app = TestApp::today().await;
    app.user(EMAIL, Role::User).await;
    let examine = |command: &mut Command| {
        let done = run(command.args(["doctor", "--json"]));
        let findings: Vec<serde_json::Value> = serde_json::from_slice(&done.stdout).unwrap();
        let named = |verdict: &str| {
            let found = findings.iter().filter(|finding| finding["verdict"] == verdict);
            found.map(|finding| finding["check"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        (done.status.code(), named("ok"), named("warn"), named("fault"))
    };
    let (code, ok, warn, fault) = examine(&mut on(&app));
    assert_eq!((code, warn.len(), fault.len()), (Some(0), 0, 0), "{warn:?} {fault:?}");
    let file = app.database.secret().is_none().then_some("auth secret");
    for check in ["configuration", "database", "schema", "keys", "clock", "cookies", "proxies", "lifetimes"]
        .into_iter()
        .chain(file)
    {
        assert!(ok.iter().any(|name| name == check), "{check}: {ok:?}");
    }
    let foreign = examine(on(&app).env("AUTH_SECRET", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="));
    assert_eq!((foreign.0, foreign.3), (Some(1), vec!["keys".to_owned()]));
    let unproxied = examine(on(&app).env("SEKISHO_SERVER__PUBLIC_URL", "https://id.example.com"));
    assert_eq!((unproxied.0, unproxied.2), (Some(0), vec!["proxies".to_owned()]));
    let broken = examine(on(&app).env("SEKISHO_COLOUR", "1").env("SEKISHO_SESSION__MAX_AGE", "soon"));
    assert_eq!((broken.0, broken.3.len()), (Some(1), 2));
    let ahead = app.state.clock.now().0 + 3_600_000;
    app.execute(&format!("INSERT INTO audit (id, at, action, outcome) VALUES ('f', {ahead}, 'sign_in', 'done')")).await;
    assert_eq!(examine(&mut on(&app)).3, ["clock"]);
    app.execute("DELETE FROM _sqlx_migrations WHERE version > 1").await;
    assert_eq!(examine(&mut on(&app)).3, ["schema"]);
}

#[test]
fn the_doctor_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let done = run(sekisho(folder.path()).arg("doctor"));
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains("there is no database sekisho.db yet"), "{}", text(&done.stdout));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_configuration_is_shown_with_the_sessions_that_live_under_each_strategy() {
    let app = TestApp::today().await;
    app.user(EMAIL, Role::User).await;
    app.signed_in(EMAIL).await;
    app.signed_in(EMAIL).await.post("/api/logout", &[]).await.expect(StatusCode::OK);
    app.execute("INSERT INTO strategy_ends (strategy, last_end_at) VALUES ('jwt', 1893456000000)").await;
    let done = run(on(&app).args(["config", "show", "--json"]));
    let shown: Vec<serde_json::Value> = serde_json::from_slice(&done.stdout).unwrap();
    let value = |key: &str| shown.iter().find(|row| row["key"] == key).unwrap()["value"].as_str().unwrap().to_owned();
    assert_eq!(["hybrid", "database", "jwt"].map(|strategy| value(&format!("sessions.{strategy}"))), ["1", "0", "0"]);
    assert_eq!(value("sessions.jwt.last_end"), "2030-01-01T00:00:00Z");
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

#[test]
fn a_secret_that_comes_as_a_file_is_shown_with_where_it_came_from_and_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, path) = ("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", folder.path().join("auth"));
    std::fs::write(&path, format!("{secret}\n")).unwrap();
    let show = |mode: u32| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        run(sekisho(folder.path())
            .args(["config", "show", "--json"])
            .env("AUTH_SECRET_FILE", &path)
            // What Kubernetes sets beside a Service of this name.
            .env("SEKISHO_PORT", "tcp://10.0.0.1:3000")
            .env("SEKISHO_SERVICE_PORT_HTTP", "3000"))
    };
    let done = show(0o600);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let shown: Vec<serde_json::Value> = serde_json::from_slice(&done.stdout).unwrap();
    let row = shown.iter().find(|row| row["key"] == "auth_secret").unwrap();
    assert_eq!(row["source"], format!("AUTH_SECRET_FILE {}", path.display()));
    assert!(!text(&done.stdout).contains(secret));
    let refused = show(0o644);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(text(&refused.stderr).lines().count(), 1, "{}", text(&refused.stderr));
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_made_on_the_command_line_is_sent_to_by_the_server() {
    let app = TestApp::today_with(&[crate::receiver::HERE]).await;
    let receiver = Receiver::start().await;
    let here = |arguments: &[&str]| {
        let done = run(on(&app).env("SEKISHO_WEBHOOKS__ALLOW_PRIVATE", "127.0.0.0/8").args(arguments).arg("--json"));
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    };
    let json = |arguments: &[&str]| {
        let (code, out, error) = here(arguments);
        assert_eq!(code, Some(0), "{error}");
        serde_json::from_str::<serde_json::Value>(&out).unwrap()
    };
    let made = json(&["webhook", "create", "--url", &receiver.url(), "--event", "user.locked"]);
    let (id, secret) = (made["webhook_id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert_eq!(json(&["webhook", "list"])[0]["events"], serde_json::json!(["user.locked"]));
    let test = json(&["webhook", "test", id])["delivery_id"].clone();
    // The command has a clock of its own.
    app.minutes(1);
    pass(&app).await;
    let got = receiver.got().remove(0);
    assert!(got.is_signed_by(secret) && test == got.header("webhook-id"));
    let log = json(&["webhook", "deliveries", id]);
    assert_eq!((&log[0]["state"], &log[0]["status"]), (&"delivered".into(), &204.into()));
    assert_eq!(json(&["webhook", "disable", id])["changed"], true);
    assert_eq!(here(&["webhook", "test", id]).0, Some(1), "it is off");
    assert_eq!(json(&["webhook", "enable", id])["enabled"], true);
    json(&["webhook", "delete", id]);
    assert_eq!(here(&["webhook", "delete", id]).0, Some(1));
    for odd in ["https://user:pw@example.com/", "https://10.0.0.1/", "nonsense"] {
        let (code, out, error) = here(&["webhook", "create", "--url", odd]);
        assert!(code == Some(1) && out.is_empty() && error.contains("url"), "{odd}: {error}");
    }
    for action in ["create", "update", "send", "delete"] {
        let by = format!("SELECT detail FROM audit WHERE action = 'webhook_{action}' LIMIT 1");
        assert!(app.text(&by).await.contains("\"by\":\"cli\""), "{action}");
    }
}
