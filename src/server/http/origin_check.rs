//! Refuses other sites' writes (CONTRACT.md, HTTP): server functions take plain forms, which any site could send.

use axum::http::{HeaderMap, Method, header};

/// Whether a request may go on. `carries_cookie`: one of our cookies came along.
///
/// `Sec-Fetch-Site`, which scripts can't set, decides where present; else the `Origin`, compared as it stands.
/// With neither it is no browser of today, and only dangerous where a cookie speaks for someone.
#[must_use]
pub fn allows(method: &Method, headers: &HeaderMap, public_origin: &str, carries_cookie: bool) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    comes_from_us(headers, public_origin).unwrap_or(!carries_cookie)
}

/// Whether the headers say that a page of ours asks; `None` where they say nothing of it.
#[must_use]
pub fn comes_from_us(headers: &HeaderMap, public_origin: &str) -> Option<bool> {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (sites.next(), origins.next()) {
        (Some(site), _) => Some((site == "same-origin" || site == "none") && sites.next().is_none()),
        (None, Some(origin)) => Some(origin == public_origin && origins.next().is_none()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "https://id.example.com";

    fn post(headers: &[(&'static str, &str)], carries_cookie: bool) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        allows(&Method::POST, &map, OURS, carries_cookie)
    }

    #[test]
    fn sec_fetch_site_decides_where_present() {
        for (site, passes) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
            ("Same-Origin", false),
            ("same-origin, none", false),
            ("", false),
        ] {
            assert_eq!(post(&[("sec-fetch-site", site)], true), passes, "{site}");
            assert_eq!(post(&[("sec-fetch-site", site), ("origin", OURS)], true), passes, "{site} with our origin");
            assert_eq!(post(&[("sec-fetch-site", site)], false), passes, "{site} without a cookie");
        }
        assert!(post(&[("sec-fetch-site", "same-origin"), ("origin", "null")], true));
        assert!(!post(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], true));
    }

    #[test]
    fn else_the_origin_must_be_ours_to_the_letter() {
        assert!(post(&[("origin", OURS)], true));
        for origin in [
            "null",
            "",
            "https://evil.example",
            "https://id.example.com.evil.example",
            "https://evil-id.example.com",
            "https://example.com",
            "https://id.example.com:8443",
            "http://id.example.com",
            "https://id.example.com/",
            "HTTPS://ID.EXAMPLE.COM",
            "https://user@id.example.com",
        ] {
            assert!(!post(&[("origin", origin)], true), "{origin}");
            assert!(!post(&[("origin", origin)], false), "{origin} without a cookie");
        }
        assert!(!post(&[("origin", OURS), ("origin", "https://evil.example")], true));
    }

    #[test]
    fn with_neither_only_a_caller_without_our_cookies_passes() {
        assert!(post(&[], false));
        assert!(!post(&[], true));
        assert!(!post(&[("referer", "https://id.example.com/login")], true));
    }

    #[test]
    fn what_changes_nothing_passes_from_anywhere() {
        let mut headers = HeaderMap::new();
        headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
        for (method, passes) in [
            (Method::GET, true),
            (Method::HEAD, true),
            (Method::OPTIONS, true),
            (Method::PUT, false),
            (Method::DELETE, false),
        ] {
            assert_eq!(allows(&method, &headers, OURS, true), passes, "{method}");
        }
    }
}
