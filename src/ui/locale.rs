//! Which language a page speaks: `?lang=` when someone has just chosen, else the cookie of an earlier choice, else
//! what the browser prefers. Nothing is stored for people who never choose.
//!
//! A choice is a plain link to the same page, so it works without scripts; the server answers it with the cookie. The
//! browser takes the language from the document it got, therefore texts never change under a page and are read once.

use leptos::prelude::*;
use leptos_i18n::{
    I18nContext,
    context::{CookieOptions, I18nContextOptions, init_i18n_context_with_options},
};
use leptos_meta::Html;
use leptos_router::{
    hooks::{use_location, use_query_map},
    location::Url,
};

use crate::{
    api::form_result,
    i18n::{I18nLocaleTrait, Locale, use_i18n},
};

const COOKIE: &str = "locale";
const PARAMETER: &str = "lang";
const ONE_YEAR_MS: i64 = 365 * 24 * 3600 * 1000;

/// The language of this page.
pub fn use_locale() -> Locale {
    use_i18n().get_locale_untracked()
}

/// Decides the language, provides it, and writes it on `<html>`. Needs the router around it.
#[component]
pub fn LocaleProvider<V: IntoView + 'static>(children: TypedChildren<V>) -> impl IntoView {
    let context: I18nContext<Locale> = init_i18n_context_with_options(options());
    provide_context(context);
    let code = context.get_locale_untracked().as_str();
    view! {
        <Html attr:lang=code />
        {children.into_inner()()}
    }
}

fn options() -> I18nContextOptions<'static, Locale> {
    // Neither `Secure` nor a prefix: it is no secret, and it must reach http://localhost in every browser
    let cookie = CookieOptions::default().path("/".to_owned()).max_age(ONE_YEAR_MS);
    let chosen = use_query_map().with_untracked(|query| query.get_str(PARAMETER).and_then(|code| code.parse().ok()));
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

/// The address of this page in another language.
pub fn address_in(code: &str) -> impl Fn() -> String + Clone + Send + Sync + use<> {
    let (path, query) = (use_location().pathname, use_query_map());
    let code = code.to_owned();
    move || {
        // what a form that was sent without scripts came to belongs to that one answer
        query.with(|query| {
            let mut address = format!("{}?{PARAMETER}={code}", path.get());
            for (name, value) in query.clone() {
                if name != PARAMETER && !form_result::is_part(&name) {
                    address.extend(["&", &Url::escape(&name), "=", &Url::escape(&value)]);
                }
            }
            address
        })
    }
}
