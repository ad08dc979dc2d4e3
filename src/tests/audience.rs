//! Tokens for the programs behind a proxy.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::{
    conformance::{EMAIL, app_of, kinds},
    forward_auth::told,
    test_app::{Browser, Reply, TestApp},
};

const NAMES: [(&str, &str); 1] = [("server.audiences", "wiki, https://app.example.com")];

async fn ask(browser: &Browser, query: &str) -> Reply {
    let request = browser.request(Method::GET, &format!("/auth/verify?{query}"));
    browser.deliver(request.body(Body::empty()).unwrap()).await
}

async fn token_for(browser: &Browser, name: &str) -> String {
    let reply = ask(browser, &format!("aud={name}")).await.expect(StatusCode::OK);
    told(&reply, "authorization").strip_prefix("Bearer ").unwrap().to_owned()
}

fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

async fn app() -> TestApp {
    app_of(&kinds()[2], &NAMES).await
}

#[tokio::test]
async fn a_program_gets_a_token_of_its_own_that_lives_no_longer_than_an_access_token() {
    for kind in kinds() {
        let app = app_of(&kind, &NAMES).await;
        let mut browser = app.signed_in(EMAIL).await;
        let me = browser.session().await.json();
        app.minutes(1);
        let token = token_for(&browser, "https%3A%2F%2Fapp.example.com").await;
        let said = claims(&token);
        assert_eq!(said["aud"], "https://app.example.com");
        assert_eq!((&said["sub"], &said["sid"]), (&me["user"]["id"], &me["session_id"]));
        let left = said["exp"].as_i64().unwrap() - app.state.clock.now().as_secs();
        let most = if kind.strategy.rotates() { 14 * 60 } else { 15 * 60 };
        assert_eq!(left, most, "{kind:?}");
        assert_eq!(token_for(&browser, "https%3A%2F%2Fapp.example.com").await, token, "it is signed once");
        assert_eq!(claims(&token_for(&browser, "wiki").await)["aud"], "wiki");
    }
}

#[tokio::test]
async fn a_new_access_token_brings_a_new_one_and_a_stale_one_is_not_kept() {
    let app = app().await;
    let mut browser = app.signed_in(EMAIL).await;
    let first = token_for(&browser, "wiki").await;
    app.minutes(13);
    browser.refresh().await.expect(StatusCode::OK);
    let second = token_for(&browser, "wiki").await;
    assert_ne!(first, second);
    assert_eq!(claims(&second)["gen"], 2);
}

#[tokio::test]
async fn nothing_of_ours_takes_a_token_for_another_audience() {
    for kind in kinds() {
        let app = app_of(&kind, &NAMES).await;
        let browser = app.signed_in(EMAIL).await;
        let bearer = format!("Bearer {}", token_for(&browser, "wiki").await);
        let stranger = app.browser();
        for (method, path) in [
            (Method::GET, "/api/session"),
            (Method::GET, "/api/devices"),
            (Method::POST, "/api/touch"),
            (Method::GET, "/auth/verify"),
            (Method::GET, "/auth/verify?aud=wiki"),
        ] {
            let request = stranger.request(method, path).header("authorization", &bearer);
            stranger.deliver(request.body(Body::empty()).unwrap()).await.signed_out("none");
        }
        let mut planted = app.browser();
        for name in ["__Host-access", "__Host-session", "__Host-refresh"] {
            planted.cookies.insert(name.to_owned(), bearer.trim_start_matches("Bearer ").to_owned());
            assert_eq!(planted.session().await.status, StatusCode::UNAUTHORIZED);
            planted.cookies.clear();
        }
    }
}

#[tokio::test]
async fn an_audience_that_was_not_configured_is_refused_whoever_asks() {
    let app = app().await;
    let browser = app.signed_in(EMAIL).await;
    for query in ["aud=other", "aud=", "aud", "aud=wiki&aud=wiki", "aud=wiki%00", "aud=WIKI"] {
        for asks in [&browser, &app.browser()] {
            ask(asks, query).await.refused(StatusCode::FORBIDDEN, "forbidden");
        }
    }
    let reply = ask(&browser, "x=y").await.expect(StatusCode::OK);
    assert_eq!(told(&reply, "authorization"), "");
    ask(&app.browser(), "aud=wiki").await.signed_out("none");
}
