//! The light of a page: `?theme=` when someone has just chosen, else the cookie of an earlier choice. It is written on
//! the document, so that no page is seen in another light first.

use http::{HeaderMap, HeaderValue, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::cookies;
use crate::{
    domain::theme::Theme,
    platform::{THEME_COOKIE, THEME_PARAMETER, theme_cookie},
};

/// The light of the page being rendered.
#[must_use]
pub fn of_page() -> Theme {
    use_context::<Parts>().and_then(|parts| chosen(&parts).or_else(|| kept(&parts.headers))).unwrap_or_default()
}

/// Where someone has just chosen, the reply sets the cookie. Once a page.
pub fn keep_choice() {
    let (Some(parts), Some(reply)) = (use_context::<Parts>(), use_context::<ResponseOptions>()) else { return };
    if let Some(cookie) = chosen(&parts).and_then(|theme| HeaderValue::from_str(&theme_cookie(theme)).ok()) {
        reply.append_header(header::SET_COOKIE, cookie);
    }
}

fn chosen(parts: &Parts) -> Option<Theme> {
    let pairs = parts.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name == THEME_PARAMETER).find_map(|(_, value)| Theme::parse(value))
}

/// Whatever stands beside it.
fn kept(headers: &HeaderMap) -> Option<Theme> {
    let pairs = cookies::each(headers).filter_map(cookies::pair);
    let named = pairs.filter(|(name, _)| *name == THEME_COOKIE.as_bytes());
    named.filter_map(|(_, value)| std::str::from_utf8(value).ok()).find_map(Theme::parse)
}
