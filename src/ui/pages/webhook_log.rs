//! What a webhook was sent, newest first: a row stays on the page while it is listed, and what it says follows.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    api::webhooks::{DeliveryRow, ResendDelivery, WebhookDetail},
    i18n::{Locale, td_string as text},
    ui::{
        act::{Act, ActForm},
        components::{
            facts::Fact,
            time_text::{DateTimeText, TimeText},
        },
        fetch::Keyed,
        locale::use_locale,
    },
};

/// Closer than this, a moment to come is called no more exactly.
const SOON: i64 = 60_000;

#[component]
pub fn Log(detail: Memo<WebhookDetail>, act: Act<ResendDelivery>, page: String) -> impl IntoView {
    let l = use_locale();
    let ids = move || detail.with(|detail| detail.deliveries.iter().map(|row| row.id.clone()).collect());
    let row = move |id: String| match detail.with_untracked(|detail| delivery_of(detail, &id)) {
        Some(first) => view! { <Delivery detail first act page=page.clone() /> }.into_any(),
        None => ().into_any(),
    };
    view! {
        <table class="table table--audit">
            <caption class="visually-hidden">{text!(l, webhooks.log)}</caption>
            <thead>
                <tr>
                    <th scope="col">{text!(l, webhooks.made)}</th>
                    <th scope="col">{text!(l, webhooks.message)}</th>
                    <th scope="col">{text!(l, webhooks.outcome)}</th>
                    <th scope="col">{text!(l, webhooks.attempts)}</th>
                    <th scope="col">{text!(l, webhooks.next)}</th>
                </tr>
            </thead>
            <Keyed ids=Box::new(ids) row=Arc::new(row) />
        </table>
    }
}

fn delivery_of(detail: &WebhookDetail, id: &str) -> Option<DeliveryRow> {
    detail.deliveries.iter().find(|row| row.id == id).cloned()
}

#[component]
fn Delivery(detail: Memo<WebhookDetail>, first: DeliveryRow, act: Act<ResendDelivery>, page: String) -> impl IntoView {
    let l = use_locale();
    let (id, event, made) = (StoredValue::new(first.id.clone()), first.event.clone(), first.created_at);
    let body = first.body.clone();
    let row = Memo::new(move |_| detail.with(|detail| delivery_of(detail, &first.id)).unwrap_or_else(|| first.clone()));
    let webhook_id = detail.with_untracked(|detail| detail.webhook.id.clone());
    let now = move || detail.with(|detail| detail.server_now);
    view! {
        <tbody>
            <tr>
                <td class="table__time" data-label=text!(l, webhooks.made)>
                    <DateTimeText at=made />
                </td>
                <th scope="row">
                    <code>{event}</code>
                </th>
                <td data-label=text!(l, webhooks.outcome)>{move || view! { <Outcome row=row.get() /> }}</td>
                <td class="figures" data-label=text!(l, webhooks.attempts)>
                    {move || row.with(|row| row.attempts)}
                </td>
                <td data-label=text!(l, webhooks.next)>
                    {move || match row.with(|row| row.next_at) {
                        Some(at) if at < now() + SOON => text!(l, webhooks.soon).into_any(),
                        Some(at) => view! { <TimeText at now=now() /> }.into_any(),
                        None => "–".into_any(),
                    }}
                </td>
            </tr>
            <tr class="table__more">
                <td colspan="5">
                    <details class="evidence">
                        <summary>{text!(l, webhooks.detail)}</summary>
                        <dl class="evidence__facts facts facts--list">
                            <Fact name=text!(l, webhooks.id)>
                                <code>{id.get_value()}</code>
                            </Fact>
                            <Fact name=text!(l, webhooks.body)>
                                <code>{body}</code>
                            </Fact>
                            <Fact name=text!(l, webhooks.took)>{move || took(l, &row.get())}</Fact>
                        </dl>
                        <ActForm act page>
                            <input type="hidden" name="webhook_id" value=webhook_id />
                            <input type="hidden" name="delivery_id" value=id.get_value() />
                            <button
                                class="button button--quiet button--small"
                                type="submit"
                                disabled=move || act.pending().get()
                            >
                                {text!(l, webhooks.resend)}
                            </button>
                        </ActForm>
                    </details>
                </td>
            </tr>
        </tbody>
    }
}

#[component]
fn Outcome(row: DeliveryRow) -> impl IntoView {
    let l = use_locale();
    let (class, word) = match row.state.as_str() {
        "delivered" => ("badge badge--ink", text!(l, webhooks.delivered)),
        "failed" => ("badge badge--danger", text!(l, webhooks.failed)),
        _ => ("badge badge--warn", text!(l, webhooks.pending)),
    };
    let status = row.status.map(|status| status.to_string());
    let why = status.or_else(|| row.error.as_deref().map(|code| error(l, code).to_owned()));
    view! {
        <span class="event">
            <span class=class>{word}</span>
            {why.map(|why| view! { <span class="figures">{why}</span> })}
        </span>
    }
}

fn took(l: Locale, row: &DeliveryRow) -> String {
    row.took_ms.map_or_else(|| "–".to_owned(), |ms| text!(l, webhooks.took_ms, ms))
}

/// Why there was no answer. Codes travel as text, so that a log written by a newer release can still be read.
fn error(l: Locale, code: &str) -> &'static str {
    match code {
        "malformed" => text!(l, webhooks.error_malformed),
        "name" => text!(l, webhooks.error_name),
        "not_allowed" => text!(l, webhooks.error_not_allowed),
        "connect" => text!(l, webhooks.error_connect),
        "tls" => text!(l, webhooks.error_tls),
        "timeout" => text!(l, webhooks.error_timeout),
        "secret" => text!(l, webhooks.error_secret),
        _ => text!(l, webhooks.error_broken),
    }
}
