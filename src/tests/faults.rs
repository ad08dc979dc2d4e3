//! A database that fails, really: people are told to come back, nothing of theirs is taken, and all goes on by itself
//! once the database does.

use std::{io::Write as _, time::Duration};

use axum::http::StatusCode;
use sekisho::{domain::role::Role, server::node::revocation_feed::hear};
use sqlx::{Connection as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    proxy::{Proxy, Way},
    test_app::{Browser, PASSWORD, Reply, TestApp},
    test_database::{TestDatabase, execute, postgres_server, skipped},
};

const EMAIL: &str = "hanako@example.com";
/// Two seconds are promised; how busy the machine is that tests is not.
const SOON: Duration = Duration::from_secs(5);
const IN_TIME: Duration = Duration::from_secs(30);

/// Someone signed in whose session is known here, a minute ago.
async fn signed_in(app: &TestApp) -> Browser {
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    browser.session().await.expect(StatusCode::OK);
    app.settle().await;
    app.minutes(1);
    hear(&app.state).await;
    browser
}

async fn unavailable(reply: impl Future<Output = Reply>) {
    let reply = tokio::time::timeout(SOON, reply).await.expect("an answer soon");
    assert_eq!(reply.headers.get("retry-after").map(|value| value.to_str().unwrap()), Some("1"), "{reply:?}");
    assert!(reply.set_cookies().is_empty(), "{reply:?}");
    reply.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
}

/// What needs a write is refused for now, what is known in memory goes on, and it is said what is wrong.
async fn refuses_for_now(app: &TestApp, browser: &Browser, reasons: &[&str]) {
    let (mut refreshing, mut leaving, mut arriving) = (browser.clone(), browser.clone(), app.browser());
    tokio::join!(
        unavailable(refreshing.refresh()),
        unavailable(leaving.post("/api/logout", &[])),
        unavailable(arriving.sign_in(EMAIL, PASSWORD)),
    );
    let mut known = browser.clone();
    known.session().await.expect(StatusCode::OK);
    known.get("/auth/verify").await.expect(StatusCode::OK);
    known.get("/healthz").await.expect(StatusCode::OK);
    let ready = tokio::time::timeout(SOON, known.get("/readyz")).await.expect("an answer soon");
    let reason = ready.expect(StatusCode::SERVICE_UNAVAILABLE).json()["reason"].as_str().unwrap().to_owned();
    assert!(reasons.contains(&reason.as_str()), "{reason}");
}

async fn becomes_ready(app: &TestApp) {
    let mut anyone = app.browser();
    let ready = async {
        while anyone.get("/readyz").await.status != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(IN_TIME, ready).await.expect("ready again without a restart");
}

/// The very credentials of before are good, and none was used up.
async fn lives_on(app: &TestApp, browser: &mut Browser) {
    becomes_ready(app).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL").await, 1, "a refused sign-out");
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions").await, 1, "a refused sign-in");
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(app.number("SELECT generation FROM sessions").await, 2, "one exchange in all");
    browser.session().await.expect(StatusCode::OK);
    app.signed_in(EMAIL).await.session().await.expect(StatusCode::OK);
    browser.post("/api/logout", &[]).await.expect(StatusCode::OK);
    browser.refresh().await.expect(StatusCode::UNAUTHORIZED);
}

async fn sqlite_locked_by(statement: &'static str) {
    let app = TestApp::upon(TestDatabase::sqlite(), &[]).await;
    let mut browser = signed_in(&app).await;
    let mut other =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(app.database.file())).await.unwrap();
    other.execute(statement).await.unwrap();
    refuses_for_now(&app, &browser, &["locked", "slow"]).await;
    other.execute("ROLLBACK").await.unwrap();
    lives_on(&app, &mut browser).await;
}

#[tokio::test]
async fn a_file_that_another_process_writes_refuses_for_now() {
    sqlite_locked_by("BEGIN IMMEDIATE").await;
}

#[tokio::test]
async fn a_file_that_another_process_has_for_itself_refuses_for_now() {
    sqlite_locked_by("BEGIN EXCLUSIVE").await;
}

#[tokio::test]
async fn whoever_waits_behind_a_locked_file_is_told_in_time_and_not_obeyed_later() {
    let app = TestApp::upon(TestDatabase::sqlite(), &[]).await;
    let mut browser = signed_in(&app).await;
    let mut other =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(app.database.file())).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let (mut first, mut behind) = (browser.clone(), browser.clone());
    let waiting = tokio::spawn(async move { first.refresh().await });
    tokio::time::sleep(Duration::from_millis(600)).await;
    unavailable(behind.post("/api/logout", &[])).await;
    waiting.await.unwrap().expect(StatusCode::SERVICE_UNAVAILABLE);
    other.execute("ROLLBACK").await.unwrap();
    lives_on(&app, &mut browser).await;
}

#[tokio::test]
async fn a_full_disk_refuses_for_now() {
    let Some(database) = TestDatabase::on_small_disk() else { return skipped("only root may mount a small disk") };
    let filler = database.folder().join("filler");
    let app = TestApp::upon(database, &[]).await;
    let mut browser = signed_in(&app).await;
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    refuses_for_now(&app, &browser, &["full"]).await;
    std::fs::remove_file(&filler).unwrap();
    drop(file);
    lives_on(&app, &mut browser).await;
}

/// A server on PostgreSQL, by a way that can fail.
async fn behind(server: &str) -> (TestApp, Proxy) {
    let proxy = Proxy::before(server).await;
    let database = TestDatabase::postgres(server).await;
    let url = database.url_by(&proxy.url(server));
    (TestApp::upon(database, &[("database.url", &url)]).await, proxy)
}

async fn postgres_lost_by(way: Way) {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let (app, proxy) = behind(&server).await;
    let mut browser = signed_in(&app).await;
    proxy.set(way).await;
    refuses_for_now(&app, &browser, &["unreachable", "slow"]).await;
    // More than there are connections, so that none is left that was not lost.
    let many: Vec<_> = (0..40)
        .map(|_| {
            let mut tab = browser.clone();
            tokio::spawn(async move { unavailable(tab.refresh()).await })
        })
        .collect();
    for tab in many {
        tab.await.unwrap();
    }
    proxy.set(Way::Open).await;
    lives_on(&app, &mut browser).await;
}

#[tokio::test]
async fn a_server_that_refuses_connections_refuses_for_now() {
    postgres_lost_by(Way::Refused).await;
}

#[tokio::test]
async fn a_server_that_never_answers_refuses_for_now() {
    postgres_lost_by(Way::BlackHole).await;
}

#[tokio::test]
async fn a_server_whose_rows_another_holds_refuses_for_now() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let app = TestApp::upon(TestDatabase::postgres(&server).await, &[]).await;
    let mut browser = signed_in(&app).await;
    let mut other = sqlx::PgConnection::connect(&app.database.url()).await.unwrap();
    other.execute("BEGIN; LOCK TABLE sessions, guards IN EXCLUSIVE MODE").await.unwrap();
    refuses_for_now(&app, &browser, &["locked", "slow"]).await;
    other.execute("ROLLBACK").await.unwrap();
    lives_on(&app, &mut browser).await;
}

/// As after a failover to a standby: connections are cut, and the next ones read only.
#[tokio::test]
async fn a_server_that_only_reads_refuses_for_now() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let database = TestDatabase::postgres(&server).await;
    let role = format!("reader_{}", std::process::id());
    execute(&server, &format!("CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{role}'")).await;
    let mut url = url::Url::parse(&database.url()).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some(&role)).unwrap();
    let app = TestApp::upon(database, &[("database.url", url.as_str())]).await;
    let mut browser = signed_in(&app).await;
    for (how, read_only) in [("on", true), ("off", false)] {
        execute(&server, &format!("ALTER ROLE {role} SET default_transaction_read_only = {how}")).await;
        execute(&server, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'"))
            .await;
        if read_only {
            // Those who meet connections that were cut: of the refreshes' own, and of all others'.
            browser.clone().refresh().await.expect(StatusCode::SERVICE_UNAVAILABLE);
            let told = async { while browser.clone().get("/readyz").await.json()["reason"] != "read_only" {} };
            tokio::time::timeout(IN_TIME, told).await.expect("what is wrong");
            refuses_for_now(&app, &browser, &["read_only"]).await;
        }
    }
    // A connection that has rested is tried before it is used: what this test reads by must not be one that was cut.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    lives_on(&app, &mut browser).await;
    drop(app);
    execute(&server, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn a_commit_that_was_not_heard_of_is_refused_and_repeating_it_does_no_harm() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let (app, proxy) = behind(&server).await;
    let mut browser = signed_in(&app).await;
    proxy.set(Way::CommitLost).await;
    unavailable(browser.refresh()).await;
    proxy.set(Way::Open).await;
    assert_eq!(app.number("SELECT generation FROM sessions").await, 2, "it was committed");
    browser.refresh().await.expect(StatusCode::OK);
    browser.session().await.expect(StatusCode::OK);
    assert_eq!(app.number("SELECT generation FROM sessions").await, 2, "the same successor");
    proxy.set(Way::CommitLost).await;
    unavailable(browser.post("/api/logout", &[])).await;
    proxy.set(Way::Open).await;
    browser.post("/api/logout", &[]).await.expect(StatusCode::OK);
    assert!(!browser.cookies.contains_key("__Host-refresh"));
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL").await, 0);
}

/// Whatever went together fails together, and is repeated one by one.
#[tokio::test]
async fn of_a_batch_whose_commit_was_not_heard_of_nobody_has_lost_anything() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let (app, proxy) = behind(&server).await;
    let mut browsers = Vec::new();
    for number in 0..8 {
        let email = format!("hanako{number}@example.com");
        app.user(&email, Role::User).await;
        browsers.push(app.signed_in(&email).await);
    }
    app.minutes(1);
    proxy.set(Way::CommitLost).await;
    let mut tries: Vec<Browser> = browsers.clone();
    futures::future::join_all(tries.iter_mut().map(|browser| unavailable(browser.refresh()))).await;
    proxy.set(Way::Open).await;
    let committed = app.number("SELECT COUNT(*) FROM sessions WHERE generation = 2").await;
    assert!(committed > 0, "a commit was lost, not a request");
    for browser in &mut browsers {
        browser.refresh().await.expect(StatusCode::OK);
        browser.session().await.expect(StatusCode::OK);
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE generation = 2").await, 8, "one successor each");
}
