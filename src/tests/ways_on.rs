//! Where forms lead to: after a session that ended, after a sign-out, and where an invitation meets somebody who is signed in.

use axum::http::{StatusCode, header};
use sekisho::domain::role::Role;

use crate::test_app::{Browser, PASSWORD, Reply, TestApp};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";

/// Sends a form as a browser without scripts does.
async fn submit(browser: &mut Browser, path: &str, fields: &[(&str, &str)], referer: Option<&str>) -> Reply {
    let mut request = browser.form(path, fields);
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    if let Some(referer) = referer {
        request.headers_mut().insert(header::REFERER, referer.parse().unwrap());
    }
    browser.send(request).await.expect(StatusCode::SEE_OTHER)
}

fn led(reply: &Reply) -> String {
    reply.headers[header::LOCATION].to_str().unwrap().trim_start_matches("http://localhost:3000").to_owned()
}

/// Follows redirects to a page, which must be one.
async fn followed(browser: &mut Browser, reply: Reply) -> (String, Reply) {
    let mut to = led(&reply);
    for _ in 0..5 {
        let reply = browser.page(&to).await;
        if !reply.status.is_redirection() {
            assert_eq!(reply.status, StatusCode::OK, "{to}");
            assert!(reply.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{to}");
            return (to, reply);
        }
        to = led(&reply);
    }
    panic!("led round and round: {to}")
}

#[tokio::test]
async fn a_form_whose_session_ended_leads_to_sign_in_and_then_to_its_page() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    for (endpoint, page, referer, back) in [
        ("/api/account/update", "/settings/account", None, "/settings/account"),
        ("/api/password/change", "/settings/security", None, "/settings/security"),
        ("/api/devices/revoke_others", "/settings/devices", None, "/settings/devices"),
        ("/api/admin/kick_user", "/admin/users?query=a", None, "/admin/users?query=a"),
        ("/api/admin/webhooks/create", "/admin/webhooks", None, "/admin/webhooks"),
        ("/api/account/update", "", Some("http://localhost:3000/settings/account"), "/settings/account"),
        // What answers no GET with a page is no way back, whoever names it.
        (
            "/api/account/update",
            "/settings/account",
            Some("http://localhost:3000/api/account/update"),
            "/settings/account",
        ),
        ("/api/account/update", "/api/account/update", None, "/"),
        ("/api/account/update", "/x/../api/account/update", None, "/"),
        ("/api/account/update", "/auth/verify", None, "/"),
        ("/api/account/update", "", None, "/"),
    ] {
        let mut browser = app.signed_in(ADMIN).await;
        app.execute("UPDATE sessions SET ended_at = 1, end_reason = 'kicked'").await;
        browser.cookies.remove("__Host-access");
        let reply = submit(&mut browser, endpoint, &[("page", page)], referer).await;
        let (at, shown) = followed(&mut browser, reply).await;
        if back == "/" {
            assert_eq!(at, "/", "{endpoint} {page}");
            continue;
        }
        assert!(at.starts_with("/login?return_to="), "{endpoint} {page}: {at}");
        let asked =
            shown.text.split("name=\"return_to\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let fields = [("email", ADMIN), ("password", PASSWORD), ("return_to", asked.as_str())];
        let reply = submit(&mut browser, "/api/login", &fields, None).await;
        let (at, _) = followed(&mut browser, reply).await;
        assert_eq!(at, back, "{endpoint} {page}");
    }
}

#[tokio::test]
async fn sign_in_leads_back_to_nothing_that_is_no_page() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    for asked in
        ["/api/logout", "/settings/../api/logout", "/%2e/api/session", "/events", "/auth/verify", "/pkg/x", "/healthz"]
    {
        let mut browser = app.browser();
        let fields = [("email", EMAIL), ("password", PASSWORD), ("return_to", asked)];
        assert_eq!(led(&submit(&mut browser, "/api/login", &fields, None).await), "/", "{asked}");
    }
    let mut browser = app.browser();
    let fields = [("email", EMAIL), ("password", PASSWORD), ("return_to", "/settings/security#password")];
    assert_eq!(led(&submit(&mut browser, "/api/login", &fields, None).await), "/settings/security#password");
}

#[tokio::test]
async fn an_invitation_opened_by_somebody_signed_in_says_as_whom_and_asks() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let mut admin = app.signed_in(ADMIN).await;
    let given = admin.post("/api/admin/invite", &[("role", "user")]).await.expect(StatusCode::OK).json();
    let link = given["link"].as_str().unwrap().trim_start_matches("http://localhost:3000").to_owned();
    let mut browser = app.signed_in(EMAIL).await;
    let page = browser.page(&link).await.expect(StatusCode::OK).text;
    assert!(page.contains("You are signed in as Test (hanako@example.com)"), "{page}");
    assert!(!page.contains("action=\"/api/register\""), "no account is made over their heads");
    assert!(page.contains("Sign out and go on") && page.contains("Stay signed in"));
    browser.session().await.expect(StatusCode::OK);
    let named = page.split("name=\"return_to\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(named.replace("%2D", "-").replace("%5F", "_"), link);
    let reply = submit(&mut browser, "/api/logout", &[("return_to", named)], None).await;
    let (at, shown) = followed(&mut browser, reply).await;
    assert_eq!(at, named);
    assert!(shown.text.contains("action=\"/api/register\"") && shown.text.contains("You have been invited."));
    browser.session().await.signed_out("none");
}

#[tokio::test]
async fn a_sign_out_leads_to_sign_in_or_to_a_page_it_may_lead_to() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    for (asked, to) in
        [("", "/login"), ("/register", "/register"), ("https://evil.example/", "/login"), ("/api/x", "/login")]
    {
        let mut browser = app.signed_in(EMAIL).await;
        assert_eq!(led(&submit(&mut browser, "/api/logout", &[("return_to", asked)], None).await), to, "{asked}");
    }
}
