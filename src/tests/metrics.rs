//! What the server counts of itself, and that it tells of nobody.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt as _;
use sekisho::{domain::role::Role, server::metrics};
use tower::ServiceExt as _;

use crate::test_app::{PASSWORD, RUNTIME, TestApp};

const EMAIL: &str = "hanako@example.com";

pub async fn told(app: &TestApp) -> String {
    let router = metrics::router(app.state.clone());
    let asked = RUNTIME.spawn(router.oneshot(Request::get("/metrics").body(Body::empty()).unwrap()));
    let response = asked.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn requests_sign_ins_refreshes_and_reuse_are_counted_by_outcome_and_nobody_is_named() {
    let app = TestApp::with(&[("metrics.addr", "127.0.0.1:0")]).await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let sid = browser.session_id().await;
    app.browser().sign_in(EMAIL, "a wrong teapot river").await.expect(StatusCode::UNAUTHORIZED);
    let mut thief = browser.clone();
    for _ in 0..2 {
        app.minutes(1);
        browser.refresh().await.expect(StatusCode::OK);
        browser.session().await.expect(StatusCode::OK);
        app.settle().await;
    }
    thief.refresh().await.signed_out("reuse");
    app.browser().get("/nobody-has-this-path").await;
    let told = told(&app).await;
    for line in [
        "sekisho_sign_ins_total{outcome=\"done\"} 1",
        "sekisho_sign_ins_total{outcome=\"refused\"} 1",
        "sekisho_refreshes_total{outcome=\"rotated\"} 2",
        "sekisho_refreshes_total{outcome=\"reused\"} 1",
        "sekisho_requests_total{route=\"/api/login\",status=\"200\"} 1",
        "sekisho_requests_total{route=\"/api/login\",status=\"401\"} 1",
        "sekisho_requests_total{route=\"other\",status=\"404\"} 1",
        "sekisho_revoked 1",
        "sekisho_hashing 0",
        "sekisho_feed_behind 0",
    ] {
        assert!(told.lines().any(|told| told == line), "{line} in\n{told}");
    }
    for secret in [EMAIL, PASSWORD, &sid, "203.0.113.7", "nobody-has"] {
        assert!(!told.contains(secret), "{secret}");
    }
    assert_eq!(app.browser().get("/metrics").await.status, StatusCode::NOT_FOUND, "on its own address only");
}

#[tokio::test]
async fn the_age_of_what_is_known_is_told() {
    let app = TestApp::start().await;
    app.minutes(1);
    assert!(told(&app).await.contains("sekisho_feed_age_seconds 60.0"));
}
