//! What the desk shows first: that what happens is counted, once, and that the live sessions are known without looking at all.

use axum::http::StatusCode;
use sekisho::{
    domain::{role::Role, time::Timestamp},
    server::{flow::cleanup, node::activity},
};
use serde_json::Value;

use crate::{
    cli::{on, text},
    test_app::{Browser, PASSWORD, TestApp},
};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";

async fn start() -> (TestApp, String, Browser) {
    let app = TestApp::start().await;
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    (app, id, admin)
}

/// As the node does every few seconds.
async fn pass(app: &TestApp) {
    activity::write_down(&app.state).await;
    activity::look(&app.state, Timestamp::default()).await.unwrap();
}

async fn overview(admin: &mut Browser, range: &str) -> Value {
    admin.get(&format!("/api/admin/overview?range={range}")).await.expect(StatusCode::OK).json()
}

fn values<'o>(overview: &'o Value, kind: &str) -> &'o Vec<Value> {
    let series = overview["series"].as_array().unwrap();
    series.iter().find(|series| series["kind"] == kind).unwrap()["values"].as_array().unwrap()
}

fn total(overview: &Value, kind: &str) -> i64 {
    values(overview, kind).iter().filter_map(Value::as_i64).sum()
}

async fn live(app: &TestApp, admin: &mut Browser) -> i64 {
    pass(app).await;
    overview(admin, "hour").await["live"].as_i64().unwrap()
}

#[tokio::test]
async fn what_happens_is_counted_in_its_minute_whatever_the_range() {
    let (app, id, mut admin) = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    app.browser().sign_in(EMAIL, "not this one").await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    browser.refresh().await.expect(StatusCode::OK);
    pass(&app).await;
    app.minutes(10);
    admin.refresh().await.expect(StatusCode::OK);
    app.signed_in(EMAIL).await;
    admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
    pass(&app).await;
    for (range, steps) in [("", 60), ("hour", 60), ("day", 96), ("month", 120)] {
        let seen = overview(&mut admin, range).await;
        let counted = ["sign_ins", "failures", "refreshes", "kicks", "reuse"].map(|kind| total(&seen, kind));
        assert_eq!(counted, [3, 1, 2, 2, 0], "{range}");
        assert_eq!(values(&seen, "sign_ins").len(), steps);
    }
    let hour = overview(&mut admin, "hour").await;
    assert_eq!((&values(&hour, "sign_ins")[59], &values(&hour, "sign_ins")[49]), (&1.into(), &2.into()));
    assert_eq!(values(&hour, "live")[55], Value::Null, "nobody looked then");
    admin.get("/api/admin/overview?range=year").await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
}

#[tokio::test]
async fn a_reuse_is_counted_with_the_transaction_that_ends_the_session() {
    let (app, _, mut admin) = start().await;
    let mut thief = app.signed_in(EMAIL).await;
    let mut owner = thief.clone();
    for _ in 0..2 {
        app.minutes(1);
        owner.refresh().await.expect(StatusCode::OK);
        owner.session().await.expect(StatusCode::OK);
        app.state.confirmations.flush(&app.state).await;
    }
    thief.refresh().await.signed_out("reuse");
    assert_eq!(total(&overview(&mut admin, "hour").await, "reuse"), 1);
}

#[tokio::test]
async fn a_session_is_live_until_it_is_ended_or_its_time_is_over_and_acts_keep_it_so() {
    let (app, id, mut admin) = start().await;
    let mut acting = app.signed_in(EMAIL).await;
    app.signed_in(EMAIL).await;
    assert_eq!(live(&app, &mut admin).await, 3);
    app.minutes(10);
    for browser in [&mut admin, &mut acting] {
        browser.post("/api/touch", &[("acted_ms_ago", "0")]).await.expect(StatusCode::OK);
    }
    app.minutes(6);
    for browser in [&mut admin, &mut acting] {
        browser.refresh().await.expect(StatusCode::OK);
    }
    assert_eq!(live(&app, &mut admin).await, 2, "one was idle for fifteen minutes");
    acting.post("/api/logout", &[]).await.expect(StatusCode::OK);
    assert_eq!(live(&app, &mut admin).await, 1);
    app.signed_in(EMAIL).await;
    assert_eq!(live(&app, &mut admin).await, 2);
    admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
    assert_eq!(live(&app, &mut admin).await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE due_at < 253402300799000").await, 1);
}

#[tokio::test]
async fn sessions_from_before_the_watch_are_found_by_it() {
    let (app, _, mut admin) = start().await;
    let mut gone = app.signed_in(EMAIL).await;
    gone.post("/api/logout", &[]).await.expect(StatusCode::OK);
    app.execute("UPDATE sessions SET due_at = 0").await;
    assert_eq!(live(&app, &mut admin).await, 1);
}

#[tokio::test]
async fn what_cannot_be_written_is_counted_later() {
    let (app, _, mut admin) = start().await;
    app.execute("ALTER TABLE activity RENAME TO elsewhere").await;
    activity::write_down(&app.state).await;
    app.execute("ALTER TABLE elsewhere RENAME TO activity").await;
    activity::write_down(&app.state).await;
    activity::write_down(&app.state).await;
    assert_eq!(total(&overview(&mut admin, "hour").await, "sign_ins"), 1);
}

#[tokio::test]
async fn two_nodes_add_to_the_same_counts() {
    let (app, _, mut admin) = start().await;
    activity::write_down(&app.state).await;
    app.signed_in(EMAIL).await;
    activity::write_down(&app.state).await;
    assert_eq!(total(&overview(&mut admin, "hour").await, "sign_ins"), 2);
    assert_eq!(total(&overview(&mut admin, "month").await, "sign_ins"), 2);
}

#[tokio::test]
async fn minutes_are_kept_for_days_and_hours_for_a_year() {
    let (app, _, _) = start().await;
    activity::write_down(&app.state).await;
    for (minutes, left) in [(71 * 60, "hour,minute"), (120, "hour"), (401 * 24 * 60, "")] {
        app.minutes(minutes);
        cleanup::clean_up(&cleanup::Tools::of(&app.state), "test").await.unwrap();
        let grains = app.number("SELECT COUNT(DISTINCT grain) FROM activity").await;
        assert_eq!(usize::try_from(grains).unwrap(), left.split(',').filter(|grain| !grain.is_empty()).count());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kick_by_the_command_line_is_counted_too() {
    let app = TestApp::today().await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    app.signed_in(EMAIL).await;
    app.signed_in(EMAIL).await;
    let done = on(&app).args(["session", "kill", "--user", EMAIL]).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let mut admin = app.browser();
    admin.sign_in(ADMIN, PASSWORD).await.expect(StatusCode::OK);
    assert_eq!(total(&overview(&mut admin, "hour").await, "kicks"), 2);
}
