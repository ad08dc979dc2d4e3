//! What happened, newest first. Read only.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::admin::{AuditRow, Page, list_audit},
    i18n::{Locale, td_string as text},
    ui::{
        components::{facts::Fact, pager::Pager, search::Search, states::Empty, time_text::DateTimeText},
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
                </tr>
            </thead>
            {page.items.into_iter().map(|event| view! { <EventRows event /> }).collect_view()}
        </table>
        <Pager page=paths::AUDIT query later next=page.next />
    }
    .into_any()
}

/// An event, and beneath it over the whole width what is folded away.
#[component]
fn EventRows(event: AuditRow) -> impl IntoView {
    let l = use_locale();
    let refused = event.outcome == "refused";
    let none = || "–".to_owned();
    view! {
        <tbody>
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
                <td data-label=text!(l, audit.target)>{event.target.clone().unwrap_or_else(none)}</td>
                <td data-label=text!(l, audit.source)>
                    <span class="source">
                        <span class="figures">{event.address.clone().unwrap_or_else(none)}</span>
                        {event
                            .device
                            .as_ref()
                            .map(|label| view! { <span class="source__device">{texts::device(l, label)}</span> })}
                    </span>
                </td>
            </tr>
            <tr class="table__more">
                <td colspan="5">
                    <Evidence event />
                </td>
            </tr>
        </tbody>
    }
}

/// Numbers and evidence, folded away: they are for the one event one is after.
#[component]
fn Evidence(event: AuditRow) -> impl IntoView {
    let l = use_locale();
    let code = |name: &'static str, value: Option<String>| {
        value.map(|value| {
            view! {
                <Fact name>
                    <code>{value}</code>
                </Fact>
            }
        })
    };
    view! {
        <details class="evidence">
            <summary>{text!(l, audit.detail)}</summary>
            <dl class="evidence__facts facts facts--list">
                {code(text!(l, audit.action), Some(event.action))}
                {code(text!(l, audit.outcome), Some(event.outcome))}
                {code(text!(l, audit.session), event.session_id)}
                {code(text!(l, audit.request), event.request_id)}
                {code(text!(l, audit.user_agent), event.user_agent)}
                {code(text!(l, audit.evidence), event.detail)}
            </dl>
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
