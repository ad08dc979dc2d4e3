//! The light of a page: `?theme=` when someone has just chosen, else the cookie of an earlier choice. It is written on
//! the document, so that no page is seen in another light first.

use http::request::Parts;
use leptos::prelude::use_context;

use super::choice;
use crate::{
    domain::theme::Theme,
    platform::{THEME_COOKIE, THEME_PARAMETER, theme_cookie},
};

/// The light of the page being rendered.
#[must_use]
pub fn of_page() -> Theme {
    let of = |parts: Parts| made(&parts).or_else(|| choice::kept(&parts.headers, THEME_COOKIE, Theme::parse));
    use_context().and_then(of).unwrap_or_default()
}

/// Where someone has just chosen, the reply sets the cookie. Once a page.
pub fn keep_choice() {
    if let Some(theme) = use_context().and_then(|parts| made(&parts)) {
        choice::keep(&theme_cookie(theme));
    }
}

fn made(parts: &Parts) -> Option<Theme> {
    choice::made(parts, THEME_PARAMETER, Theme::parse)
}
