//! The light of a page: `?theme=` when someone has just chosen, else the cookie of an earlier choice. It is written on
//! the document, so that no page is seen in another light first.

use http::{HeaderMap, HeaderValue, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

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
    named(parts.uri.query()?.split('&'), THEME_PARAMETER)
}

fn kept(headers: &HeaderMap) -> Option<Theme> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    named(lines.flat_map(|line| line.split(';')), THEME_COOKIE)
}

fn named<'a>(mut pairs: impl Iterator<Item = &'a str>, name: &str) -> Option<Theme> {
    pairs.find_map(|pair| Theme::parse(pair.trim().strip_prefix(name)?.strip_prefix('=')?))
}
