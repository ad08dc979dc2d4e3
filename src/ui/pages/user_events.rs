//! How a person's sign-ins came out, and what was done by them and to them; each with its way into the log.

use leptos::prelude::*;

use crate::{
    api::{audit::AuditRow, desk::UserDetail},
    i18n::td_string as text,
    ui::{
        components::{event_table::EventTable, icons::arrow_right, states::Empty},
        locale::use_locale,
        paths,
    },
};

#[component]
pub fn UserEvents(detail: Memo<UserDetail>) -> impl IntoView {
    let l = use_locale();
    let id = detail.with_untracked(|detail| detail.user.id.clone());
    let now = move || detail.with_untracked(|detail| detail.server_now);
    let sign_ins = Memo::new(move |_| detail.with(|detail| detail.sign_ins.clone()));
    let trail = Memo::new(move |_| detail.with(|detail| detail.trail.clone()));
    let all_sign_ins = paths::filtered(paths::AUDIT, &[("action", "sign_in"), ("target", &id)]);
    let all = paths::filtered(paths::AUDIT, &[("query", &id)]);
    view! {
        <section class="section" aria-labelledby="sign-ins-title">
            <h2 class="section__title" id="sign-ins-title">
                {text!(l, user.sign_ins)}
            </h2>
            {move || {
                let none = || view! { <Empty title=text!(l, user.no_sign_ins) text=text!(l, user.no_sign_ins_text) /> };
                listed(sign_ins.get(), now(), (text!(l, user.sign_ins_caption), false), || none().into_any())
            }}
            <More href=all_sign_ins label=text!(l, user.sign_ins_all) />
        </section>
        <section class="section" aria-labelledby="trail-title">
            <h2 class="section__title" id="trail-title">
                {text!(l, user.trail)}
            </h2>
            {move || {
                let none = || view! { <Empty title=text!(l, user.no_trail) text=text!(l, user.no_trail_text) /> };
                listed(trail.get(), now(), (text!(l, user.trail_caption), true), || none().into_any())
            }}
            <More href=all label=text!(l, user.trail_all) />
        </section>
    }
}

fn listed(
    events: Vec<AuditRow>,
    now: i64,
    (caption, mixed): (&'static str, bool),
    none: impl Fn() -> AnyView,
) -> AnyView {
    if events.is_empty() { none() } else { view! { <EventTable events now caption mixed /> }.into_any() }
}

#[component]
fn More(href: String, label: &'static str) -> impl IntoView {
    view! {
        <p>
            <a class="button button--quiet" href=href>
                {label}
                {arrow_right()}
            </a>
        </p>
    }
}
