//! No open redirect: whatever is asked, a browser ends on this site or on a host that was named.

use proptest::prelude::*;
use url::Url;

use super::*;

const SITE: &str = "https://id.example.com";

fn hosts(origin: &str) -> ReturnHosts {
    let named = ["app.example.com", "wiki.example.com:8443"];
    ReturnHosts::new(origin, named.iter().map(|host| ReturnHost::parse(host).unwrap()).collect(), None)
}

#[test]
fn our_cookies_go_to_this_host_on_any_port_and_below_the_shared_domain() {
    let named: Vec<ReturnHost> = ["id.example.com:8443", "app.example.com", "app.other.com", "badexample.com"]
        .map(|host| ReturnHost::parse(host).unwrap())
        .to_vec();
    let have = |domain, address| ReturnHosts::new(SITE, named.clone(), domain).have_our_cookies(address);
    for domain in [None, Some("example.com")] {
        assert!(have(domain, "/settings") && have(domain, "https://id.example.com:8443/"));
        assert_eq!(have(domain, "https://app.example.com/"), domain.is_some());
        assert!(!have(domain, "https://app.other.com/") && !have(domain, "https://badexample.com/"));
    }
}

#[test]
fn pages_of_this_site_are_led_back_to() {
    for page in ["/", "/settings/devices?x=1#y", "/app/%2F%2Fevil.example", "/.//evil.example", "/a//b"] {
        assert_eq!(hosts(SITE).allowed(page), Some(page));
    }
    assert_eq!(hosts(SITE).allowed("https://id.example.com/app?a=1"), Some("/app?a=1"));
    assert_eq!(hosts(SITE).allowed(SITE), Some("/"));
}

#[test]
fn what_begins_like_no_page_may_be_one() {
    for page in ["/events-of-today", "/apis", "/healthz/x", "/settings/../devices", "/a/./b"] {
        assert_eq!(hosts(SITE).allowed(page), Some(page));
    }
}

#[test]
fn the_part_of_a_page_goes_along_where_it_can() {
    assert_eq!(with_part("/settings/security?a=1", "#password").unwrap(), "/settings/security?a=1#password");
    assert_eq!(with_part("https://app.example.com/x", "#y").unwrap(), "https://app.example.com/x#y");
    for (asked, part) in
        [("", "#y"), ("/x#z", "#y"), ("/x", ""), ("/x", "#"), ("/x", "y"), ("/x", "#a\\b"), ("/x", "#é")]
    {
        assert_eq!(with_part(asked, part), None, "{asked} {part}");
    }
    assert_eq!(with_part("/x", &format!("#{}", "a".repeat(LONGEST))), None);
}

#[test]
fn who_has_signed_out_may_go_on_to_make_an_account() {
    for (asked, led) in [
        ("", "/login"),
        ("/register?invite=x&return_to=%2F", "/register?invite=x&return_to=%2F"),
        ("/registered", "/login"),
        ("/register\\", "/login"),
        ("/settings", "/settings"),
        ("/api/logout", "/login"),
        ("//evil.example", "/login"),
        ("https://evil.example", "/login"),
        ("https://app.example.com/", "https://app.example.com/"),
    ] {
        assert_eq!(hosts(SITE).after_sign_out(asked), led, "{asked}");
    }
}

#[test]
fn named_hosts_are_led_back_to_on_their_own_port() {
    for address in [
        "https://app.example.com",
        "https://app.example.com/",
        "https://App.Example.com:443/x?y=https://evil.example/#z",
        "https://app.example.com?a=1",
        "https://wiki.example.com:8443/page",
    ] {
        assert_eq!(hosts(SITE).allowed(address), Some(address));
    }
}

#[test]
fn nothing_else_is_led_to() {
    for elsewhere in [
        "",
        "settings",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:///app.example.com",
        "https://evil.example",
        "https://evil.example/https://app.example.com",
        "https://app.example.com.evil.example",
        "https://app.example.com@evil.example",
        "https://app.example.com:@evil.example",
        "https://user@app.example.com",
        "https://user:443@app.example.com",
        "https://evil.example#@app.example.com",
        "https://evil.example?app.example.com",
        "https://evil.example\\.app.example.com",
        "https://app.example.com\\@evil.example",
        "https://app.example.com:8443/",
        "https://app.example.com:/",
        "https://app.example.com:+443/",
        "https://wiki.example.com/",
        "https://wiki.example.com:8443@evil.example",
        "https://wiki.example.com:08443x/",
        "https://id.example.com.evil.example",
        "https://id.example.com@evil.example",
        "http://app.example.com/",
        "ftp://app.example.com/",
        "javascript:alert(1)",
        "javascript://app.example.com/%0aalert(1)",
        "data:text/html,x",
        "/a\r\nSet-Cookie:x",
        "/\t/evil.example",
        "https://app.example.com/\u{e9}",
        " https://app.example.com/",
        "/login",
        "/login?return_to=/login",
        "/logout?return_to=/",
        "/register",
        "/api/logout",
        "/auth/verify",
        "/api/devices/revoke?x#y",
        "/./api/logout",
        "/settings/../api/logout",
        "/settings/%2E%2e/api/logout",
        "/%2e/login",
        "/api/.",
        "/.well-known/jwks.json",
        "/pkg/sekisho.js",
        "/events",
        "/events?a",
        "/healthz",
        "https://id.example.com/login",
    ] {
        assert_eq!(hosts(SITE).allowed(elsewhere), None, "{elsewhere:?}");
        assert_eq!(hosts(SITE).safe(elsewhere), "/");
    }
    let longest = format!("/{}", "a".repeat(LONGEST - 1));
    assert_eq!(hosts(SITE).allowed(&longest), Some(longest.as_str()));
    assert_eq!(hosts(SITE).allowed(&format!("{longest}a")), None);
}

#[test]
fn a_star_means_the_hosts_below_a_name_and_never_that_name_or_what_only_looks_like_one() {
    let star = vec![ReturnHost::parse("*.Example.com").unwrap(), ReturnHost::parse("*.example.com:8443").unwrap()];
    let hosts = ReturnHosts::new(SITE, star, Some("example.com"));
    for address in ["https://a.example.com/x", "https://A.b.EXAMPLE.com", "https://a.example.com:8443?y"] {
        assert_eq!(hosts.allowed(address), Some(address));
        assert!(hosts.have_our_cookies(address));
    }
    for elsewhere in [
        "https://example.com/",
        "https://.example.com/",
        "https://badexample.com/",
        "https://a.example.com.evil.example/",
        "https://a@b.example.com/",
        "https://evil.example%2f.example.com/",
        "https://evil.example%00.example.com/",
        "https://evil.example\\.example.com/",
        "https://evil.example#.example.com/",
        "https://-a.example.com/",
        "https://a..example.com/",
        "https://*.example.com/",
        "https://a.example.com:8080/",
        "http://a.example.com/",
    ] {
        assert_eq!(hosts.allowed(elsewhere), None, "{elsewhere}");
    }
    assert_eq!(hosts.origins().collect::<Vec<_>>(), ["https://*.example.com", "https://*.example.com:8443"]);
    assert_eq!(hosts.too_wide().count(), 0);
}

#[test]
fn a_star_is_too_wide_where_our_cookies_do_not_go() {
    for (host, domain, fits) in [
        ("*.example.com", Some("example.com"), true),
        ("*.apps.example.com", Some("example.com"), true),
        ("*.example.com", None, false),
        ("*.id.example.com", None, false),
        ("*.com", Some("example.com"), false),
        ("*.badexample.com", Some("example.com"), false),
        ("*.example.com", Some("id.example.com"), false),
    ] {
        let hosts = ReturnHosts::new(SITE, vec![ReturnHost::parse(host).unwrap()], domain);
        assert_eq!(hosts.too_wide().next().is_none(), fits, "{host} {domain:?}");
    }
}

#[test]
fn plain_http_is_led_to_from_plain_http_only() {
    let local = hosts("http://id.example.com");
    for address in ["http://app.example.com/x", "http://app.example.com:80/x", "https://app.example.com/x"] {
        assert_eq!(local.allowed(address), Some(address));
    }
    assert_eq!(local.origins().count(), 4);
    assert_eq!(hosts(SITE).origins().collect::<Vec<_>>(), ["https://app.example.com", "https://wiki.example.com:8443"]);
}

#[test]
fn what_is_no_host_is_not_taken_for_one() {
    for host in ["app.example.com", "APP", "127.0.0.1:8080", "a-b.example", "*.example.com:8443"] {
        assert!(ReturnHost::parse(host).is_some(), "{host}");
    }
    for other in [
        "",
        ".",
        "a..b",
        "a.",
        "-a",
        "a-",
        "a:",
        "a:0",
        "a:65536",
        "a:+1",
        "a:1:2",
        "a/b",
        "https://a",
        "a@b",
        "*",
        "*.",
        "a.*",
        "*a",
        "*.*.a",
        "[::1]",
        "日本.jp",
        "a b",
    ] {
        assert!(ReturnHost::parse(other).is_none(), "{other}");
    }
}

fn piece() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 29] = [
        "/",
        "\\",
        "//",
        ":",
        "@",
        "?",
        "#",
        ".",
        "..",
        "https",
        "http",
        "https://",
        "https:",
        "id.example.com",
        "app.example.com",
        "wiki.example.com",
        "evil.example",
        "8443",
        ":443",
        "%2f",
        "%5c",
        "\t",
        "\n",
        " ",
        "user",
        "[",
        "]",
        "\u{3002}",
        "javascript:",
    ];
    prop_oneof![4 => proptest::sample::select(&KNOWN[..]).prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// As a browser reads it (WHATWG URL), from a page of this site.
    #[test]
    fn no_address_leads_a_browser_elsewhere(pieces in proptest::collection::vec(piece(), 0..8)) {
        let star = vec![ReturnHost::parse("*.example.com").unwrap()];
        let wide = ReturnHosts::new(SITE, star, Some("example.com"));
        let led = Url::parse(SITE).unwrap().join("/login?x=1").unwrap().join(wide.safe(&pieces.concat())).unwrap();
        prop_assert!(led.host_str().unwrap().ends_with(".example.com") && led.scheme() == "https", "{led}");
        let hosts = hosts(SITE);
        let led = Url::parse(SITE).unwrap().join("/login?x=1").unwrap().join(hosts.safe(&pieces.concat())).unwrap();
        let origin = led.origin().ascii_serialization();
        prop_assert!(origin == SITE || hosts.origins().any(|named| named == origin), "{led}");
        prop_assert!(led.username().is_empty() && led.password().is_none());
    }
}
