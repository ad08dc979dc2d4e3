//! Pages and scriptless forms: renewed in process, redirected where a script would navigate.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use sekisho::domain::role::Role;

use crate::test_app::{Browser, FIREFOX, PASSWORD, Reply, TestApp};

const EMAIL: &str = "hanako@example.com";

async fn submit(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut request: Request<Body> = browser.form(path, fields);
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    browser.send(request).await
}

fn location(reply: &Reply) -> &str {
    reply.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_page_whose_access_token_has_ended_is_renewed_without_a_redirect() {
    let app = TestApp::with(&[("session.access_ttl", "5m")]).await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let before = browser.cookies.clone();
    app.minutes(6);
    let page = browser.page("/settings/devices").await.expect(StatusCode::OK);
    assert!(page.text.contains("Firefox"), "the private content is in the first answer");
    assert_ne!(browser.cookies["__Host-access"], before["__Host-access"]);
    browser.session().await.expect(StatusCode::OK);
}

/// The title is written last, when what the page has read may be gone: seen only where many ask at once.
#[tokio::test]
async fn a_persons_page_has_their_name_for_its_title_however_many_ask() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::Admin).await;
    let name = app.text("SELECT display_name FROM users").await;
    let path = format!("/admin/users/{}", app.text("SELECT id FROM users").await);
    let browser = app.signed_in(EMAIL).await;
    let asking = (0..24).map(async |_| {
        let mut browser = browser.clone();
        for _ in 0..16 {
            let page = browser.page(&path).await.expect(StatusCode::OK);
            assert!(page.text.contains(&format!("<title>{name} ·")), "its name is the title");
        }
    });
    futures::future::join_all(asking).await;
}

#[tokio::test]
async fn a_signed_out_page_leads_to_sign_in_with_the_way_back_and_the_reason() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let reply = app.browser().page("/settings/devices").await;
    assert!(reply.status.is_redirection());
    assert!(location(&reply).starts_with("/login?") && location(&reply).contains("settings"), "{}", location(&reply));
    let mut browser = app.signed_in(EMAIL).await;
    app.minutes(20);
    let reply = browser.page("/settings/devices").await;
    assert!(location(&reply).contains("reason=idle"), "{}", location(&reply));
}

#[tokio::test]
async fn a_scriptless_sign_in_goes_to_the_page_asked_for_and_nowhere_else() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    for (return_to, expected) in [("/settings/devices", "/settings/devices"), ("//evil.example", "/"), ("", "/")] {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("return_to", return_to), ("page", "/login")];
        let reply = submit(&mut app.browser(), "/api/login", &fields).await.expect(StatusCode::SEE_OTHER);
        assert_eq!(location(&reply), expected);
        assert_eq!(reply.set_cookies().len(), 3);
    }
}

#[tokio::test]
async fn a_refused_scriptless_form_comes_back_to_its_page_with_a_code_only() {
    let app = TestApp::start().await;
    let fields = [("email", EMAIL), ("password", "wrong but long enough"), ("page", "/login")];
    let mut browser = app.browser();
    let reply = submit(&mut browser, "/api/login", &fields).await.expect(StatusCode::SEE_OTHER);
    let back = location(&reply).to_owned();
    assert!(back.starts_with("http://localhost:3000/login?"), "{back}");
    assert!(!back.contains("wrong") && !back.contains("hanako"), "{back}");
    let page = browser.page(back.trim_start_matches("http://localhost:3000")).await.expect(StatusCode::OK);
    assert!(page.text.contains("role=\"alert\""), "the page says what was wrong");
}

#[tokio::test]
async fn a_scriptless_form_that_succeeded_is_told_so_on_its_page() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    app.signed_in(EMAIL).await;
    let new = ("new_password", "another teapot river 9");
    // the page still carries what an earlier attempt came to
    let page = ("page", "/settings/security?__path=%2Fapi%2Fpassword%2Fchange&__err=x");
    let fields = [("current_password", PASSWORD), new, page];
    let reply = submit(&mut browser, "/api/password/change", &fields).await.expect(StatusCode::SEE_OTHER);
    let back = location(&reply).trim_start_matches("http://localhost:3000").to_owned();
    assert!(back.starts_with("/settings/security?") && !back.contains("__err"), "{back}");
    assert!(reply.text.is_empty());
    let page = browser.page(&back).await.expect(StatusCode::OK);
    assert!(page.text.contains("Your password was changed and one other session ended."));
    assert!(!browser.page("/settings/security").await.text.contains("Your password was changed"));
}

#[tokio::test]
async fn pages_name_the_password_length_that_is_configured() {
    let app = TestApp::with(&[("password.min_length", "20")]).await;
    let mut browser = app.browser();
    let page = browser.page("/register").await.expect(StatusCode::OK);
    assert!(page.text.contains("At least 20 characters") && page.text.contains("minlength=\"20\""));
    let fields = [("email", EMAIL), ("password", "sixteen letters!"), ("display_name", ""), ("page", "/register")];
    let reply = submit(&mut browser, "/api/register", &fields).await.expect(StatusCode::SEE_OTHER);
    let page = browser.page(location(&reply).trim_start_matches("http://localhost:3000")).await;
    assert!(page.text.contains("too short: at least 20 characters"));
}

#[tokio::test]
async fn the_audit_log_names_devices_in_words_and_the_system_where_it_acted() {
    let app = TestApp::start().await;
    app.user("admin@example.com", Role::Admin).await;
    let mut admin = app.signed_in("admin@example.com").await;
    let rows = admin.get("/api/admin/audit").await.expect(StatusCode::OK).json()["items"].clone();
    let row = |action: &str| rows.as_array().unwrap().iter().find(|row| row["action"] == action).unwrap().clone();
    assert_eq!(row("user_create")["actor"], "system");
    assert_eq!(row("sign_in")["actor"], "admin@example.com");
    assert_eq!(row("sign_in")["device"]["browser"], "Firefox");
    assert_eq!(row("sign_in")["user_agent"], FIREFOX);
    assert!(admin.page("/admin/audit").await.text.contains("Firefox on Linux"));
}

#[tokio::test]
async fn a_form_sent_after_the_access_token_ended_is_carried_out() {
    let app = TestApp::with(&[("session.access_ttl", "5m")]).await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let mut other = app.signed_in(EMAIL).await;
    app.minutes(6);
    let reply = submit(&mut browser, "/api/devices/revoke_others", &[("page", "/settings/devices")]).await;
    reply.expect(StatusCode::SEE_OTHER);
    other.refresh().await.signed_out("revoked");
    browser.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn every_page_answers_and_unknown_ones_say_so() {
    let app = TestApp::start().await;
    let id = app.user("admin@example.com", Role::Admin).await;
    let mut admin = app.signed_in("admin@example.com").await;
    for path in [
        "/",
        "/login",
        "/register",
        "/settings/devices",
        "/settings/security",
        "/settings/account",
        "/admin/users",
        &format!("/admin/users/{id}"),
        "/admin/audit",
    ] {
        let page = admin.page(path).await.expect(StatusCode::OK);
        assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
    admin.page("/no/such/page").await.expect(StatusCode::NOT_FOUND);
    let mut user = app.browser();
    app.user(EMAIL, Role::User).await;
    user.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    let refused = user.page("/admin/users").await.expect(StatusCode::FORBIDDEN);
    assert!(!refused.text.contains("admin@example.com"), "no one else's data reaches a user");
}

#[tokio::test]
async fn pages_speak_the_language_the_browser_asks_for() {
    let app = TestApp::start().await;
    for (language, mark) in [("ja,en;q=0.5", "lang=\"ja\""), ("en-GB,en", "lang=\"en\""), ("fr", "lang=\"en\"")] {
        let browser = app.browser();
        let mut request = browser.request(axum::http::Method::GET, "/login").body(Body::empty()).unwrap();
        request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        request.headers_mut().insert(header::ACCEPT_LANGUAGE, language.parse().unwrap());
        let page = browser.deliver(request).await;
        assert!(page.text.contains(mark), "{language}");
    }
}
