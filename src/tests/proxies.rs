//! The shipped files in docs/ under the real proxies: over sign-in and through, and what never gets through.

use axum::http::{StatusCode, header};

use crate::{
    proxied_site::{EMAIL, Kind, PAGE, SCRIPT, Site},
    test_app::{PASSWORD, Reply},
};

fn location(reply: &Reply) -> String {
    reply.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap()).to_owned()
}

/// The path of an address on one of the hosts, as this test writes it.
fn place(address: &str, port: u16) -> String {
    address.trim_start_matches("http://").replace(&format!(".sekisho.localhost:{port}"), "")
}

fn register(site: &Site) {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", EMAIL), ("password", PASSWORD), ("display_name", "Hanako")])
        .finish();
    site.visitor().send("POST", "id/api/register", &[("Accept", "application/json")], &form).expect(StatusCode::OK);
}

#[test]
fn behind_a_proxy_one_is_led_to_sign_in_and_through_and_a_kick_ends_it() {
    for kind in [Kind::Nginx, Kind::Caddy] {
        let Some(site) = Site::start(kind) else { continue };
        register(&site);
        let mut visitor = site.visitor();
        visitor.get("app/notes", &SCRIPT).expect(StatusCode::UNAUTHORIZED);
        let sent = visitor.get("app/notes?a=1&b=2", &PAGE).expect(StatusCode::FOUND);
        let sign_in = place(&location(&sent), site.port);
        assert!(sign_in.starts_with("id/login?return_to=http%3A%2F%2Fapp."), "{kind:?}: {sign_in}");
        let page = visitor.get(&sign_in, &PAGE).expect(StatusCode::OK);
        let back = format!("http://app.sekisho.localhost:{}/notes?a=1&b=2", site.port);
        assert!(page.text.contains(&back) || page.text.contains(&back.replace('&', "&amp;")), "{}", page.text);
        let back = location(&visitor.sign_in(&back).expect(StatusCode::SEE_OTHER));
        assert_eq!(place(&back, site.port), "app/notes?a=1&b=2");
        let seen = visitor.get("app/notes?a=1&b=2", &PAGE).expect(StatusCode::OK).text;
        for told in ["get /notes?a=1&b=2 ", "\nx-auth-role: user", "\nauthorization: bearer ey", "\ncookie: theme=dark"]
        {
            assert!(seen.contains(told), "{kind:?}: {told}: {seen}");
        }
        let posted = visitor.send("POST", "app/notes", &SCRIPT, "0123456789").expect(StatusCode::OK).text;
        let length = posted.find("\nread: ").unwrap() + "\r\n\r\n0123456789".len();
        assert!(posted.ends_with(&format!("read: {length}\n")), "{kind:?}: the body arrived: {posted}");

        let mut other = site.visitor();
        other.sign_in("").expect(StatusCode::SEE_OTHER);
        other
            .send("POST", "id/api/devices/revoke_others", &[("Accept", "application/json")], "")
            .expect(StatusCode::OK);
        let before = site.upstream.answered();
        visitor.get("app/notes", &SCRIPT).expect(StatusCode::UNAUTHORIZED);
        let sent = visitor.get("app/notes", &PAGE).expect(StatusCode::FOUND);
        assert!(location(&sent).ends_with("reason=revoked"), "{kind:?}: {}", location(&sent));
        assert_eq!(site.upstream.answered(), before, "{kind:?}: the program heard nothing of it");
    }
}

#[test]
fn what_a_client_says_of_itself_never_arrives() {
    for kind in [Kind::Nginx, Kind::Caddy] {
        let Some(site) = Site::start(kind) else { continue };
        register(&site);
        let mut visitor = site.visitor();
        let spoofed = [
            ("X-Auth-User", "chief"),
            ("x-auth-role", "chief"),
            ("X_Auth_User", "chief"),
            ("X-Auth_User", "chief"),
            ("X_Auth-Role", "chief"),
            ("X-Auth-Session", "chief"),
            ("X-Auth-AAL", "chief"),
            ("X-Auth-Email", "chief"),
            ("X-Auth-Name", "chief"),
            ("X-Auth-Cookie", "chief=1"),
            ("X-Auth-Location", "http://chief.example"),
            ("Authorization", "Bearer chief"),
            ("X-Forwarded-Host", "chief.example"),
            ("X-Forwarded-Uri", "/chief"),
            ("X-Forwarded-Proto", "gopher"),
            ("X-Original-URL", "http://chief.example/"),
        ];
        let paged: Vec<(&str, &str)> = spoofed.iter().chain(&PAGE).copied().collect();
        let sent = visitor.get("app/", &paged).expect(StatusCode::FOUND);
        assert!(!location(&sent).contains("chief"), "{kind:?}: {}", location(&sent));
        visitor.sign_in("").expect(StatusCode::SEE_OTHER);
        let without_bearer: Vec<(&str, &str)> =
            paged.iter().filter(|(name, _)| *name != "Authorization").copied().collect();
        let bearer = ("Authorization", "Bearer chief");
        for more in [vec![], vec![("Authorization", "Basic Y2hpZWY6Y2hpZWY=")], vec![bearer]] {
            let headers: Vec<(&str, &str)> = without_bearer.iter().chain(&more).copied().collect();
            let seen = visitor.get("app/", &headers).expect(StatusCode::OK).text;
            assert!(!seen.contains("chief") && !seen.contains("basic "), "{kind:?}: {seen}");
            assert_eq!(seen.matches("\nx-auth-user: ").count(), 1, "{kind:?}: {seen}");
        }
        visitor.cookies.remove("theme");
        let seen = visitor.get("app/", &PAGE).expect(StatusCode::OK).text;
        let cookie = seen.lines().find_map(|line| line.strip_prefix("cookie:")).unwrap_or_default();
        assert_eq!(cookie.trim(), "", "{kind:?}: {seen}");
    }
}

#[test]
fn a_sekisho_that_hangs_or_is_gone_lets_nobody_through() {
    for kind in [Kind::Nginx, Kind::Caddy] {
        let Some(mut site) = Site::start(kind) else { continue };
        register(&site);
        let mut visitor = site.visitor();
        visitor.sign_in("").expect(StatusCode::SEE_OTHER);
        visitor.get("app/", &PAGE).expect(StatusCode::OK);
        let before = site.upstream.answered();
        site.sekisho.pause();
        let refused = visitor.get("app/", &PAGE);
        assert!(refused.status.is_server_error(), "{kind:?}: {}", refused.status);
        assert_eq!(site.upstream.answered(), before, "{kind:?}");
        site.sekisho.signal("CONT");
        visitor.get("app/", &PAGE).expect(StatusCode::OK);
        site.sekisho.end();
        for headers in [&PAGE[..], &SCRIPT] {
            let refused = visitor.get("app/", headers);
            assert!(refused.status.is_server_error(), "{kind:?}: {}", refused.status);
        }
        assert_eq!(site.upstream.answered(), before + 1, "{kind:?}");
    }
}

#[test]
fn an_address_of_8_kib_is_led_over_sign_in_and_back() {
    for kind in [Kind::Nginx, Kind::Caddy] {
        let Some(site) = Site::start(kind) else { continue };
        register(&site);
        let mut visitor = site.visitor();
        let host = format!("http://app.sekisho.localhost:{}", site.port);
        let path = format!("/notes?{}", "&".repeat(8 * 1024 - host.len() - "/notes?".len()));
        let sent = visitor.get(&format!("app{path}"), &PAGE).expect(StatusCode::FOUND);
        let sign_in = place(&location(&sent), site.port);
        let page = visitor.get(&sign_in, &PAGE).expect(StatusCode::OK);
        let back = format!("{host}{path}");
        let carried = page.text.contains(&back) || page.text.contains(&back.replace('&', "&amp;"));
        assert!(carried, "{kind:?}: the form carries it");
        assert_eq!(location(&visitor.sign_in(&back).expect(StatusCode::SEE_OTHER)), back, "{kind:?}");
        visitor.get(&format!("app{path}"), &PAGE).expect(StatusCode::OK);
    }
}

#[test]
fn a_preflight_reaches_the_program_where_its_lines_are_switched_on_and_nothing_else_does() {
    let preflight =
        [("Origin", "https://other.example"), ("Access-Control-Request-Method", "POST"), ("Authorization", "Bearer x")];
    for kind in [Kind::Nginx, Kind::Caddy] {
        let Some(site) = Site::start(kind) else { continue };
        site.visitor().send("OPTIONS", "app/", &preflight, "").expect(StatusCode::UNAUTHORIZED);
        assert_eq!(site.upstream.answered(), 0, "{kind:?}");
        drop(site);
        let Some(site) = Site::start_with_preflights(kind) else { continue };
        register(&site);
        let mut visitor = site.visitor();
        for signed_in in [false, true] {
            if signed_in {
                visitor.sign_in("").expect(StatusCode::SEE_OTHER);
            }
            let seen = visitor.send("OPTIONS", "app/", &preflight, "").expect(StatusCode::OK).text;
            let said = |name: &str| {
                seen.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
            };
            assert_eq!(
                (said("x-auth-user:"), said("cookie:"), said("authorization:")),
                Default::default(),
                "{kind:?}: {seen}"
            );
        }
        let (mut stranger, before) = (site.visitor(), site.upstream.answered());
        for (method, headers) in [("OPTIONS", &preflight[..1]), ("OPTIONS", &preflight[1..]), ("GET", &preflight[..])] {
            stranger.send(method, "app/", headers, "").expect(StatusCode::UNAUTHORIZED);
        }
        assert_eq!(site.upstream.answered(), before, "{kind:?}");
    }
}
