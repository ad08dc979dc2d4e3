//! Who is told of sessions and accounts, and a form for one more.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    api::webhooks::{CreateWebhook, WebhookList, WebhookRow, list_webhooks},
    i18n::td_string as text,
    ui::{
        act::{Act, ActForm, Outcome, on_success},
        components::{
            alert::DoneSlot,
            page_title::PageTitle,
            states::Empty,
            step_up_dialog::StepUpDialog,
            time_text::TimeText,
            webhook_fields::{SecretOnce, WebhookFields, WebhookRefusal, WebhookState},
        },
        fetch::{Keyed, Loaded, use_private},
        locale::use_locale,
        paths,
        step_up::{use_proved_act, use_step_up},
    },
};

#[component]
pub fn AdminWebhooks() -> impl IntoView {
    let l = use_locale();
    let webhooks = use_private(|| (), |()| list_webhooks());
    let outcome = Outcome::default();
    let question = use_step_up(outcome);
    let create = use_proved_act::<CreateWebhook>(question);
    let outcome = outcome.follow(create, move |_| text!(l, webhooks.created).to_owned());
    let (secret, made_so_far) = (RwSignal::new(None), RwSignal::new(0_u32));
    on_success(create, move |made| {
        let page = paths::webhook(&made.webhook_id);
        secret.set(made.secret.map(|secret| (secret, page)));
        made_so_far.update(|count| *count += 1);
        webhooks.refetch();
    });
    view! {
        <PageTitle text=text!(l, webhooks.title) />
        <div class="page page--wide">
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, webhooks.title)}</h1>
                <p class="page__lead">{text!(l, webhooks.lead)}</p>
            </header>
            <WebhookRefusal error=outcome.error />
            <DoneSlot text=outcome.done />
            {move || secret.get().map(|(secret, page)| view! { <SecretOnce secret way_on=Some(page) /> })}
            <StepUpDialog question page=Signal::derive(|| paths::WEBHOOKS.to_owned()) />
            <Loaded
                resource=webhooks
                show=move |list| {
                    view! {
                        <Listed list />
                        // Another form for each webhook: what was typed for the last is none of the next one's.
                        <Keyed
                            ids=Box::new(move || vec![made_so_far.get().to_string()])
                            row=Arc::new(move |_| view! { <New act=create /> }.into_any())
                        />
                    }
                }
            />
        </div>
    }
}

#[component]
fn New(act: Act<CreateWebhook>) -> impl IntoView {
    let l = use_locale();
    view! {
        <section class="section" aria-labelledby="new-title">
            <h2 class="section__title" id="new-title">
                {text!(l, webhooks.add)}
            </h2>
            <ActForm act page=paths::WEBHOOKS class="form">
                <WebhookFields />
                <button class="button button--primary" type="submit" disabled=move || act.pending().get()>
                    {text!(l, webhooks.create)}
                </button>
            </ActForm>
        </section>
    }
}

#[component]
fn Listed(list: WebhookList) -> impl IntoView {
    let l = use_locale();
    if list.items.is_empty() {
        return view! { <Empty title=text!(l, webhooks.none) text=text!(l, webhooks.none_text) /> }.into_any();
    }
    let now = list.server_now;
    view! {
        <table class="table">
            <caption class="visually-hidden">{text!(l, webhooks.title)}</caption>
            <thead>
                <tr>
                    <th scope="col">{text!(l, webhooks.url)}</th>
                    <th scope="col">{text!(l, webhooks.state)}</th>
                    <th scope="col">{text!(l, webhooks.events)}</th>
                    <th scope="col">{text!(l, webhooks.waiting)}</th>
                    <th scope="col">{text!(l, webhooks.taken)}</th>
                </tr>
            </thead>
            <tbody>{list.items.into_iter().map(|webhook| view! { <Row webhook now /> }).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Row(webhook: WebhookRow, now: i64) -> impl IntoView {
    let l = use_locale();
    let events = if webhook.events.is_empty() { text!(l, webhooks.all).to_owned() } else { webhook.events.join(", ") };
    view! {
        <tr>
            <th scope="row">
                <a class="person" href=paths::webhook(&webhook.id)>
                    <span class="person__name once__value">{webhook.url.clone()}</span>
                    <span class="person__email">{webhook.description.clone()}</span>
                </a>
            </th>
            <td data-label=text!(l, webhooks.state)>
                <WebhookState webhook=webhook.clone() />
            </td>
            <td data-label=text!(l, webhooks.events)>{events}</td>
            <td class="figures" data-label=text!(l, webhooks.waiting)>
                {webhook.waiting}
            </td>
            <td data-label=text!(l, webhooks.taken)>
                {match webhook.delivered_at {
                    Some(at) => view! { <TimeText at now /> }.into_any(),
                    None => view! { <span class="faint">{text!(l, webhooks.never)}</span> }.into_any(),
                }}
            </td>
        </tr>
    }
}
