//! What happened, newest first. Read only.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::admin::{AuditRow, Page, list_audit},
    i18n::{Locale, td_string as text},
    ui::{
        components::{pager::Pager, search::Search, states::Empty, time_text::DateTimeText},
        fetch::{Loaded, use_private},
        locale::use_locale,
        pages::admin_users::list_position,
        paths, texts,
    },
};

#[component]
pub fn AdminAudit() -> impl IntoView {
    let l = use_locale();
    let (query, cursor) = list_position();
    let events =
        use_private(move || (query.get(), cursor.get()), |(query, cursor)| list_audit(query, cursor, String::new()));
    view! {
        <Title text=text!(l, audit.title) />
        <div class="page page--wide">
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, audit.title)}</h1>
                <p class="page__lead">{text!(l, audit.lead)}</p>
            </header>
            <Search page=paths::AUDIT label=text!(l, audit.search) query />
            <Loaded
                resource=events
                show=move |page| {
                    let (query, later) = (query.get_untracked(), !cursor.get_untracked().is_empty());
                    view! { <Events page query later /> }
                }
            />
        </div>
    }
}

#[component]
fn Events(page: Page<AuditRow>, query: String, later: bool) -> impl IntoView {
    let l = use_locale();
    if page.items.is_empty() {
        let empty = match query.as_str() {
            "" => view! { <Empty title=text!(l, audit.none) text=text!(l, audit.none_text) /> },
            _ => view! { <Empty title=text!(l, audit.empty) text=text!(l, audit.empty_text, query) /> },
        };
        return empty.into_any();
    }
    let caption = match query.as_str() {
        "" => text!(l, audit.caption).to_owned(),
        found => text!(l, audit.caption_found, query = found.to_owned()),
    };
    view! {
        <table class="table table--audit">
            <caption class="table__caption">{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{text!(l, audit.time)}</th>
                    <th scope="col">{text!(l, audit.action)}</th>
                    <th scope="col">{text!(l, audit.actor)}</th>
                    <th scope="col">{text!(l, audit.target)}</th>
                    <th scope="col">{text!(l, audit.source)}</th>
                    <th scope="col">{text!(l, audit.detail)}</th>
                </tr>
            </thead>
            <tbody>{page.items.into_iter().map(|event| view! { <Row event /> }).collect_view()}</tbody>
        </table>
        <Pager page=paths::AUDIT query later next=page.next />
    }
    .into_any()
}

#[component]
fn Row(event: AuditRow) -> impl IntoView {
    let l = use_locale();
    let refused = event.outcome == "refused";
    view! {
        <tr>
            <td class="table__time" data-label=text!(l, audit.time)>
                <DateTimeText at=event.at />
            </td>
            <th scope="row">
                <span class="event">
                    {texts::event(l, &event.action)}
                    {refused.then(|| view! { <span class="badge badge--warn">{text!(l, audit.refused)}</span> })}
                </span>
            </th>
            <td data-label=text!(l, audit.actor)>{actor(l, event.actor.as_deref())}</td>
            <td data-label=text!(l, audit.target)>{event.target.clone().unwrap_or_else(|| "–".to_owned())}</td>
            <td data-label=text!(l, audit.source)>
                <span class="source">
                    <span class="figures">{event.address.clone().unwrap_or_else(|| "–".to_owned())}</span>
                    {event.device.clone().map(|device| view! { <span class="source__device">{device}</span> })}
                </span>
            </td>
            <td data-label=text!(l, audit.detail)>
                <Evidence event />
            </td>
        </tr>
    }
}

/// Numbers and evidence, folded away: they are for the one row one is after.
#[component]
fn Evidence(event: AuditRow) -> impl IntoView {
    let l = use_locale();
    let line =
        |name: &'static str, value: Option<String>| value.map(|value| view! { <p>{name} " " <code>{value}</code></p> });
    view! {
        <details class="evidence">
            <summary>{text!(l, audit.more)}</summary>
            <div class="evidence__panel">
                <p>
                    {text!(l, audit.action)} " " <code>{event.action}</code> " " <code>{event.outcome}</code>
                </p>
                {line(text!(l, audit.session), event.session_id)}
                {line(text!(l, audit.request), event.request_id)}
                {event.detail.map(|detail| view! { <pre class="evidence__json">{detail}</pre> })}
            </div>
        </details>
    }
}

fn actor(l: Locale, actor: Option<&str>) -> String {
    match actor {
        None => text!(l, audit.nobody).to_owned(),
        Some("system") => text!(l, audit.system).to_owned(),
        Some(email) => email.to_owned(),
    }
}
