//! One webhook: how it stands, what it was sent and what came of it, and what can be done about it.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    api::{
        ApiError,
        webhooks::{WebhookDetail, webhook},
    },
    i18n::td_string as text,
    ui::{
        act::Outcome,
        components::{
            alert::DoneSlot,
            facts::Fact,
            icons::arrow_left,
            page_title::PageTitle,
            pager::Pager,
            states::{Empty, unread},
            step_up_dialog::StepUpDialog,
            time_text::TimeText,
            webhook_fields::{SecretOnce, WebhookRefusal, WebhookState},
        },
        fetch::{Followed, use_polled},
        locale::use_locale,
        pages::{
            webhook_acts::{Manage, WebhookActs, use_webhook_acts},
            webhook_log::Log,
        },
        paths,
        step_up::use_step_up,
    },
};

#[component]
pub fn AdminWebhook() -> impl IntoView {
    let l = use_locale();
    let (params, query) = (use_params_map(), use_query_map());
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let cursor = Memo::new(move |_| query.with(|query| query.get("cursor")).unwrap_or_default());
    let detail = use_polled(
        RwSignal::new(true),
        move || (id.get(), cursor.get()),
        |(id, cursor)| webhook(id, cursor, String::new()),
    );
    let outcome = Outcome::default();
    let question = use_step_up(outcome);
    let secret = RwSignal::new(None);
    let acts = use_webhook_acts(question, secret, move || detail.refetch());
    let outcome = acts.told_in(outcome, l);
    let show = move |detail: Memo<WebhookDetail>| {
        let shown = Memo::new(move |_| detail.with(|detail| detail.webhook.id.clone()));
        // Of another webhook nothing is the same.
        let one = move || {
            shown.with(|_| ());
            view! { <Detail detail cursor acts /> }
        };
        one.into_any()
    };
    view! {
        <div class="page page--wide">
            <p class="page__back">
                <a href=paths::WEBHOOKS>{arrow_left()} {text!(l, webhooks.back)}</a>
            </p>
            <WebhookRefusal error=outcome.error />
            <DoneSlot text=outcome.done />
            {move || secret.get().map(|secret| view! { <SecretOnce secret way_on=None /> })}
            <StepUpDialog question page=Signal::derive(move || paths::webhook(&id.get())) />
            <Followed resource=detail show refused />
        </div>
    }
}

fn refused(error: ApiError) -> AnyView {
    let l = use_locale();
    unread(&error, text!(l, webhooks.missing), text!(l, webhooks.missing_text))
}

#[component]
fn Detail(detail: Memo<WebhookDetail>, cursor: Memo<String>, acts: WebhookActs) -> impl IntoView {
    let l = use_locale();
    // Only the first read may have it, and later ones must not take it away.
    let secret = detail.with_untracked(|detail| detail.secret.clone());
    let id = detail.with_untracked(|detail| detail.webhook.id.clone());
    let page = paths::webhook(&id);
    let url = Memo::new(move |_| detail.with(|detail| detail.webhook.url.clone()));
    let empty = Memo::new(move |_| detail.with(|detail| detail.deliveries.is_empty()));
    let next = Memo::new(move |_| detail.with(|detail| detail.next.clone()));
    let later = Memo::new(move |_| detail.with(|_| !cursor.get_untracked().is_empty()));
    let pages = page.clone();
    let list = move || {
        if empty.get() {
            return view! { <Empty title=text!(l, webhooks.log_none) text=text!(l, webhooks.log_none_text) /> }
                .into_any();
        }
        let pages = pages.clone();
        view! {
            <Log detail act=acts.resend page=pages.clone() />
            {move || {
                view! { <Pager page=pages.clone() query=String::new() later=later.get() next=next.get() /> }
            }}
        }
        .into_any()
    };
    view! {
        <PageTitle text=text!(l, webhooks.heading) />
        <header class="page__head">
            <h1 tabindex="-1">{text!(l, webhooks.heading)}</h1>
            <p class="page__lead once__value">{move || url.get()}</p>
        </header>
        {secret.map(|secret| view! { <SecretOnce secret way_on=None /> })}
        <State detail />
        <section class="section" aria-labelledby="log-title">
            <h2 class="section__title" id="log-title">
                {text!(l, webhooks.log)}
            </h2>
            {list}
        </section>
        <Manage detail acts page />
    }
}

#[component]
fn State(detail: Memo<WebhookDetail>) -> impl IntoView {
    let l = use_locale();
    let moment = move |at: Option<i64>| match at {
        Some(at) => view! { <TimeText at now=detail.with(|detail| detail.server_now) /> }.into_any(),
        None => view! { <span>{text!(l, webhooks.never)}</span> }.into_any(),
    };
    let former = move || {
        let until = detail.with(|detail| detail.former_until)?;
        Some(view! { <Fact name=text!(l, webhooks.former)>{moment(Some(until))}</Fact> })
    };
    view! {
        <dl class="facts facts--row facts--ruled">
            <Fact name=text!(l, webhooks.state)>
                {move || view! { <WebhookState webhook=detail.with(|detail| detail.webhook.clone()) /> }}
            </Fact>
            <Fact name=text!(l, webhooks.waiting)>{move || detail.with(|detail| detail.webhook.waiting)}</Fact>
            <Fact name=text!(l, webhooks.taken)>
                {move || moment(detail.with(|detail| detail.webhook.delivered_at))}
            </Fact>
            <Fact name=text!(l, webhooks.created_at)>
                {move || moment(Some(detail.with(|detail| detail.webhook.created_at)))}
            </Fact>
            {former}
        </dl>
    }
}
