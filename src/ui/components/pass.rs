//! A session drawn as a pass (手形): which device, from where, since when, and a thin rule for the life left.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    api::{admin::SessionRow, devices::Device},
    domain::device_label::DeviceLabel,
    i18n::{Locale, td_string as text},
    ui::{
        components::{facts::Fact, icons::DeviceIcon, time_text::TimeText},
        fetch::Keyed,
        locale::use_locale,
        texts, times,
    },
};

/// What stands on a pass.
#[derive(Clone, PartialEq, Eq)]
pub struct PassFacts {
    pub label: DeviceLabel,
    pub address: String,
    pub signed_in_at: i64,
    pub last_active_at: i64,
    pub ends_at: Option<i64>,
    pub life_left_percent: u8,
    pub current: bool,
    pub remembered: bool,
    pub suspect: bool,
    pub server_now: i64,
}

impl PassFacts {
    pub fn of_device(device: &Device, server_now: i64) -> Self {
        Self {
            label: device.label.clone(),
            address: device.address.clone(),
            signed_in_at: device.signed_in_at,
            last_active_at: device.last_active_at,
            ends_at: device.ends_at,
            life_left_percent: device.life_left_percent,
            current: device.current,
            remembered: device.remembered,
            suspect: device.suspect,
            server_now,
        }
    }

    pub fn of_session(session: &SessionRow, server_now: i64) -> Self {
        Self {
            label: session.label.clone(),
            address: session.address.clone(),
            signed_in_at: session.signed_in_at,
            last_active_at: session.last_active_at,
            ends_at: session.ends_at,
            life_left_percent: session.life_left_percent,
            current: false,
            remembered: false,
            suspect: false,
            server_now,
        }
    }
}

/// The pass; `children` is what can be done with it. They stay as they are when what stands on it changes.
#[component]
pub fn Pass(#[prop(into)] facts: Signal<PassFacts>, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    let l = use_locale();
    let PassFacts { label, current, .. } = facts.get_untracked();
    view! {
        <article class=if current { "pass pass--current" } else { "pass" }>
            <div class="pass__stub" title=texts::device_form(l, label.form)>
                <DeviceIcon form=label.form />
            </div>
            {move || view! { <Body facts=facts.get() /> }}
            {children.map(|children| view! { <div class="pass__act">{children()}</div> })}
            {move || view! { <LifeRule percent=facts.with(|facts| facts.life_left_percent) /> }}
        </article>
    }
}

#[component]
fn Body(facts: PassFacts) -> impl IntoView {
    let l = use_locale();
    let PassFacts { label, address, server_now, .. } = facts;
    view! {
        <div class="pass__body">
            <div class="pass__head">
                <h3 class="pass__name">{texts::device(l, &label)}</h3>
                {facts.current.then(|| view! { <span class="badge badge--ink">{text!(l, devices.this_device)}</span> })}
                {facts.suspect.then(|| view! { <span class="badge badge--warn">{text!(l, devices.suspect)}</span> })}
            </div>
            {facts.suspect.then(|| view! { <p class="pass__warning">{text!(l, devices.suspect_text)}</p> })}
            <dl class="facts facts--row">
                <Fact name=text!(l, devices.address)>
                    <span class="figures">{address}</span>
                </Fact>
                <Fact name=text!(l, devices.signed_in)>
                    <TimeText at=facts.signed_in_at now=server_now />
                </Fact>
                <Fact name=text!(l, devices.last_active)>
                    <TimeText at=facts.last_active_at now=server_now />
                </Fact>
            </dl>
            <p class="pass__end">
                {ends_text(l, facts.ends_at, server_now)}
                {facts.remembered.then(|| [" · ", text!(l, devices.remembered)].concat())}
            </p>
        </div>
    }
}

/// What is done with the session of an id.
pub type PassAct = Arc<dyn Fn(String, DeviceLabel) -> AnyView + Send + Sync>;

/// Passes by the ids of their sessions. When the list changes, a pass that stays listed stays on the page, with the
/// focus in it.
#[component]
pub fn Passes(passes: Signal<Vec<(String, PassFacts)>>, act: PassAct) -> impl IntoView {
    let ids = move || passes.with(|passes| passes.iter().map(|(id, _)| id.clone()).collect());
    let pass = move |id: String| match passes.with_untracked(|passes| facts_of(passes, &id)) {
        Some(first) => {
            let act = act(id.clone(), first.label.clone());
            let facts =
                Signal::derive(move || passes.with(|passes| facts_of(passes, &id)).unwrap_or_else(|| first.clone()));
            view! {
                <li>
                    <Pass facts>{act}</Pass>
                </li>
            }
            .into_any()
        }
        None => ().into_any(),
    };
    view! {
        <ul class="passes">
            <Keyed ids=Box::new(ids) row=Arc::new(pass) />
        </ul>
    }
}

fn facts_of(passes: &[(String, PassFacts)], id: &str) -> Option<PassFacts> {
    passes.iter().find(|(listed, _)| listed == id).map(|(_, facts)| facts.clone())
}

/// When a session ends if nothing renews it.
pub fn ends_text(l: Locale, ends_at: Option<i64>, now: i64) -> String {
    match ends_at {
        None => text!(l, devices.never_ends).to_owned(),
        Some(end) if end - now < 1000 => text!(l, devices.ends_now).to_owned(),
        Some(end) => text!(l, devices.ends_in, span = times::span(l, end - now)),
    }
}

/// How much of a life is left, as a thin line.
#[component]
pub fn LifeRule(percent: u8) -> impl IntoView {
    let l = use_locale();
    let class = if percent <= 10 { "life life--short" } else { "life" };
    view! {
        <svg class=class viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label=text!(l, devices.life, percent)>
            <rect class="life__all" width="100" height="1" />
            <rect class="life__left" width=percent.min(100).to_string() height="1" />
        </svg>
    }
}
