//! What somebody has chosen for how pages are shown to them: in the address when it was just now, else in the cookie of an
//! earlier choice. Such a cookie is no secret, so it has neither `Secure` nor a prefix, and reaches <http://localhost> in every browser.

use http::{HeaderMap, HeaderValue, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::cookies;

/// The choice in the address of a page.
pub fn made<T>(parts: &Parts, parameter: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    let pairs = parts.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name == parameter).find_map(|(_, value)| parse(value))
}

/// The choice that was kept, whatever stands beside it.
pub fn kept<T>(headers: &HeaderMap, cookie: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    let named = cookies::each(headers).filter_map(cookies::pair).filter(|(name, _)| *name == cookie.as_bytes());
    named.filter_map(|(_, value)| std::str::from_utf8(value).ok()).find_map(parse)
}

/// The reply to the page being rendered sets a cookie.
pub fn keep(line: &str) {
    if let (Some(reply), Ok(line)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(line)) {
        reply.append_header(header::SET_COOKIE, line);
    }
}
