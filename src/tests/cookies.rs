//! Cookies as they come and go: what a stranger planted, and what a page that nobody has asked for yet may not do.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use sekisho::domain::role::Role;

use crate::{
    conformance,
    forward_auth::{CLICK, verify},
    test_app::{Browser, PASSWORD, Reply, TestApp},
};

const EMAIL: &str = "hanako@example.com";
const OTHER: &str = "taro@example.com";

#[tokio::test]
async fn a_planted_device_cookie_never_comes_to_be_known() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user(OTHER, Role::User).await;
    let attacker = app.signed_in(OTHER).await;
    for planted in ["planted", attacker.cookie("__Host-device")] {
        let mut browser = app.browser();
        browser.cookies.insert("__Host-device".to_owned(), planted.to_owned());
        browser.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
        let drawn = browser.cookie("__Host-device").to_owned();
        assert_ne!(drawn, planted);
        browser.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
        assert_eq!(browser.cookie("__Host-device"), drawn, "a known one stays");
    }
}

#[tokio::test]
async fn a_name_that_only_looks_like_ours_signs_nobody_in_and_nobody_out() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let attacker = app.signed_in(EMAIL).await;
    let mut visitor = app.browser();
    for name in ["\u{2000}__Host-access", "\u{a0}__Host-refresh", "__Host-access\u{3000}"] {
        visitor.cookies.insert(name.to_owned(), attacker.cookie(name.trim()).to_owned());
    }
    visitor.session().await.signed_out("none");
    visitor.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    visitor.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn every_cookie_says_from_where_it_may_come_along() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.browser();
    let mut lines = browser.page("/login?lang=ja&theme=dark").await.expect(StatusCode::OK).set_cookies();
    lines.extend(browser.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK).set_cookies());
    lines.extend(browser.post("/api/logout", &[]).await.expect(StatusCode::OK).set_cookies());
    let names: BTreeSet<_> = lines.iter().filter_map(|line| line.split('=').next()).collect();
    assert!(names.contains("locale") && names.contains("theme") && names.contains("__Host-refresh"), "{names:?}");
    for line in lines {
        assert!(line.contains("; SameSite=Lax"), "{line}");
    }
}

async fn ahead(browser: &Browser, path: &str, purpose: (&'static str, &str)) -> Reply {
    let mut request = browser.request(Method::GET, path).body(Body::empty()).unwrap();
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    for (name, value) in CLICK.into_iter().chain([purpose]) {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    browser.deliver(request).await
}

const AHEAD: [(&str, &str); 4] = [
    ("sec-purpose", "prefetch"),
    ("sec-purpose", "prefetch;prerender"),
    ("purpose", "prefetch"),
    ("x-moz", "prefetch"),
];

#[tokio::test]
async fn a_page_fetched_ahead_sets_no_cookie_and_moves_no_idle_end() {
    for kind in conformance::kinds().into_iter().filter(|kind| kind.strategy.keeps_sessions()) {
        let app = conformance::app_of(&kind, &[("session.update_age", "0")]).await;
        let browser = app.signed_in(EMAIL).await;
        let idle_end = "SELECT idle_end_at FROM sessions";
        let before = app.number(idle_end).await;
        app.minutes(3);
        for purpose in AHEAD {
            for path in ["/settings/devices", "/login?lang=ja&theme=dark"] {
                let reply = ahead(&browser, path, purpose).await.expect(StatusCode::OK);
                assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{kind:?} {purpose:?} {path}");
            }
            verify(&browser, &[&CLICK[..], &[purpose]].concat()).await.expect(StatusCode::OK);
        }
        assert_eq!(app.number(idle_end).await, before, "{kind:?}");
    }
}

#[tokio::test]
async fn a_page_fetched_ahead_renews_nothing_and_is_thrown_away() {
    let app = TestApp::with(&[("session.access_ttl", "5m")]).await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let generation = "SELECT generation FROM sessions";
    let before = app.number(generation).await;
    app.minutes(6);
    let reply = ahead(&browser, "/settings/devices", AHEAD[0]).await.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.set_cookies(), Vec::<String>::new());
    assert_eq!(app.number(generation).await, before);
    browser.page("/settings/devices").await.expect(StatusCode::OK);
    assert_eq!(app.number(generation).await, before + 1);
}
