//! Other sites, odd bytes, headers: what may not get in, and what goes out with every reply.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use sekisho::domain::role::Role;

use crate::test_app::{Browser, PASSWORD, TestApp};

const EMAIL: &str = "hanako@example.com";

fn post_from(browser: &Browser, site: Option<&str>, origin: Option<&str>) -> Request<Body> {
    let mut request = browser.form("/api/logout", &[]);
    request.headers_mut().remove("sec-fetch-site");
    if let Some(site) = site {
        request.headers_mut().insert("sec-fetch-site", site.parse().unwrap());
    }
    if let Some(origin) = origin {
        request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn a_write_from_another_site_is_refused_and_written_down() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    for (site, origin, allowed) in [
        (Some("cross-site"), None, false),
        (Some("same-site"), None, false),
        (Some("cross-site"), Some("http://localhost:3000"), false),
        (None, Some("http://evil.example"), false),
        (None, Some("null"), false),
        (None, Some("http://localhost:3000.evil.example"), false),
        (None, Some("https://localhost:3000"), false),
        (None, None, false),
        (None, Some("http://localhost:3000"), true),
    ] {
        let reply = browser.deliver(post_from(&browser, site, origin)).await;
        let expected = if allowed { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(reply.status, expected, "{site:?} {origin:?}");
        if !allowed {
            assert_eq!(reply.json()["code"], "cross_site");
            browser.session().await.expect(StatusCode::OK);
        }
    }
    assert_eq!(app.audit("cross_site").await, 8);
}

#[tokio::test]
async fn a_sign_in_form_of_another_site_is_refused_too() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let browser = app.browser();
    let mut request = browser.form("/api/login", &[("email", EMAIL), ("password", PASSWORD)]);
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    browser.deliver(request).await.refused(StatusCode::FORBIDDEN, "cross_site");
}

#[tokio::test]
async fn every_reply_carries_the_security_headers() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    for path in [
        "/",
        "/login",
        "/api/session",
        "/api/none",
        "/healthz",
        "/no/such/page",
        "/.well-known/jwks.json",
        "/auth/verify",
    ] {
        let reply = browser.page(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(reply.headers.get(name).map(|value| value.to_str().unwrap()), Some(value), "{path} {name}");
        }
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-inline"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn each_page_has_a_nonce_of_its_own_and_no_inline_style() {
    let app = TestApp::start().await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let page = app.browser().page("/login").await.expect(StatusCode::OK);
        let policy = page.headers["content-security-policy"].to_str().unwrap().to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert_eq!(
            page.text.matches("<script").count(),
            page.text.matches(&format!("nonce=\"{nonce}\"")).count() - page.text.matches("modulepreload").count()
        );
        assert!(!page.text.contains(" style=") && !page.text.contains(" onclick="));
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn cookies_are_host_only_and_out_of_reach_of_scripts() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let reply = app.browser().sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    let mut lines: Vec<String> = reply
        .set_cookies()
        .into_iter()
        .map(|line| {
            assert!(line.split(';').next().unwrap().len() <= 4096);
            let (name, rest) = line.split_once('=').unwrap();
            format!("{name}=…;{}", rest.split_once(';').unwrap().1)
        })
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "__Host-access=…; HttpOnly; SameSite=Lax; Secure; Path=/",
            "__Host-device=…; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=34560000",
            "__Host-refresh=…; HttpOnly; SameSite=Lax; Secure; Path=/",
        ]
    );
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn two_cookies_of_one_name_are_no_credential() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let browser = app.signed_in(EMAIL).await;
    for name in ["__Host-access", "__Host-refresh"] {
        let mut request = browser.request(Method::GET, "/api/session").body(Body::empty()).unwrap();
        let line = format!("{name}=planted; {}", request.headers()[header::COOKIE].to_str().unwrap());
        request.headers_mut().insert(header::COOKIE, line.parse().unwrap());
        browser.deliver(request).await.signed_out("none");
    }
    let mut unprefixed = app.browser();
    unprefixed.cookies.insert("access".into(), browser.cookie("__Host-access").into());
    unprefixed.session().await.signed_out("none");
}

#[tokio::test]
async fn malformed_tokens_and_cookies_are_a_401_and_never_a_500() {
    let app = TestApp::start().await;
    for value in ["", "x", "a.b.c", "\"", "%00", "é", &"A".repeat(10_000), "eyJhbGciOiJub25lIn0.e30."] {
        for header_name in ["cookie", "authorization"] {
            let browser = app.browser();
            let mut request = browser.request(Method::GET, "/api/session").body(Body::empty()).unwrap();
            let line =
                if header_name == "cookie" { format!("__Host-access={value}; ;=;") } else { format!("Bearer {value}") };
            request.headers_mut().insert(header_name, axum::http::HeaderValue::from_bytes(line.as_bytes()).unwrap());
            let reply = browser.deliver(request).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{header_name} {value:.40}");
        }
    }
}

#[tokio::test]
async fn of_a_user_agent_no_more_is_kept_than_a_line() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.browser().using(&"x".repeat(5000)).sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    for table in ["SELECT user_agent FROM sessions", "SELECT device FROM audit WHERE action = 'sign_in'"] {
        assert_eq!(app.text(table).await.len(), 512, "{table}");
    }
}

#[tokio::test]
async fn a_bearer_token_is_taken_where_the_cookie_is() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let browser = app.signed_in(EMAIL).await;
    let program = app.browser();
    for path in ["/api/session", "/auth/verify"] {
        let mut request = program.request(Method::GET, path).body(Body::empty()).unwrap();
        let line = format!("Bearer {}", browser.cookie("__Host-access"));
        request.headers_mut().insert(header::AUTHORIZATION, line.parse().unwrap());
        program.deliver(request).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn odd_bodies_get_a_4xx_with_a_code() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let browser = app.signed_in(EMAIL).await;
    let send = |content_type: &'static str, body: Vec<u8>| {
        let browser = browser.clone();
        async move {
            let request = browser.request(Method::POST, "/api/login").header(header::CONTENT_TYPE, content_type);
            browser.deliver(request.body(Body::from(body)).unwrap()).await
        }
    };
    for (content_type, body, statuses) in [
        (FORM, b"email=a&email=b&password=x".to_vec(), vec![422]),
        (FORM, b"email[]=a&password[x]=y".to_vec(), vec![422, 401]),
        (FORM, b"\xff\xfe%ff=%zz".to_vec(), vec![422, 401]),
        (FORM, Vec::new(), vec![401]),
        (FORM, [b"password=".to_vec(), vec![b'a'; 1_000_000]].concat(), vec![413]),
        ("application/json", br#"{"email":7}"#.to_vec(), vec![401, 415, 422]),
        ("multipart/form-data", b"--x".to_vec(), vec![401, 415, 422]),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let reply = send(content_type, body).await;
        assert!(statuses.contains(&reply.status.as_u16()), "{shown}: {} {}", reply.status, reply.text);
        assert!(reply.json()["code"].is_string(), "{shown}: {}", reply.text);
    }
}

#[tokio::test]
async fn unused_methods_and_unknown_endpoints_are_refused_with_a_code() {
    let app = TestApp::start().await;
    let browser = app.browser();
    for (method, path, status) in [
        (Method::GET, "/api/login", 405),
        (Method::DELETE, "/api/session", 405),
        (Method::TRACE, "/api/session", 405),
        (Method::GET, "/api/no/such", 404),
        (Method::POST, "/api/", 404),
    ] {
        let reply = browser.deliver(browser.request(method.clone(), path).body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status.as_u16(), status, "{method} {path}: {}", reply.text);
        assert!(reply.json()["code"].is_string());
    }
}

#[tokio::test]
async fn the_public_keys_verify_what_was_signed() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let reply = browser.get("/.well-known/jwks.json").await.expect(StatusCode::OK);
    assert!(reply.headers[header::CACHE_CONTROL].to_str().unwrap().contains("max-age"));
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&reply.text).unwrap();
    let token = browser.cookie("__Host-access");
    let head = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(head.typ.as_deref(), Some("at+jwt"));
    let key = jsonwebtoken::DecodingKey::from_jwk(set.find(head.kid.as_deref().unwrap()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    validation.set_audience(&["http://localhost:3000"]);
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<serde_json::Value>(token, &key, &validation).unwrap().claims;
    let mut names: Vec<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "amr",
            "aud",
            "auth_time",
            "client_id",
            "exp",
            "gen",
            "iat",
            "idle_end",
            "iss",
            "jti",
            "proved_at",
            "role",
            "sid",
            "strategy",
            "sub",
            "uv"
        ]
    );
}

#[tokio::test]
async fn a_proxy_gets_one_of_four_answers_whatever_it_sends() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let browser = app.signed_in(EMAIL).await;
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let request = browser.request(method.parse().unwrap(), "/auth/verify").body(Body::empty()).unwrap();
        browser.deliver(request).await.expect(StatusCode::OK);
    }
    let huge = browser.request(Method::POST, "/auth/verify").header(header::CONTENT_LENGTH, 1 << 22);
    let reply = browser.deliver(huge.body(Body::from(vec![b'a'; 1 << 22])).unwrap()).await;
    assert!([200, 401, 403, 503].contains(&reply.status.as_u16()), "{}", reply.status);
}
