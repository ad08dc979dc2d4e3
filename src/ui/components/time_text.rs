//! An instant in words, with the exact time behind it.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::{
    i18n::I18nLocaleTrait,
    ui::{locale::use_locale, times},
};

/// "3 minutes ago". The title is the exact time: UTC as the server writes it, then the reader's own zone.
#[component]
pub fn TimeText(at: i64, now: i64) -> impl IntoView {
    let shown = times::relative(use_locale(), at, now);
    view! { <Instant at shown /> }
}

/// Date and time of day, in UTC.
#[component]
pub fn DateTimeText(at: i64) -> impl IntoView {
    let shown = times::date_time(use_locale(), at);
    view! { <Instant at shown /> }
}

#[component]
fn Instant(at: i64, shown: String) -> impl IntoView {
    let l = use_locale();
    let title = RwSignal::new(times::date_time(l, at));
    Effect::new(move |_| title.set(in_own_zone(at, l.as_str())));
    view! {
        <time datetime=times::machine(at) title=title>
            {shown}
        </time>
    }
}

fn in_own_zone(at: i64, language: &str) -> String {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any year we meet are exact in a double")]
    let date = js_sys::Date::new(&JsValue::from_f64(at as f64));
    date.to_locale_string(language, &JsValue::UNDEFINED).into()
}
