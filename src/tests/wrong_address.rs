//! Opened by another name or address than the public URL: the sign-in page and the refusal of a form say where the service is.

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use sekisho::domain::role::Role;
use serde_json::json;

use crate::{
    binary::Server,
    test_app::{PASSWORD, Reply, TestApp},
};

const EMAIL: &str = "hanako@example.com";
const ELSEWHERE: &str = "You have opened this service at another address than its own";

/// The sign-in page, asked for with these headers.
async fn sign_in_page(app: &TestApp, peer: &str, headers: &[(&'static str, &str)]) -> Reply {
    let browser = app.browser().from(peer);
    let mut request = browser.request(Method::GET, "/login?return_to=%2Fsettings").body(Body::empty()).unwrap();
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    browser.deliver(request).await.expect(StatusCode::OK)
}

#[tokio::test]
async fn the_sign_in_page_says_where_the_service_is_and_only_elsewhere() {
    let settings = [("server.public_url", "https://id.example.com"), ("server.trusted_proxies", "10.0.0.0/8")];
    let app = TestApp::with(&settings).await;
    for (peer, headers, elsewhere) in [
        ("203.0.113.7", vec![("host", "id.example.com")], false),
        ("203.0.113.7", vec![("host", "ID.example.com:443")], false),
        ("203.0.113.7", vec![("host", "192.168.1.5:3000")], true),
        ("203.0.113.7", vec![("host", "www.example.com")], true),
        ("203.0.113.7", vec![("host", "www.example.com"), ("x-forwarded-host", "id.example.com")], true),
        ("10.0.0.1", vec![("host", "sekisho:3000"), ("x-forwarded-host", "id.example.com, sekisho:3000")], false),
        ("10.0.0.1", vec![("host", "id.example.com"), ("x-forwarded-host", "www.example.com")], true),
    ] {
        let page = sign_in_page(&app, peer, &headers).await.text;
        assert_eq!(page.contains(ELSEWHERE), elsewhere, "{peer} {headers:?}");
        let link = "href=\"https://id.example.com/login?return%5Fto=%2Fsettings\"";
        assert_eq!(page.contains(link), elsewhere, "{peer} {headers:?}");
    }
}

#[tokio::test]
async fn the_refusal_of_a_form_says_where_the_service_is() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let browser = app.browser();
    for origin in ["http://192.168.1.5:3000", "http://127.0.0.1:3000", "null"] {
        let mut form = browser.form("/api/login", &[("email", EMAIL), ("password", PASSWORD)]);
        form.headers_mut().remove("sec-fetch-site");
        form.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        let told = browser.deliver(form).await.refused(StatusCode::FORBIDDEN, "cross_site").json();
        assert_eq!(told, json!({ "code": "cross_site", "public_url": "http://localhost:3000" }), "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_both_addresses_and_not_at_each_request() {
    let app = TestApp::start().await;
    let server = Server::start();
    for _ in 0..3 {
        let path = "/api/login HTTP/1.1\r\nSec-Fetch-Site: cross-site\r\nOrigin: http://192.168.1.5:3000\r\nX-Rest: ";
        server.ask(&app.browser(), "POST", path, "").refused(StatusCode::FORBIDDEN, "cross_site");
    }
    let log = server.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("http://192.168.1.5:3000")).collect();
    assert!(told.len() == 1 && told[0].contains("http://localhost:3000"), "{log}");
}
