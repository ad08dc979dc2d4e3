//! People who don't exist: they sign in and see their devices as anybody does.

use axum::http::StatusCode;
use sekisho::server::{
    device,
    flow::cleanup::{self, Tools},
    store::On,
};
use sqlx::AssertSqlSafe;

use crate::{
    cli::{on, text, with_input},
    test_app::{PASSWORD, TestApp},
};

const SEED: [&str; 9] =
    ["demo", "seed", "--users", "20", "--live-each", "2", "--expired-each", "1", "--password-stdin"];

async fn rows(app: &TestApp, query: &'static str) -> Vec<(String, String)> {
    match app.state.db.read() {
        On::Sqlite(pool) => sqlx::query_as(AssertSqlSafe(query)).fetch_all(pool).await.unwrap(),
        On::Postgres(server) => sqlx::query_as(AssertSqlSafe(query)).fetch_all(&server.pool).await.unwrap(),
        On::SqliteTx(_) | On::PostgresTx(_) => unreachable!("no write is in progress"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_is_seeded_once_and_its_people_sign_in_and_see_their_live_devices() {
    let app = TestApp::today().await;
    let done = with_input(on(&app).args(SEED).arg("--json"), &format!("{PASSWORD}\n"));
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let told: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(["users", "live", "ended", "expired"].map(|key| told[key].as_i64().unwrap()), [20, 40, 4, 20]);
    assert!(told["password"].is_null(), "it was typed");

    let emails = told["emails"].as_array().unwrap();
    assert_eq!(emails.len(), 20);
    let mut browser = app.signed_in(emails[19].as_str().unwrap()).await;
    let devices = browser.get("/api/devices").await.expect(StatusCode::OK).json()["devices"].clone();
    assert_eq!(devices.as_array().unwrap().len(), 3, "two and the one that asks: {devices}");

    let again = with_input(on(&app).args(SEED), &format!("{PASSWORD}\n"));
    assert_eq!((again.status.code(), text(&again.stderr).lines().count()), (Some(1), 1));
    assert_eq!(app.number("SELECT COUNT(*) FROM users").await, 20, "a second seed writes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sessions_of_a_demo_are_like_those_of_people() {
    let app = TestApp::today().await;
    let done = with_input(on(&app).args(SEED), &format!("{PASSWORD}\n"));
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    for (agent, kind) in rows(&app, "SELECT DISTINCT user_agent, device_kind FROM sessions").await {
        assert_eq!(device::label(&agent).kind(), kind);
    }
    let per_user = rows(
        &app,
        "SELECT user_id, CAST(COUNT(DISTINCT user_agent) AS TEXT) FROM sessions WHERE ended_at IS NULL GROUP BY user_id",
    );
    assert!(per_user.await.iter().all(|(_, devices)| devices.as_str() > "1"), "everybody has several devices");
    let odd = "SELECT COUNT(*) FROM sessions WHERE last_active_at < signed_in_at OR last_active_at > expires_at
         OR (ended_at IS NULL) <> (end_reason IS NULL)";
    assert_eq!(app.number(odd).await, 0);
    let report = cleanup::clean_up(&Tools::of(&app.state), "test").await.unwrap();
    assert_eq!(report.rows["sessions"], 20, "the expired, and no other");
    assert_eq!(report.rows["activity"], 0, "what happened in their month is no older than what is kept");
    let counted =
        |grain| format!("SELECT CAST(SUM(n) AS BIGINT) FROM activity WHERE grain = '{grain}' AND kind = 'sign_ins'");
    let (hours, minutes) = (app.number(&counted("hour")).await, app.number(&counted("minute")).await);
    assert!(minutes > 0 && hours > 2 * minutes, "{hours} in a month, {minutes} in three days");
}
