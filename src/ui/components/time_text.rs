//! An instant in words, with the exact time behind it.

use leptos::prelude::*;

use crate::{
    client::dom::in_own_zone,
    i18n::I18nLocaleTrait,
    ui::{locale::use_locale, times},
};

/// "3 minutes ago". The title is the exact time: in UTC, and in the reader's own zone for whoever points at it.
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
    // Not before it is asked for: a browser's first look at languages and zones takes a fifth of what hydration takes.
    let point = move |_| title.set(in_own_zone(at, l.as_str()));
    view! {
        <time datetime=times::machine(at) title=title on:pointerenter=point>
            {shown}
        </time>
    }
}
