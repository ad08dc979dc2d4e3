//! Forward authentication: what reverse proxies ask, and the way over sign-in and back.

use axum::http::{StatusCode, header};
use sekisho::domain::role::Role;

use crate::test_app::{Browser, PASSWORD, Reply, TestApp};

const EMAIL: &str = "hanako@example.com";

async fn app_with(settings: &[(&str, &str)]) -> TestApp {
    let app = TestApp::with(settings).await;
    app.user(EMAIL, Role::User).await;
    app
}

fn location(reply: &Reply) -> &str {
    reply.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
}

/// Signs in by a form without scripts; where that leads.
async fn sign_in_by_form(browser: &mut Browser, return_to: &str) -> String {
    let fields = [("email", EMAIL), ("password", PASSWORD), ("return_to", return_to), ("page", "/login")];
    let mut request = browser.form("/api/login", &fields);
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    let reply = browser.send(request).await.expect(StatusCode::SEE_OTHER);
    location(&reply).to_owned()
}

#[tokio::test]
async fn sign_in_leads_back_to_hosts_that_were_named_and_to_no_other() {
    let app = app_with(&[("server.return_hosts", "app.example.com, wiki.example.com:8443")]).await;
    for (asked, led) in [
        ("http://app.example.com/a?b=1&c=2", "http://app.example.com/a?b=1&c=2"),
        ("https://wiki.example.com:8443/", "https://wiki.example.com:8443/"),
        ("http://localhost:3000/app?x", "/app?x"),
        ("https://wiki.example.com/", "/"),
        ("https://app.example.com@evil.example/", "/"),
        ("https://evil.example/", "/"),
    ] {
        assert_eq!(sign_in_by_form(&mut app.browser(), asked).await, led, "{asked}");
        let fields = [("email", EMAIL), ("password", PASSWORD), ("return_to", asked)];
        let told = app.browser().post("/api/login", &fields).await.expect(StatusCode::OK).json();
        assert_eq!(told["return_to"], led, "{asked}, with scripts");
    }
}

#[tokio::test]
async fn the_sign_in_page_keeps_the_way_back_and_lets_its_form_lead_there() {
    let app = app_with(&[("server.return_hosts", "app.example.com")]).await;
    let page = app.browser().page("/login?return_to=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3D1").await;
    let page = page.expect(StatusCode::OK);
    assert!(page.text.contains(r#"name="return_to" value="https://app.example.com/a?b=1""#), "the form carries it");
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("form-action 'self' https://app.example.com http://app.example.com;"), "{policy}");
    let page = app.browser().page("/login?return_to=javascript%3Aalert(1)").await.expect(StatusCode::OK);
    assert!(!page.text.contains("javascript:alert"));
}

#[tokio::test]
async fn below_a_shared_domain_cookies_go_by_other_names_and_only_those_are_read() {
    let settings = [("server.public_url", "https://id.example.com"), ("server.cookie_domain", "example.com")];
    let app = app_with(&settings).await;
    let mut browser = app.browser();
    let reply = browser.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    assert_eq!(reply.set_cookies().len(), 3);
    for line in reply.set_cookies() {
        assert!(line.starts_with("__Secure-") && line.contains("; Secure") && line.contains("; Domain=example.com"));
    }
    browser.session().await.expect(StatusCode::OK);
    browser.post("/api/logout", &[]).await.expect(StatusCode::OK);
    assert!(!browser.cookies.contains_key("__Secure-access"), "they are taken back below the same domain");
    let mut signed_in = app.signed_in(EMAIL).await;
    signed_in.cookies =
        signed_in.cookies.iter().map(|(name, value)| (name.replace("__Secure-", "__Host-"), value.clone())).collect();
    signed_in.session().await.signed_out("none");
}
