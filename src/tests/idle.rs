//! Idle means that no human acted; the server has the last word.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use sekisho::domain::role::Role;

use crate::test_app::{PASSWORD, TestApp};

const EMAIL: &str = "hanako@example.com";

async fn app_with_user() -> TestApp {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app
}

#[tokio::test]
async fn without_a_human_act_the_session_ends_although_it_is_refreshed() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    app.minutes(13);
    browser.refresh().await.expect(StatusCode::OK);
    app.minutes(2);
    browser.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    browser.get("/auth/verify").await.signed_out("idle");
    browser.refresh().await.signed_out("idle");
}

#[tokio::test]
async fn a_touch_moves_the_idle_end_and_neither_the_tokens_end_nor_the_generation() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    let before = browser.session().await.json();
    let refresh = browser.cookie("__Host-refresh").to_owned();
    app.minutes(10);
    let after = browser.post("/api/touch", &[("acted_ms_ago", "0")]).await.expect(StatusCode::OK).json();
    assert_eq!(after["access_ends_at"], before["access_ends_at"]);
    assert_eq!(after["idle_ends_at"].as_i64().unwrap() - before["idle_ends_at"].as_i64().unwrap(), 600_000);
    assert_eq!(browser.cookie("__Host-refresh"), refresh);
    app.advance(Duration::from_secs(4 * 60 + 59));
    browser.session().await.expect(StatusCode::OK);
    app.minutes(1);
    browser.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    browser.refresh().await.expect(StatusCode::OK);
    app.minutes(10);
    browser.refresh().await.signed_out("idle");
}

#[tokio::test]
async fn an_act_of_some_time_ago_counts_from_then_and_never_moves_the_end_back() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    app.minutes(10);
    let first = browser.post("/api/touch", &[("acted_ms_ago", "60000")]).await.json();
    assert_eq!(first["server_now"].as_i64().unwrap() + 14 * 60_000, first["idle_ends_at"].as_i64().unwrap());
    let second = browser.post("/api/touch", &[("acted_ms_ago", "600000")]).await.json();
    assert_eq!(second["idle_ends_at"], first["idle_ends_at"]);
    for odd in ["-1", "x", "1e3", "99999999999999999999"] {
        browser.post("/api/touch", &[("acted_ms_ago", odd)]).await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    }
}

#[tokio::test]
async fn a_touch_after_the_idle_end_revives_nothing() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    app.minutes(15);
    browser.post("/api/touch", &[]).await.refused(StatusCode::UNAUTHORIZED, "renew");
    browser.refresh().await.signed_out("idle");
}

/// Which another node has done a moment ago: what this one knows lets the request in.
#[tokio::test]
async fn a_touch_revives_no_session_that_has_been_ended() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    app.execute("UPDATE sessions SET ended_at = 1, end_reason = 'kicked'").await;
    browser.session().await.expect(StatusCode::OK);
    browser.post("/api/touch", &[]).await.signed_out("kicked");
}

#[tokio::test]
async fn a_remembered_sign_in_has_no_idle_end_by_default() {
    let app = app_with_user().await;
    let mut browser = app.browser();
    let fields = [("email", EMAIL), ("password", PASSWORD), ("remember", "true")];
    browser.post("/api/login", &fields).await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(3 * 86_400));
    browser.refresh().await.expect(StatusCode::OK);
    let session = browser.session().await.json();
    assert!(session["idle_ends_at"].is_null());
    assert_eq!(session["timers"]["idle_timeout_ms"], 0);
}

#[tokio::test]
async fn a_page_loaded_by_hand_is_a_human_act_and_one_loaded_by_a_script_is_none() {
    let app = app_with_user().await;
    let mut clicks = app.signed_in(EMAIL).await;
    let mut polls = app.signed_in(EMAIL).await;
    for _ in 0..2 {
        app.minutes(10);
        clicks.page("/settings/devices").await.expect(StatusCode::OK);
        let mut page = polls.request(Method::GET, "/settings/devices").body(Body::empty()).unwrap();
        page.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        polls.send(page).await;
        polls.get("/api/devices").await;
    }
    clicks.session().await.expect(StatusCode::OK);
    polls.refresh().await.signed_out("idle");
}

#[tokio::test]
async fn a_token_never_passes_for_longer_than_its_idle_end() {
    let app = TestApp::with(&[("session.access_ttl", "1h"), ("session.refresh_lead", "2m")]).await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    app.minutes(15);
    browser.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
}
