//! The refresh cookie standing in at `/auth/verify`: for how long, for whom, and that nothing rotates by it.

use axum::http::StatusCode;

use crate::{
    forward_auth::{CLICK, EMAIL, app_with, location, told, verify},
    test_app::{Browser, CHROME, PASSWORD, TestApp},
};

async fn generation(app: &TestApp) -> i64 {
    app.number("SELECT generation FROM sessions").await
}

/// Signed in with "remember me", so that no idle timeout ends it.
async fn remembered(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    let fields = [("email", EMAIL), ("password", PASSWORD), ("remember", "true")];
    browser.post("/api/login", &fields).await.expect(StatusCode::OK);
    browser
}

#[tokio::test]
async fn the_refresh_cookie_stands_in_for_one_more_life_and_then_the_way_leads_over_sign_in() {
    let app = app_with(&[("server.trusted_proxies", "203.0.113.7")]).await;
    let mut browser = remembered(&app).await;
    let asked = [("x-original-url", "http://localhost:3000/app/page?x=1")];
    app.minutes(16);
    browser.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    for _ in 0..3 {
        verify(&browser, &asked).await.expect(StatusCode::OK);
    }
    app.minutes(13);
    verify(&browser, &asked).await.expect(StatusCode::OK);
    app.settle().await;
    assert_eq!(generation(&app).await, 1, "verify rotates nothing");
    app.minutes(1);
    let refused = verify(&browser, &asked).await.refused(StatusCode::UNAUTHORIZED, "renew");
    let way = told(&refused, "x-auth-location").trim_start_matches("http://localhost:3000").to_owned();
    let back = browser.page(&way).await.expect(StatusCode::SEE_OTHER);
    assert_eq!(location(&back), "/app/page?x=1");
    assert_eq!(generation(&app).await, 2, "the way over sign-in does");
    verify(&browser, &asked).await.expect(StatusCode::OK);
    browser.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn nothing_stands_in_for_a_session_that_ended() {
    let app = app_with(&[]).await;
    let (idle, mut acting, kicked) = (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await, remembered(&app).await);
    app.minutes(10);
    verify(&acting, &CLICK).await.expect(StatusCode::OK);
    app.minutes(6);
    verify(&idle, &[]).await.signed_out("idle");
    verify(&acting, &[]).await.expect(StatusCode::OK);
    verify(&kicked, &[]).await.expect(StatusCode::OK);
    acting.refresh().await.expect(StatusCode::OK);
    acting.post("/api/devices/revoke_others", &[]).await.expect(StatusCode::OK);
    verify(&kicked, &[]).await.signed_out("revoked");
    app.execute("UPDATE users SET locked_at = 1").await;
    verify(&acting, &CLICK).await.expect(StatusCode::OK);
    app.minutes(10);
    verify(&acting, &[]).await.signed_out("locked");
}

#[tokio::test]
async fn a_predecessor_stands_in_while_its_successor_is_unused_and_never_ends_the_session() {
    let app = app_with(&[]).await;
    let mut browser = remembered(&app).await;
    app.minutes(13);
    let lost = browser.deliver(browser.form("/api/refresh", &[])).await.expect(StatusCode::OK);
    app.minutes(3);
    verify(&browser, &[]).await.expect(StatusCode::OK);
    verify(&browser.clone().using(CHROME), &[]).await.refused(StatusCode::UNAUTHORIZED, "renew");
    let former = browser.clone();
    browser.receive(&lost);
    browser.session().await.expect(StatusCode::OK);
    app.settle().await;
    verify(&former, &[]).await.refused(StatusCode::UNAUTHORIZED, "renew");
    browser.session().await.expect(StatusCode::OK);
    assert_eq!((generation(&app).await, app.audit("refresh_reuse").await), (2, 0));
}

#[tokio::test]
async fn a_refresh_token_stands_in_for_nobody_but_itself() {
    let app = app_with(&[]).await;
    let browser = remembered(&app).await;
    let ended = [("authorization", format!("Bearer {}", browser.cookie("__Host-access")))];
    app.minutes(16);
    let bearer = [(ended[0].0, ended[0].1.as_str())];
    verify(&browser, &bearer).await.refused(StatusCode::UNAUTHORIZED, "renew");
    let mut forged = browser.clone();
    let token = forged.cookie("__Host-refresh").to_owned();
    let last = if token.ends_with('A') { "E" } else { "A" };
    forged.cookies.insert("__Host-refresh".to_owned(), format!("{}{last}", &token[..token.len() - 1]));
    verify(&forged, &[]).await.signed_out("none");
    forged.cookies.insert("__Host-refresh".to_owned(), "x".to_owned());
    verify(&forged, &[]).await.expect(StatusCode::UNAUTHORIZED);
    let twice = [("cookie", "__Host-refresh=x")];
    verify(&browser, &twice).await.signed_out("none");
}
