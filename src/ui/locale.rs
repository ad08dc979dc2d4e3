//! Which language a page speaks. The server decides (`platform::page_locale`), the document says it, and the browser takes
//! it from there; therefore texts never change under a page and are read once.
//!
//! A choice is a plain link to the same page, so it works without scripts; the server answers it with a cookie.

use leptos::prelude::*;
use leptos_meta::Html;
use leptos_router::{
    hooks::{use_location, use_query_map},
    location::Url,
};

use crate::{
    api::form_result,
    i18n::{I18nLocaleTrait, Locale},
    platform::{self, LANGUAGE_PARAMETER, THEME_PARAMETER},
};

/// The language of this page.
///
/// # Panics
/// Outside `LocaleProvider`.
pub fn use_locale() -> Locale {
    expect_context()
}

/// Decides the language, provides it, and writes it on `<html>`. Needs the router around it.
#[component]
pub fn LocaleProvider<V: IntoView + 'static>(children: TypedChildren<V>) -> impl IntoView {
    let locale = platform::page_locale();
    provide_context(locale);
    view! {
        <Html attr:lang=locale.as_str() />
        {children.into_inner()()}
    }
}

/// The address of this page in another language.
pub fn address_in(code: &str) -> impl Fn() -> String + Clone + Send + Sync + use<> {
    address_with(LANGUAGE_PARAMETER, code)
}

/// The address of this page with something chosen for how it is shown.
pub fn address_with(parameter: &'static str, value: &str) -> impl Fn() -> String + Clone + Send + Sync + use<> {
    let (path, query) = (use_location().pathname, use_query_map());
    let value = value.to_owned();
    move || {
        query.with(|query| {
            let mut address = format!("{}?{parameter}={value}", path.get());
            for (name, value) in query.clone() {
                // an earlier choice is kept already; what a form that was sent without scripts came to belongs to that one answer
                let passing = [LANGUAGE_PARAMETER, THEME_PARAMETER].contains(&name.as_ref());
                if !passing && !form_result::is_part(&name) {
                    address.extend(["&", &Url::escape(&name), "=", &Url::escape(&value)]);
                }
            }
            address
        })
    }
}
