//! The rotation contract over HTTP: lost replies, two tabs, reuse, restarts.

use std::{collections::BTreeSet, time::Duration};

use axum::http::StatusCode;
use sekisho::domain::role::Role;

use crate::test_app::{Browser, CHROME, TestApp};

const EMAIL: &str = "hanako@example.com";

async fn app_with_user() -> TestApp {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app
}

fn refresh_cookie(browser: &Browser) -> String {
    browser.cookie("__Host-refresh").to_owned()
}

#[tokio::test]
async fn a_refresh_gives_a_new_access_token_and_the_successor() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    let before = browser.cookies.clone();
    app.minutes(13);
    let ends = browser.refresh().await.expect(StatusCode::OK).json();
    assert_ne!(browser.cookies["__Host-refresh"], before["__Host-refresh"]);
    assert_ne!(browser.cookies["__Host-access"], before["__Host-access"]);
    assert_eq!(ends["access_ends_at"].as_i64().unwrap() - ends["server_now"].as_i64().unwrap(), 900_000);
    browser.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_hundred_refreshes_of_one_token_at_once_make_one_successor() {
    let app = app_with_user().await;
    let browser = app.signed_in(EMAIL).await;
    app.minutes(13);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let mut tab = browser.clone();
            tokio::spawn(async move {
                tab.refresh().await.expect(StatusCode::OK);
                refresh_cookie(&tab)
            })
        })
        .collect();
    let mut successors = BTreeSet::new();
    for task in tasks {
        successors.insert(task.await.unwrap());
    }
    assert_eq!(successors.len(), 1);
    assert_eq!(app.number("SELECT generation FROM sessions").await, 2);
}

#[tokio::test]
async fn a_lost_reply_is_given_again_however_late() {
    let app = TestApp::with(&[("session.idle_timeout", "0")]).await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    app.minutes(13);
    let lost = browser.deliver(browser.form("/api/refresh", &[])).await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(86_400));
    let mut again = browser.clone();
    again.refresh().await.expect(StatusCode::OK);
    browser.receive(&lost);
    assert_eq!(refresh_cookie(&again), refresh_cookie(&browser));
    assert_eq!(app.audit("refresh_repeated_late").await, 1);
}

#[tokio::test]
async fn a_predecessor_comes_back_within_the_grace_although_its_successor_is_used() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    let mut slow_tab = browser.clone();
    app.minutes(13);
    browser.refresh().await.expect(StatusCode::OK);
    browser.session().await.expect(StatusCode::OK);
    app.settle().await;
    app.advance(Duration::from_secs(19));
    slow_tab.refresh().await.expect(StatusCode::OK);
    assert_eq!(refresh_cookie(&slow_tab), refresh_cookie(&browser));
}

#[tokio::test]
async fn reuse_ends_the_session_for_thief_and_owner_and_leaves_the_evidence() {
    let app = app_with_user().await;
    let mut owner = app.signed_in(EMAIL).await;
    let mut thief = owner.clone().from("198.51.100.9");
    app.minutes(13);
    owner.refresh().await.expect(StatusCode::OK);
    owner.session().await.expect(StatusCode::OK);
    app.settle().await;
    app.advance(Duration::from_secs(21));
    thief.refresh().await.signed_out("reuse");
    owner.session().await.signed_out("reuse");
    owner.refresh().await.signed_out("reuse");
    assert_eq!(app.text("SELECT address FROM audit WHERE action = 'refresh_reuse'").await, "198.51.100.9");
    let detail = app.text("SELECT detail FROM audit WHERE action = 'refresh_reuse'").await;
    assert!(detail.contains("203.0.113.7"), "{detail}");
    let mut next = app.signed_in(EMAIL).await;
    let devices = next.get("/api/devices").await.json();
    assert_eq!(devices["alarms"].as_array().unwrap().len(), 1, "the person is told");
}

#[tokio::test]
async fn a_token_two_generations_old_is_reuse_at_once() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    let mut oldest = browser.clone();
    for _ in 0..2 {
        app.advance(Duration::from_secs(30));
        browser.refresh().await.expect(StatusCode::OK);
    }
    oldest.refresh().await.signed_out("reuse");
}

#[tokio::test]
async fn a_repeat_from_another_kind_of_device_is_reuse() {
    let app = app_with_user().await;
    let browser = app.signed_in(EMAIL).await;
    let mut thief = browser.clone().using(CHROME);
    let mut owner = browser;
    app.minutes(13);
    owner.refresh().await.expect(StatusCode::OK);
    thief.refresh().await.signed_out("reuse");
}

#[tokio::test]
async fn a_session_rotates_at_most_once_per_grace() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    app.minutes(13);
    browser.refresh().await.expect(StatusCode::OK);
    let token = refresh_cookie(&browser);
    app.advance(Duration::from_secs(19));
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(refresh_cookie(&browser), token);
    app.advance(Duration::from_secs(1));
    browser.refresh().await.expect(StatusCode::OK);
    assert_ne!(refresh_cookie(&browser), token);
}

#[tokio::test]
async fn a_forged_or_foreign_token_is_unknown_and_ends_nothing() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    let real = refresh_cookie(&browser);
    let mut bytes = real.clone().into_bytes();
    let last = bytes.len() - 2;
    bytes[last] = if bytes[last] == b'A' { b'B' } else { b'A' };
    for forged in [String::from_utf8(bytes).unwrap(), "x".to_owned(), "A".repeat(75), real[..74].to_owned()] {
        let mut other = app.browser();
        other.cookies.insert("__Host-refresh".to_owned(), forged);
        other.refresh().await.signed_out("none");
        other.post("/api/logout", &[]).await.expect(StatusCode::OK);
    }
    browser.refresh().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_refresh_survives_a_restart_and_the_successor_is_the_same() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    app.minutes(13);
    let lost = browser.deliver(browser.form("/api/refresh", &[])).await.expect(StatusCode::OK);
    let app = app.restart().await;
    browser.router = app.router.clone();
    let mut retried = browser.clone();
    retried.refresh().await.expect(StatusCode::OK);
    browser.receive(&lost);
    assert_eq!(refresh_cookie(&retried), refresh_cookie(&browser));
    browser.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_refresh_never_extends_the_absolute_end() {
    let app = TestApp::with(&[("session.absolute_timeout", "1h"), ("session.idle_timeout", "0")]).await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    for _ in 0..5 {
        app.minutes(10);
        browser.refresh().await.expect(StatusCode::OK);
    }
    app.advance(Duration::from_secs(599));
    let ends = browser.refresh().await.expect(StatusCode::OK).json();
    assert_eq!(ends["access_ends_at"], ends["absolute_ends_at"]);
    app.advance(Duration::from_secs(1));
    browser.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    browser.refresh().await.signed_out("expired");
}

#[tokio::test]
async fn role_and_lock_are_read_afresh_at_every_refresh() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    app.execute("UPDATE users SET role = 'support'").await;
    app.minutes(13);
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(browser.session().await.json()["user"]["role"], "support");
    app.execute("UPDATE users SET locked_at = 1").await;
    app.minutes(1);
    browser.refresh().await.signed_out("locked");
}

#[tokio::test]
async fn a_refused_refresh_clears_no_cookie() {
    let app = app_with_user().await;
    let mut browser = app.signed_in(EMAIL).await;
    app.minutes(16);
    let reply = browser.refresh().await;
    assert_eq!(
        reply.set_cookies(),
        Vec::<String>::new(),
        "a late refusal must not take the cookies of a newer sign-in"
    );
    reply.signed_out("idle");
}
