//! Guessing is slowed by account and address; the owner's own browser is not locked out by it.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::domain::role::Role;
use sqlx::ConnectOptions as _;

use crate::{
    test_app::{PASSWORD, TestApp},
    test_database::TestDatabase,
};

const EMAIL: &str = "hanako@example.com";
const WRONG: &str = "this is not the password";

#[tokio::test]
async fn after_five_failures_the_pair_waits_and_is_told_how_long() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.browser();
    for _ in 0..5 {
        browser.sign_in(EMAIL, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    for password in [WRONG, PASSWORD] {
        let reply = browser.sign_in(EMAIL, password).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
        assert_eq!(reply.json()["retry_after_secs"], 2);
        assert_eq!(reply.headers["retry-after"], "2");
    }
    app.advance(Duration::from_secs(2));
    browser.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_address_is_throttled_like_a_known_one() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        app.browser()
            .sign_in("nobody@example.com", WRONG)
            .await
            .refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.browser().sign_in("nobody@example.com", WRONG).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn another_spelling_is_the_same_account() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    for email in [EMAIL, "HANAKO@example.com", " hanako@example.com", "ｈanako@example.com", "Hanako@Example.com"] {
        app.browser().sign_in(email, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.browser().sign_in("hanakO@example.com", WRONG).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts() {
    let app = TestApp::start().await;
    for number in 0..100 {
        app.browser()
            .sign_in(&format!("user{number}@example.com"), WRONG)
            .await
            .refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.browser().sign_in("other@example.com", WRONG).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    app.browser()
        .from("198.51.100.9")
        .sign_in("other@example.com", WRONG)
        .await
        .refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
}

#[tokio::test]
async fn many_addresses_slow_an_account_but_not_its_owners_own_browser() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut owner = app.signed_in(EMAIL).await;
    for number in 0..50 {
        let attacker = app.browser().from(&format!("198.51.100.{number}"));
        attacker.clone().sign_in(EMAIL, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.browser().from("192.0.2.1").sign_in(EMAIL, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    owner.post("/api/logout", &[]).await.expect(StatusCode::OK);
    owner.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn guesses_made_at_once_do_not_slip_past_the_counter() {
    let app = TestApp::upon(TestDatabase::sqlite(), &[]).await;
    app.user(EMAIL, Role::User).await;
    // While nothing can be counted all pass the first look; the right one comes last.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(app.database.file());
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let guess = |password: &'static str| {
        let mut browser = app.browser();
        tokio::spawn(async move { browser.sign_in(EMAIL, password).await.status })
    };
    let wrong: Vec<_> = (0..39).map(|_| guess(WRONG)).collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let right = guess(PASSWORD);
    tokio::time::sleep(Duration::from_millis(200)).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    for guess in wrong {
        assert_ne!(guess.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(
        right.await.unwrap(),
        StatusCode::TOO_MANY_REQUESTS,
        "the right guess among forty at once is not let in"
    );
}

#[tokio::test]
async fn a_forwarding_header_of_a_stranger_changes_no_counter() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut last = StatusCode::OK;
    for number in 0..6 {
        let browser = app.browser();
        let mut request = browser.form("/api/login", &[("email", EMAIL), ("password", WRONG)]);
        request.headers_mut().insert("x-forwarded-for", format!("192.0.2.{number}").parse().unwrap());
        last = browser.deliver(request).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn asking_which_addresses_are_taken_has_a_price() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    app.browser().post("/api/register", &fields).await.refused(StatusCode::CONFLICT, "conflict");
    assert_eq!(app.number("SELECT count FROM throttles WHERE name LIKE 'register %'").await, 1);
}

#[tokio::test]
async fn one_address_cannot_ask_after_many() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.browser().post("/api/register", &[("email", EMAIL), ("password", PASSWORD)]).await.expect(StatusCode::CONFLICT);
    app.execute("UPDATE throttles SET count = 100 WHERE name LIKE 'register %'").await;
    let fields = [("email", "taro@example.com"), ("password", PASSWORD)];
    app.browser().post("/api/register", &fields).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    app.browser().from("198.51.100.9").post("/api/register", &fields).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_browser_that_one_account_knows_is_a_stranger_to_the_others() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user("taro@example.com", Role::User).await;
    let mut attacker = app.signed_in("taro@example.com").await;
    for number in 0..50 {
        let guessing = app.browser().from(&format!("198.51.100.{number}"));
        guessing.clone().sign_in(EMAIL, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    attacker.sign_in(EMAIL, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn a_known_browser_waits_after_five_failures_of_its_own_from_wherever() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let owner = app.signed_in(EMAIL).await;
    for number in 0..5 {
        let mut thief = owner.clone().from(&format!("198.51.100.{number}"));
        thief.sign_in(EMAIL, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    owner.clone().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    app.browser().sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
}

/// Or it would tell that it is the right one.
#[tokio::test]
async fn the_right_password_of_a_locked_account_counts_as_a_wrong_one() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.execute("UPDATE users SET locked_at = 1").await;
    for _ in 0..5 {
        app.browser().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.browser().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn who_guesses_at_the_current_password_waits_as_at_the_door() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let wrong = [("current_password", WRONG), ("new_password", "another teapot river 9")];
    for _ in 0..5 {
        browser.post("/api/password/change", &wrong).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    let right = [("current_password", PASSWORD), ("new_password", "another teapot river 9")];
    browser.post("/api/password/change", &right).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    app.browser().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}
