//! Registration, sign-in, sign-out, password change.

use axum::http::StatusCode;
use sekisho::domain::role::Role;

use crate::test_app::{PASSWORD, TestApp};

const EMAIL: &str = "hanako@example.com";

#[tokio::test]
async fn someone_registers_signs_out_and_signs_in_again() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let fields = [("email", " Hanako@Example.COM "), ("password", PASSWORD), ("display_name", "山田 花子")];
    browser.post("/api/register", &fields).await.expect(StatusCode::OK);
    let session = browser.session().await.expect(StatusCode::OK).json();
    assert_eq!(session["user"]["email"], EMAIL);
    assert_eq!(session["user"]["display_name"], "山田 花子");
    assert_eq!(session["user"]["role"], "user");
    assert_eq!(session["strategy"], "hybrid");
    browser.post("/api/logout", &[]).await.expect(StatusCode::OK);
    assert!(browser.cookie("__Host-access").is_empty() && browser.cookie("__Host-refresh").is_empty());
    browser.post("/api/logout", &[]).await.expect(StatusCode::OK);
    browser.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn every_token_of_a_signed_out_session_is_refused() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let mut replay = browser.clone();
    browser.post("/api/logout", &[]).await.expect(StatusCode::OK);
    replay.session().await.signed_out("none");
    replay.get("/auth/verify").await.signed_out("none");
    replay.refresh().await.signed_out("none");
}

#[tokio::test]
async fn unknown_address_wrong_password_and_locked_account_are_answered_alike() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user("locked@example.com", Role::User).await;
    app.execute("UPDATE users SET locked_at = 1 WHERE email = 'locked@example.com'").await;
    let mut replies = Vec::new();
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        (EMAIL, "another teapot river 9"),
        (EMAIL, ""),
        ("locked@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
    ] {
        let mut browser = app.browser();
        let reply = browser.sign_in(email, password).await;
        assert!(reply.set_cookies().is_empty());
        replies.push((reply.status, reply.text));
    }
    assert_eq!(replies[0], (StatusCode::UNAUTHORIZED, r#"{"code":"invalid_credentials"}"#.to_owned()));
    assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
}

/// So that the time it takes tells nobody which addresses have an account.
#[tokio::test]
async fn no_sign_in_is_refused_for_less_than_the_cost_of_a_hash() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user("locked@example.com", Role::User).await;
    app.execute("UPDATE users SET locked_at = 1 WHERE email = 'locked@example.com'").await;
    let mut browser = app.browser_without_hashing().await;
    for email in [EMAIL, "nobody@example.com", "locked@example.com", "no address", ""] {
        for password in [PASSWORD, "another teapot river 9", "", &"x".repeat(5000)] {
            browser.sign_in(email, password).await.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
        }
    }
}

#[tokio::test]
async fn a_second_account_of_one_address_is_a_conflict_in_any_spelling() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    for email in [EMAIL, "HANAKO@example.com", "ｈａｎａｋｏ@example.com"] {
        let fields = [("email", email), ("password", PASSWORD)];
        app.browser().post("/api/register", &fields).await.refused(StatusCode::CONFLICT, "conflict");
    }
}

#[tokio::test]
async fn what_registration_refuses_is_named_by_field_and_reason() {
    let app = TestApp::start().await;
    let long = "x".repeat(300);
    for (email, name, password, field, reason) in [
        ("nowhere", "", PASSWORD, "email", "not_an_address"),
        ("pаul@example.com", "", PASSWORD, "email", "not_an_address"),
        ("a@example.com", "", "short", "password", "too_short"),
        ("a@example.com", "", long.as_str(), "password", "too_long"),
        ("a@example.com", "", "passwordpassword", "password", "common"),
        ("a@example.com", "", "sekishosekisho1", "password", "personal"),
        ("hanakoyamada@example.com", "", "hanakoyamada123", "password", "personal"),
        ("taro@example.net", "Taro", "taro@example.net", "password", "personal"),
        ("a@example.com", long.as_str(), PASSWORD, "display_name", "too_long"),
    ] {
        let fields = [("email", email), ("password", password), ("display_name", name)];
        let reply = app.browser().post("/api/register", &fields).await;
        let reply = reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid").json();
        assert_eq!(
            (reply["field"].as_str().unwrap(), reply["reason"].as_str().unwrap()),
            (field, reason),
            "{email} {password}"
        );
    }
}

#[tokio::test]
async fn closed_registration_is_forbidden() {
    let app = TestApp::with(&[("registration", "closed")]).await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    app.browser().post("/api/register", &fields).await.refused(StatusCode::FORBIDDEN, "forbidden");
}

#[tokio::test]
async fn a_password_change_ends_every_other_session_and_keeps_this_one() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut here = app.signed_in(EMAIL).await;
    let mut other = app.signed_in(EMAIL).await;
    let stale = here.clone();
    let new = "another teapot river 9";
    let fields = [("current_password", PASSWORD), ("new_password", new)];
    let ended = here.post("/api/password/change", &fields).await.expect(StatusCode::OK).json();
    assert_eq!(ended["ended"], 1);
    here.session().await.expect(StatusCode::OK);
    other.session().await.signed_out("password");
    other.refresh().await.signed_out("password");
    // A second tab that still holds the former access token is told to renew, and can with what the jar holds by then.
    let mut tab = stale;
    tab.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    tab.cookies = here.cookies.clone();
    tab.refresh().await.expect(StatusCode::OK);
    tab.session().await.expect(StatusCode::OK);
    app.browser().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    app.browser().sign_in(EMAIL, new).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_password_change_needs_the_current_password_and_a_new_one_that_is_good() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let wrong = [("current_password", "not the password at all"), ("new_password", "another teapot river 9")];
    browser.post("/api/password/change", &wrong).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    let weak = [("current_password", PASSWORD), ("new_password", "short")];
    let reply = browser.post("/api/password/change", &weak).await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    assert_eq!(reply.json()["field"], "new_password");
    app.browser().sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    let anonymous = [("current_password", PASSWORD), ("new_password", "another teapot river 9")];
    app.browser().post("/api/password/change", &anonymous).await.signed_out("none");
}

#[tokio::test]
async fn a_hash_of_a_lower_cost_is_raised_at_sign_in() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let cheap = sekisho::server::crypto::password_hash::PasswordHasher::start(
        sekisho::server::crypto::password_hash::Cost { memory_kib: 32, passes: 1, lanes: 1 },
        1,
        app.state.rng.clone(),
    )
    .unwrap();
    let hash = cheap.hash(PASSWORD.to_owned().into()).await.unwrap();
    app.execute(&format!("UPDATE users SET password_hash = '{hash}'")).await;
    app.signed_in(EMAIL).await;
    let stored = app.text("SELECT password_hash FROM users").await;
    assert!(stored.contains("m=64,"), "{stored}");
    app.signed_in(EMAIL).await;
}

#[tokio::test]
async fn a_sign_in_ends_the_session_whose_cookies_came_with_it() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user("taro@example.com", Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let mut late = browser.clone();
    browser.sign_in("taro@example.com", PASSWORD).await.expect(StatusCode::OK);
    assert_eq!(browser.session().await.json()["user"]["email"], "taro@example.com");
    late.session().await.signed_out("none");
    late.refresh().await.signed_out("none");
}

#[tokio::test]
async fn a_registration_ends_the_session_whose_cookies_came_with_it() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let mut late = browser.clone();
    browser
        .post("/api/register", &[("email", "taro@example.com"), ("password", PASSWORD)])
        .await
        .expect(StatusCode::OK);
    late.session().await.signed_out("none");
    late.refresh().await.signed_out("none");
}

#[tokio::test]
async fn remembered_cookies_outlive_the_browser_and_others_do_not() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    for (remember, lasting) in [("true", true), ("on", true), ("", false)] {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("remember", remember)];
        let reply = app.browser().post("/api/login", &fields).await.expect(StatusCode::OK);
        let lines: Vec<_> = reply.set_cookies().into_iter().filter(|line| !line.starts_with("__Host-device")).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.contains("Max-Age") == lasting), "{remember}: {lines:?}");
    }
}

#[tokio::test]
async fn no_reply_carries_a_token_outside_its_cookies() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.browser();
    let reply = browser.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    let access = browser.cookie("__Host-access").to_owned();
    for text in [reply.text, browser.session().await.text, browser.page("/settings/devices").await.text] {
        assert!(!text.contains(&access) && !text.contains(browser.cookie("__Host-refresh")));
    }
}
