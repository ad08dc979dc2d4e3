//! Forward authentication: what reverse proxies ask, and the way over sign-in and back.

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use sekisho::domain::role::Role;

use crate::{
    conformance::{self, ENDS, promising},
    test_app::{Browser, PASSWORD, Reply, TestApp},
};

pub const EMAIL: &str = "hanako@example.com";

pub async fn app_with(settings: &[(&str, &str)]) -> TestApp {
    let app = TestApp::with(settings).await;
    app.user(EMAIL, Role::User).await;
    app
}

pub fn location(reply: &Reply) -> &str {
    reply.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
}

/// What a proxy is told of a request with these headers besides.
pub async fn verify(browser: &Browser, headers: &[(&str, &str)]) -> Reply {
    let mut request = browser.request(Method::GET, "/auth/verify").body(Body::empty()).unwrap();
    for (name, value) in headers {
        let name = header::HeaderName::try_from(*name).unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let reply = browser.deliver(request).await;
    assert_eq!(reply.set_cookies(), Vec::<String>::new(), "a proxy is never given a cookie");
    reply
}

pub fn told<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// A click on a link, as a proxy hands it on.
pub const CLICK: [(&str, &str); 3] =
    [("sec-fetch-user", "?1"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

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

#[tokio::test]
async fn a_proxy_is_told_who_someone_is_and_which_cookies_are_not_ours() {
    for kind in conformance::kinds() {
        let app = conformance::app_of(&kind, &[]).await;
        let mut browser = app.signed_in(EMAIL).await;
        let me = browser.session().await.json();
        browser.cookies.insert("theme".to_owned(), "dark".to_owned());
        browser.cookies.insert("__Secure-access".to_owned(), "left".to_owned());
        browser.cookies.insert("session".to_owned(), "flask".to_owned());
        let reply = verify(&browser, &[("cookie", "lang=ja")]).await.expect(StatusCode::OK);
        assert_eq!(told(&reply, "x-auth-user"), me["user"]["id"]);
        assert_eq!(told(&reply, "x-auth-session"), me["session_id"]);
        assert_eq!(told(&reply, "x-auth-role"), "user");
        assert_eq!(told(&reply, "x-auth-cookie"), "session=flask; theme=dark; lang=ja");
    }
}

#[tokio::test]
async fn a_click_on_a_page_behind_a_proxy_is_a_human_act_and_a_poll_is_none() {
    for kind in promising(ENDS).into_iter().filter(|kind| kind.strategy.keeps_sessions()) {
        let app = conformance::app_of(&kind, &[]).await;
        let mut clicks = app.signed_in(EMAIL).await;
        let mut polls = app.signed_in(EMAIL).await;
        let framed = [("sec-fetch-user", "?1"), ("sec-fetch-dest", "iframe")];
        for _ in 0..2 {
            app.minutes(7);
            verify(&clicks, &CLICK).await.expect(StatusCode::OK);
            verify(&polls, &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")]).await.expect(StatusCode::OK);
            verify(&polls, &framed).await.expect(StatusCode::OK);
        }
        app.minutes(2);
        clicks.page("/settings/devices").await.expect(StatusCode::OK);
        clicks.session().await.expect(StatusCode::OK);
        assert_ne!(polls.page("/settings/devices").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn clicks_are_written_down_once_an_interval() {
    let app = app_with(&[]).await;
    let browser = app.signed_in(EMAIL).await;
    app.minutes(2);
    for _ in 0..2 {
        verify(&browser, &CLICK).await.expect(StatusCode::OK);
        app.execute("UPDATE sessions SET last_active_at = 1 WHERE last_active_at > 1").await;
    }
    assert_eq!(app.number("SELECT last_active_at FROM sessions").await, 1, "the second was within the interval");
}

#[tokio::test]
async fn a_refusal_says_where_sign_in_is_and_leads_back_from_there() {
    let settings = [("server.trusted_proxies", "203.0.113.7"), ("server.return_hosts", "app.example.com")];
    let app = app_with(&settings).await;
    let browser = app.browser();
    let asked = |host: &'static str, path: &'static str| {
        [("x-forwarded-proto", "https"), ("x-forwarded-host", host), ("x-forwarded-uri", path)]
    };
    let login = "http://localhost:3000/login";
    let back = format!("{login}?return_to=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3D1%26c%3D2");
    let reply = verify(&browser, &asked("app.example.com", "/a?b=1&c=2")).await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(told(&reply, "x-auth-location"), back);
    let reply = verify(&browser, &[("x-original-url", "https://app.example.com/a?b=1&c=2")]).await;
    assert_eq!(told(&reply, "x-auth-location"), back);
    for headers in [asked("evil.example", "/"), asked("app.example.com", "@evil.example/")] {
        assert_eq!(told(&verify(&browser, &headers).await, "x-auth-location"), login);
    }
    let stranger = browser.from("198.51.100.9");
    let reply = verify(&stranger, &asked("app.example.com", "/a")).await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(told(&reply, "x-auth-location"), login, "anyone can send these headers");
}

#[tokio::test]
async fn what_a_client_says_of_itself_or_of_the_address_admits_nobody_and_nobody_else() {
    let app = app_with(&[("server.trusted_proxies", "203.0.113.7")]).await;
    let mut browser = app.signed_in(EMAIL).await;
    let me = browser.session().await.json()["user"]["id"].clone();
    let spoofed = [
        ("x-auth-user", "admin"),
        ("x_auth_user", "admin"),
        ("x-auth-role", "admin"),
        ("remote-user", "admin"),
        ("x-forwarded-user", "admin"),
        ("x-forwarded-uri", "/auth/../public/healthz"),
        ("x-original-url", "/healthz"),
        ("x-rewrite-url", "/healthz"),
        ("x-http-method-override", "OPTIONS"),
    ];
    verify(&app.browser(), &spoofed).await.signed_out("none");
    let reply = verify(&browser, &spoofed).await.expect(StatusCode::OK);
    assert_eq!(reply.headers.get_all("x-auth-user").iter().count(), 1);
    assert!(told(&reply, "x-auth-user") == me && told(&reply, "x-auth-role") == "user");
}

#[tokio::test]
async fn who_is_signed_in_goes_straight_back_where_our_cookies_go_too() {
    let settings = [("server.return_hosts", "localhost:8080, app.example.com")];
    let app = app_with(&settings).await;
    let mut browser = app.signed_in(EMAIL).await;
    for (asked, led) in [
        ("%2Fsettings%2Fdevices", "/settings/devices"),
        ("http%3A%2F%2Flocalhost%3A8080%2Fa", "http://localhost:8080/a"),
    ] {
        let reply = browser.page(&format!("/login?return_to={asked}")).await.expect(StatusCode::SEE_OTHER);
        assert_eq!(location(&reply), led);
        app.browser().page(&format!("/login?return_to={asked}")).await.expect(StatusCode::OK);
    }
    for stays in [
        "/login",
        "/login?return_to=",
        "/login?return_to=%2Flogin",
        "/login?return_to=https%3A%2F%2Fapp.example.com%2F",
        "/login?return_to=https%3A%2F%2Fevil.example%2F",
    ] {
        browser.page(stays).await.expect(StatusCode::OK);
    }
    // What a form came to is read first.
    let mut form = browser.form("/api/login", &[("email", EMAIL), ("page", "/login?return_to=%2F")]);
    form.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    let refused = browser.send(form).await.expect(StatusCode::SEE_OTHER);
    let page = location(&refused).trim_start_matches("http://localhost:3000");
    assert!(page.contains("__err="), "{page}");
    browser.page(page).await.expect(StatusCode::OK);
}
