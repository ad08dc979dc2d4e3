//! What every reply tells the browser to refuse (OWASP ASVS 5.0 V3.4), errors and files included.
//!
//! Pages bring their own content security policy, because it names the nonce of their scripts. Everything else is
//! data: if it is ever opened as a document it may do nothing at all.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use leptos::{nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;

use crate::{domain::return_to::ReturnHosts, server::context};

const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

const ALWAYS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), \
         gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), \
         screen-wake-lock=(), usb=(), xr-spatial-tracking=()",
    ),
];

/// Gives the page being rendered its policy. Called where Leptos has provided the nonce: in the context closure.
pub fn set_page_policy() {
    if let (true, Some(reply)) = (is_told_a_secret(), use_context::<ResponseOptions>()) {
        reply.insert_header(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    let hosts = context::current().ok().map(|cx| form_targets(&cx.state.config.return_hosts)).unwrap_or_default();
    if let (Some(nonce), Some(reply)) = (use_nonce(), use_context::<ResponseOptions>())
        && let Ok(policy) = HeaderValue::try_from(page_policy(&nonce, &hosts))
    {
        reply.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Whether the page's own address gives something to whoever reads it: then it is told to nobody, not even to us.
fn is_told_a_secret() -> bool {
    let names_invite = |query: &str| query.split('&').any(|pair| pair.starts_with("invite="));
    use_context::<Parts>().is_some_and(|parts| parts.uri.query().is_some_and(names_invite))
}

/// What the answer to a form may lead on to: browsers hold a form to its policy over redirects too.
fn form_targets(hosts: &ReturnHosts) -> String {
    hosts.origins().fold(String::new(), |all, origin| all + " " + &origin)
}

/// `strict-dynamic` lets the one script with the nonce import the rest; nothing inline runs without it.
fn page_policy(nonce: &str, hosts: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'{hosts}; \
         base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    )
}

/// Adds what the handler left out.
pub fn add(headers: &mut HeaderMap, https: bool) {
    // At once, or the map grows twice on the way.
    headers.reserve(ALWAYS.len() + 3);
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(DATA_POLICY));
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    // A reply that sets a cookie is one person's, whatever its handler thought.
    if headers.contains_key(header::SET_COOKIE) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
        headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn a_bare_reply_gets_the_whole_set() {
        let mut headers = HeaderMap::new();
        add(&mut headers, true);
        let mut set: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        set.sort_unstable();
        for line in &mut set {
            line.truncate(80);
        }
        assert_eq!(
            set,
            [
                "cache-control: no-store",
                "content-security-policy: default-src 'none'; frame-ancestors 'none'; sandbox",
                "cross-origin-opener-policy: same-origin",
                "cross-origin-resource-policy: same-origin",
                "permissions-policy: accelerometer=(), autoplay=(), camera=(), display-capture=()",
                "referrer-policy: same-origin",
                "strict-transport-security: max-age=31536000",
                "x-content-type-options: nosniff",
                "x-frame-options: DENY",
            ]
        );
    }

    #[test]
    fn what_a_handler_has_set_stays_unless_a_cookie_goes_with_it() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'"));
        add(&mut headers, false);
        assert_eq!(text(&headers, "cache-control"), "public, max-age=300");
        assert_eq!(text(&headers, "content-security-policy"), "default-src 'self'");
        assert_eq!(text(&headers, "strict-transport-security"), "");
        headers.insert(header::SET_COOKIE, HeaderValue::from_static("a=b"));
        add(&mut headers, false);
        assert_eq!(text(&headers, "cache-control"), "no-store");
    }

    #[test]
    fn a_page_takes_what_is_its_own_and_runs_nothing_inline_without_its_nonce() {
        let policy = page_policy("N0nce", "");
        assert_eq!(
            policy.split("; ").collect::<Vec<_>>(),
            [
                "default-src 'none'",
                "script-src 'nonce-N0nce' 'strict-dynamic' 'wasm-unsafe-eval'",
                "style-src 'self' 'nonce-N0nce'",
                "img-src 'self' data:",
                "font-src 'self'",
                "connect-src 'self'",
                "manifest-src 'self'",
                "form-action 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
                "object-src 'none'",
            ]
        );
        assert!(page_policy("N", " https://app.example.com").contains("; form-action 'self' https://app.example.com;"));
    }
}
