//! What somebody has chosen for how pages are shown to them: in the address when it was just now, else in the cookie of an
//! earlier choice. Such a cookie is no secret, so it has neither `Secure` nor a prefix, and reaches <http://localhost> in every browser.

use http::{HeaderMap, HeaderValue, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

/// The choice in the address of a page.
pub fn made<T>(parts: &Parts, parameter: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    named(parts.uri.query()?.split('&'), parameter, parse)
}

/// The choice that was kept.
pub fn kept<T>(headers: &HeaderMap, cookie: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    named(lines.flat_map(|line| line.split(';')), cookie, parse)
}

/// The reply to the page being rendered sets a cookie.
pub fn keep(line: &str) {
    if let (Some(reply), Ok(line)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(line)) {
        reply.append_header(header::SET_COOKIE, line);
    }
}

fn named<'a, T>(mut pairs: impl Iterator<Item = &'a str>, name: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    pairs.find_map(|pair| parse(pair.trim().strip_prefix(name)?.strip_prefix('=')?))
}
