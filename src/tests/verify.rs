//! What `/auth/verify` tells beyond who someone is, whom it lets in, and whose tokens it heeds.

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sekisho::domain::role::Role;

use crate::{
    conformance,
    forward_auth::{EMAIL, app_with, told, verify},
    test_app::{Browser, PASSWORD, Reply, TestApp},
};

async fn ask(browser: &Browser, query: &str) -> Reply {
    let request = browser.request(Method::GET, &format!("/auth/verify{query}")).body(Body::empty()).unwrap();
    browser.deliver(request).await
}

#[tokio::test]
async fn a_program_is_told_of_a_user_what_the_operator_named() {
    for kind in conformance::kinds() {
        let app = conformance::app_of(&kind, &[("forward_auth.headers", "email, name")]).await;
        app.execute("UPDATE users SET display_name = '山田 花子'").await;
        let browser = app.signed_in(EMAIL).await;
        let reply = verify(&browser, &[]).await.expect(StatusCode::OK);
        assert_eq!(told(&reply, "x-auth-email"), EMAIL, "{kind:?}");
        assert_eq!(told(&reply, "x-auth-name"), "UTF-8''%E5%B1%B1%E7%94%B0%20%E8%8A%B1%E5%AD%90", "{kind:?}");
        assert_eq!(told(&reply, "x-auth-aal"), "1", "{kind:?}");
    }
    let app = app_with(&[]).await;
    let reply = verify(&app.signed_in(EMAIL).await, &[]).await.expect(StatusCode::OK);
    assert_eq!((told(&reply, "x-auth-email"), told(&reply, "x-auth-name"), told(&reply, "x-auth-aal")), ("", "", "1"));
}

/// With the table gone, a query would be a 503.
#[tokio::test]
async fn what_is_told_needs_no_query_while_it_is_known() {
    let app = app_with(&[("forward_auth.headers", "email, name")]).await;
    let browser = app.signed_in(EMAIL).await;
    app.execute("ALTER TABLE sessions RENAME TO away").await;
    let reply = verify(&browser, &[]).await.expect(StatusCode::OK);
    assert_eq!(told(&reply, "x-auth-email"), EMAIL);
    app.execute("ALTER TABLE away RENAME TO sessions").await;
}

#[tokio::test]
async fn who_has_none_of_the_roles_is_forbidden_and_who_has_one_is_not() {
    let app = app_with(&[]).await;
    app.user("support@example.com", Role::Support).await;
    let (user, support) = (app.signed_in(EMAIL).await, app.signed_in("support@example.com").await);
    for (query, of_user, of_support) in [
        ("?role=user", StatusCode::OK, StatusCode::FORBIDDEN),
        ("?role=support", StatusCode::FORBIDDEN, StatusCode::OK),
        ("?role=admin&role=support", StatusCode::FORBIDDEN, StatusCode::OK),
        ("?role=wizard", StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
        ("?role=%00%ff&role=", StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
    ] {
        assert_eq!(
            (ask(&user, query).await.status, ask(&support, query).await.status),
            (of_user, of_support),
            "{query}"
        );
        let nobody = ask(&app.browser(), query).await.expect(StatusCode::UNAUTHORIZED);
        assert!(!told(&nobody, "x-auth-location").is_empty(), "{query}");
    }
}

#[tokio::test]
async fn a_bearer_that_is_not_ours_hides_no_cookies_and_one_that_is_decides() {
    for kind in conformance::kinds() {
        let app = conformance::app_of(&kind, &[("server.audiences", "app")]).await;
        let browser = app.signed_in(EMAIL).await;
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let foreign =
            format!("Bearer {}.{}.c2ln", part(r#"{"alg":"RS256","kid":"1"}"#), part(r#"{"iss":"https://x"}"#));
        let forged = format!("Bearer {}.{}.c2ln", part("{}"), part(r#"{"iss":"http://localhost:3000"}"#));
        for bearer in ["Bearer sk-live-0123456789", "Bearer ", &foreign] {
            verify(&browser, &[("authorization", bearer)]).await.expect(StatusCode::OK);
            verify(&app.browser(), &[("authorization", bearer)]).await.signed_out("none");
        }
        verify(&browser, &[("authorization", &forged)]).await.expect(StatusCode::UNAUTHORIZED);
        let minted = ask(&browser, "?aud=app").await.expect(StatusCode::OK);
        let minted = told(&minted, "authorization").to_owned();
        verify(&browser, &[("authorization", &minted)]).await.expect(StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn elsewhere_a_bearer_decides_whosever_it_is() {
    let app = app_with(&[]).await;
    let browser = app.signed_in(EMAIL).await;
    let mut request = browser.request(Method::GET, "/api/session").body(Body::empty()).unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, "Bearer sk-live-0123456789".parse().unwrap());
    browser.deliver(request).await.expect(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_scheme_of_a_bearer_is_read_in_any_case() {
    let app = app_with(&[]).await;
    let browser = app.signed_in(EMAIL).await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let ours = format!("{scheme} {}", browser.cookies["__Host-access"]);
        verify(&app.browser(), &[("authorization", &ours)]).await.expect(StatusCode::OK);
    }
    let unnamed = format!("Bearers {}", browser.cookies["__Host-access"]);
    verify(&app.browser(), &[("authorization", &unnamed)]).await.expect(StatusCode::UNAUTHORIZED);
}

async fn submit(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> String {
    let mut request = browser.form(path, fields);
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    let reply = browser.send(request).await.expect(StatusCode::SEE_OTHER);
    told(&reply, "location").to_owned()
}

/// Of 8 KiB, each byte of which has to be escaped as often as it is carried on.
#[tokio::test]
async fn the_longest_way_back_goes_through_sign_in_and_one_longer_ends_at_home() {
    let settings = [("server.trusted_proxies", "203.0.113.7"), ("server.return_hosts", "app.example.com")];
    let app = app_with(&settings).await;
    let host = "https://app.example.com";
    for (length, kept) in [(8 * 1024, true), (8 * 1024 + 1, false)] {
        let path = format!("/?{}", "&".repeat(length - host.len() - 2));
        let asked =
            [("x-forwarded-proto", "https"), ("x-forwarded-host", "app.example.com"), ("x-forwarded-uri", &path)];
        let reply = verify(&app.browser(), &asked).await.expect(StatusCode::UNAUTHORIZED);
        let login = told(&reply, "x-auth-location").trim_start_matches("http://localhost:3000").to_owned();
        assert_eq!(login.contains("return_to"), kept);
        let mut browser = app.browser();
        let back = format!("{host}{path}");
        let page = browser.page(&login).await.expect(StatusCode::OK);
        assert_eq!(page.text.contains(&back) || page.text.contains(&back.replace('&', "&amp;")), kept);
        let fields = [("email", EMAIL), ("password", "not the right one"), ("return_to", &back), ("page", &login)];
        let refused = submit(&mut browser, "/api/login", &fields).await;
        assert!(refused.starts_with("http://localhost:3000/login?") && refused.contains("return_to") == kept);
        let fields = [("email", EMAIL), ("password", PASSWORD), ("return_to", &back), ("page", &login)];
        assert_eq!(submit(&mut browser, "/api/login", &fields).await, if kept { &back } else { "/" });
    }
}

#[tokio::test]
async fn a_program_leads_to_a_page_that_asks_and_back_from_there() {
    let app = app_with(&[("server.return_hosts", "app.example.com")]).await;
    let bye = "https://app.example.com/bye?x=1";
    let path = "/logout?return_to=https%3A%2F%2Fapp.example.com%2Fbye%3Fx%3D1";
    let mut browser = app.signed_in(EMAIL).await;
    let page = browser.page(path).await.expect(StatusCode::OK);
    assert!(page.text.contains(r#"action="/api/logout""#) && page.text.contains(&format!("value=\"{bye}\"")));
    assert!(page.text.contains("You are signed in as Test."));
    let policy = told(&page, "content-security-policy").to_owned();
    assert!(policy.contains("form-action 'self' https://app.example.com"), "{policy}");
    browser.session().await.expect(StatusCode::OK);
    let fields = [("return_to", bye), ("page", path)];
    assert_eq!(submit(&mut browser, "/api/logout", &fields).await, bye);
    browser.session().await.signed_out("none");
    assert!(browser.page(path).await.expect(StatusCode::OK).text.contains("You are not signed in on this device."));
    assert_eq!(submit(&mut browser, "/api/logout", &fields).await, bye, "also where there is nothing to end");
}

#[tokio::test]
async fn sign_out_leads_nowhere_else() {
    let app = app_with(&[("server.return_hosts", "app.example.com")]).await;
    for (asked, led) in [
        ("/settings/devices", "/settings/devices"),
        ("", "/login"),
        ("https://evil.example/", "/login"),
        ("//evil.example/", "/login"),
        ("/logout?return_to=/logout", "/login"),
        ("javascript:alert(1)", "/login"),
    ] {
        let mut browser = app.signed_in(EMAIL).await;
        let fields = [("return_to", asked), ("page", "/logout")];
        assert_eq!(submit(&mut browser, "/api/logout", &fields).await, led, "{asked}");
        browser.session().await.signed_out("none");
    }
}

#[tokio::test]
async fn hosts_below_a_shared_domain_are_led_back_to_by_a_star() {
    let settings = [
        ("server.public_url", "https://id.example.com"),
        ("server.cookie_domain", "example.com"),
        ("server.return_hosts", "*.example.com"),
    ];
    let app: TestApp = app_with(&settings).await;
    for (asked, led) in [
        ("https://wiki.example.com/x", "https://wiki.example.com/x"),
        ("https://a.b.example.com/", "https://a.b.example.com/"),
        ("https://example.com/", "/"),
        ("https://evil.example/.example.com", "/"),
    ] {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("return_to", asked), ("page", "/login")];
        assert_eq!(submit(&mut app.browser(), "/api/login", &fields).await, led, "{asked}");
    }
}
