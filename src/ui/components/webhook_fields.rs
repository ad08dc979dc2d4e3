//! What is said of a webhook: its address, which messages it wants, and a note. And its secret, the one time it is shown.

use leptos::prelude::*;

use crate::{
    api::{ApiError, webhooks::WebhookRow},
    domain::webhook::MessageType,
    i18n::{Locale, td_string as text},
    ui::{
        components::alert::{Alert, Tone},
        locale::use_locale,
        texts,
    },
};

/// The fields of a form, as the webhook stands or empty.
#[component]
pub fn WebhookFields(#[prop(optional)] webhook: Option<WebhookRow>) -> impl IntoView {
    let l = use_locale();
    let (url, description, chosen) = webhook.map(|row| (row.url, row.description, row.events)).unwrap_or_default();
    let boxes = MessageType::ALL.map(|kind| {
        let name = kind.as_str();
        let checked = chosen.iter().any(|chosen| chosen == name);
        view! { <MessageBox name checked /> }
    });
    view! {
        <div class="field">
            <label class="field__label" for="url">
                {text!(l, webhooks.url)}
            </label>
            <input
                class="input"
                id="url"
                name="url"
                type="url"
                value=url
                maxlength="2000"
                autocomplete="off"
                spellcheck="false"
                placeholder="https://"
                required
                aria-describedby="url-hint"
            />
            <p class="field__hint" id="url-hint">
                {text!(l, webhooks.url_hint)}
            </p>
        </div>
        <div class="field">
            <label class="field__label" for="description">
                {text!(l, webhooks.description)}
            </label>
            <input
                class="input"
                id="description"
                name="description"
                type="text"
                value=description
                maxlength="200"
                autocomplete="off"
                aria-describedby="description-hint"
            />
            <p class="field__hint" id="description-hint">
                {text!(l, webhooks.description_hint)}
            </p>
        </div>
        <fieldset class="choices" aria-describedby="events-hint">
            <legend class="field__label">{text!(l, webhooks.events)}</legend>
            {boxes.into_iter().collect_view()}
            <p class="field__hint" id="events-hint">
                {text!(l, webhooks.events_hint)}
            </p>
        </fieldset>
    }
}

/// Messages are called by the names that receivers see.
#[component]
fn MessageBox(name: &'static str, checked: bool) -> impl IntoView {
    view! {
        <div class="check">
            <input class="check__box" type="checkbox" id=name name="events[]" value=name checked=checked />
            <label class="check__label" for=name>
                <code>{name}</code>
            </label>
        </div>
    }
}

/// A secret, to be copied now. `way_on` is the page of its webhook, where this is another.
#[component]
pub fn SecretOnce(secret: String, #[prop(optional_no_strip)] way_on: Option<String>) -> impl IntoView {
    let l = use_locale();
    view! {
        <section class="once alert alert--done" role="status" aria-labelledby="once-title">
            <h2 class="alert__title" id="once-title">
                {text!(l, webhooks.secret)}
            </h2>
            <p>{text!(l, webhooks.secret_text)}</p>
            <p>
                <code class="once__value">{secret}</code>
            </p>
            {way_on
                .map(|page| {
                    view! {
                        <p>
                            <a href=page>{text!(l, webhooks.secret_open)}</a>
                        </p>
                    }
                })}
        </section>
    }
}

/// Where the pages say what was refused.
#[component]
pub fn WebhookRefusal(error: RwSignal<Option<ApiError>>) -> impl IntoView {
    let l = use_locale();
    view! {
        <div class="slot" role="alert">
            {move || error.get().map(|error| view! { <Alert tone=Tone::Bad text=refusal(l, &error) /> })}
        </div>
    }
}

fn refusal(l: Locale, error: &ApiError) -> std::borrow::Cow<'static, str> {
    match error {
        ApiError::Conflict { .. } => text!(l, webhooks.conflict).into(),
        ApiError::Invalid { field, reason } if field == "url" => match reason.as_str() {
            "https_only" => text!(l, webhooks.url_https_only).into(),
            "userinfo" => text!(l, webhooks.url_userinfo).into(),
            "private_address" => text!(l, webhooks.url_private).into(),
            _ => text!(l, webhooks.url_malformed).into(),
        },
        other => texts::error(l, other),
    }
}

/// Whether it is told, and if not, why.
#[component]
pub fn WebhookState(webhook: WebhookRow) -> impl IntoView {
    let l = use_locale();
    let (class, word) = match (webhook.enabled, webhook.disabled_reason.as_deref()) {
        (true, _) => ("badge", text!(l, webhooks.state_on)),
        (false, Some("gone")) => ("badge badge--danger", text!(l, webhooks.state_gone)),
        (false, Some(_)) => ("badge badge--danger", text!(l, webhooks.state_failing)),
        (false, None) => ("badge badge--warn", text!(l, webhooks.state_off)),
    };
    view! { <span class=class>{word}</span> }
}
