//! The language of a page: `?lang=` when someone has just chosen, else the cookie of an earlier choice, else what the browser
//! prefers. Nothing is stored for people who never choose.

use cookie::SameSite;
use leptos::prelude::*;
use leptos_i18n::{
    I18nContext,
    context::{CookieOptions, I18nContextOptions, init_i18n_context_with_options},
};
use leptos_router::hooks::use_query_map;

use crate::{
    i18n::{I18nLocaleTrait, Locale},
    platform::LANGUAGE_PARAMETER,
};

const COOKIE: &str = "locale";
const ONE_YEAR_MS: i64 = 365 * 24 * 3600 * 1000;

/// Decides for the page being rendered; where someone has just chosen, the reply sets the cookie.
#[must_use]
pub fn of_page() -> Locale {
    let context: I18nContext<Locale> = init_i18n_context_with_options(options());
    context.get_locale_untracked()
}

fn options() -> I18nContextOptions<'static, Locale> {
    // Neither `Secure` nor a prefix: it is no secret, and it must reach http://localhost in every browser
    let cookie = CookieOptions::default().path("/".to_owned()).max_age(ONE_YEAR_MS).same_site(SameSite::Lax);
    let chosen =
        use_query_map().with_untracked(|query| query.get_str(LANGUAGE_PARAMETER).and_then(|code| code.parse().ok()));
    let cookie = match chosen {
        // as if the choice had come as a cookie: it is then set on the reply like any new one
        Some(locale) => cookie.ssr_cookies_header_getter(move || Some(cookie_pair(locale))),
        None => cookie.readonly(true),
    };
    I18nContextOptions { cookie_name: COOKIE.into(), cookie_options: cookie, ..Default::default() }
}

fn cookie_pair(locale: Locale) -> String {
    format!("{COOKIE}={}", locale.as_str())
}
