//! Where server and browser differ, so that nothing else needs to ask which of the two it is compiled for.

use crate::{
    domain::{password_policy::LEAST_MIN_LENGTH, program::Program, theme::Theme},
    i18n::Locale,
};

/// The program that this is compiled for; the server draws the pages of all. A constant, so that what others have is dropped.
pub const COMPILED: Program = if cfg!(any(feature = "ssr", feature = "staff")) {
    Program::Staff
} else if cfg!(feature = "person") {
    Program::Person
} else {
    Program::Guest
};

/// The program by which the page being rendered is run.
#[cfg(feature = "ssr")]
#[must_use]
pub fn program() -> Program {
    crate::server::http::program::of_page()
}

/// The program by which the page is run.
#[cfg(not(feature = "ssr"))]
#[must_use]
pub const fn program() -> Program {
    COMPILED
}

/// In the address of a page: the language that was just chosen for it.
pub const LANGUAGE_PARAMETER: &str = "lang";

/// The language of the page being rendered.
#[cfg(feature = "ssr")]
#[must_use]
pub fn page_locale() -> Locale {
    crate::server::http::language::of_page()
}

/// The language of the page, as the document says it.
#[cfg(not(feature = "ssr"))]
#[must_use]
pub fn page_locale() -> Locale {
    let root = leptos::prelude::document().document_element();
    root.and_then(|root| root.get_attribute("lang")?.parse().ok()).unwrap_or_default()
}

/// In the address of a page: the light that was just chosen for it.
pub const THEME_PARAMETER: &str = "theme";
/// What keeps that choice. It is no secret, so it has neither `Secure` nor a prefix, and reaches <http://localhost> in every browser.
pub const THEME_COOKIE: &str = "theme";

/// The cookie line that keeps a choice for a year; the system's light needs none.
#[must_use]
pub fn theme_cookie(theme: Theme) -> String {
    let (value, max_age) = match theme {
        Theme::System => ("", 0),
        Theme::Light | Theme::Dark => (theme.as_str(), 365 * 24 * 3600),
    };
    format!("{THEME_COOKIE}={value}; Path=/; Max-Age={max_age}; SameSite=Lax")
}

/// By this cookie a browser that calls itself a Macintosh says that it has a touch screen (`client/start.js`): it is an iPad then.
pub const TOUCH_COOKIE: &str = "touch";
/// The cookie as a script sets it, for a year.
pub const TOUCH_COOKIE_LINE: &str = "touch=1; Path=/; Max-Age=31536000; SameSite=Lax";

/// The light of the page being rendered.
#[cfg(feature = "ssr")]
#[must_use]
pub fn page_theme() -> Theme {
    crate::server::http::theme::of_page()
}

/// The light of the page, as the document says it.
#[cfg(not(feature = "ssr"))]
#[must_use]
pub fn page_theme() -> Theme {
    let root = leptos::prelude::document().document_element();
    root.and_then(|root| Theme::parse(&root.get_attribute("data-theme")?)).unwrap_or_default()
}

/// The light of the document being rendered, a choice of it being kept. Once a page.
#[cfg(feature = "ssr")]
#[must_use]
pub fn document_theme() -> Theme {
    crate::server::http::theme::keep_choice();
    page_theme()
}

/// The light of the page, as the document says it.
#[cfg(not(feature = "ssr"))]
#[must_use]
pub fn document_theme() -> Theme {
    page_theme()
}

/// Where a file of the site is fetched from, such as `/pkg/sekisho.css`. On the server it carries the file's version,
/// so that the address never serves anything else and may be cached for ever.
#[cfg(feature = "ssr")]
#[must_use]
pub fn asset_url(name: &str) -> String {
    let name = name.trim_start_matches('/');
    crate::server::http::site::version(name)
        .map_or_else(|| format!("/{name}"), |version| format!("/{name}?v={version}"))
}

/// Where a file of the site is fetched from, such as `/pkg/sekisho.css`.
#[cfg(not(feature = "ssr"))]
#[must_use]
pub fn asset_url(name: &str) -> String {
    format!("/{}", name.trim_start_matches('/'))
}

/// The page being rendered is answered with 404. Does nothing in the browser.
pub fn set_not_found() {
    set_status(404);
}

/// The page being rendered is answered with 403. Does nothing in the browser.
pub fn set_forbidden() {
    set_status(403);
}

#[cfg(feature = "ssr")]
fn set_status(code: u16) {
    let reply = leptos::context::use_context::<leptos_axum::ResponseOptions>();
    if let (Some(reply), Ok(status)) = (reply, http::StatusCode::from_u16(code)) {
        reply.set_status(status);
    }
}

#[cfg(not(feature = "ssr"))]
const fn set_status(_: u16) {}

/// The least number of code points of a new password, as configured.
#[cfg(feature = "ssr")]
#[must_use]
pub fn password_min_length() -> usize {
    crate::server::context::current().map_or(LEAST_MIN_LENGTH, |cx| cx.state.config.password_min_length)
}

/// The least number of code points of a new password: what holds where the page says nothing.
#[cfg(not(feature = "ssr"))]
#[must_use]
pub const fn password_min_length() -> usize {
    LEAST_MIN_LENGTH
}
