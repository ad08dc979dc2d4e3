//! What happened, newest first. Read only.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::audit::{AuditFilter, AuditPage, AuditRow, EXPORT, list_audit},
    domain::plain_text::shown,
    i18n::{Locale, td_string as text},
    ui::{
        components::{
            audit_filters::AuditFilters, export::Export, facts::Fact, page_title::PageTitle, pager::Pager,
            states::Empty, time_text::DateTimeText,
        },
        fetch::{Loaded, use_private},
        locale::use_locale,
        paths, texts,
    },
};

#[component]
pub fn AdminAudit() -> impl IntoView {
    let l = use_locale();
    let map = use_query_map();
    let read = move |name: &str| map.with(|map| map.get(name)).unwrap_or_default();
    let filter = Memo::new(move |_| AuditFilter::read(read));
    let cursor = Memo::new(move |_| read("cursor"));
    let events =
        use_private(move || (filter.get(), cursor.get()), |(filter, cursor)| list_audit(filter, cursor, String::new()));
    view! {
        <PageTitle text=text!(l, audit.title) />
        <div class="page page--wide">
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, audit.title)}</h1>
                <p class="page__lead">{text!(l, audit.lead)}</p>
            </header>
            <AuditFilters filter />
            <Loaded
                resource=events
                show=move |page| {
                    let (filter, later) = (filter.get_untracked(), !cursor.get_untracked().is_empty());
                    view! { <Events page filter later /> }
                }
            />
        </div>
    }
}

#[component]
fn Events(page: AuditPage, filter: AuditFilter, later: bool) -> impl IntoView {
    let l = use_locale();
    let query = filter.query.clone();
    // A search alone can be repeated in words; several filters are read where they stand.
    let searched = AuditFilter { query: query.clone(), ..AuditFilter::default() } == filter;
    if page.items.is_empty() {
        let empty = match (filter.is_empty(), searched) {
            (true, _) => view! { <Empty title=text!(l, audit.none) text=text!(l, audit.none_text) /> },
            (_, true) => {
                view! { <Empty title=text!(l, audit.empty) text=text!(l, audit.empty_text, query = shown(&query)) /> }
            }
            _ => view! { <Empty title=text!(l, audit.empty) text=text!(l, audit.empty_filtered) /> },
        };
        return empty.into_any();
    }
    let caption = match (filter.is_empty(), searched) {
        (true, _) => text!(l, audit.caption).to_owned(),
        (_, true) => text!(l, audit.caption_found, query = shown(&query)),
        _ => text!(l, audit.caption_filtered).to_owned(),
    };
    let set = filter.pairs();
    let export = page.exportable.then(|| paths::filtered(EXPORT, &set));
    let kept = set.into_iter().filter(|(name, _)| *name != "query");
    let kept = kept.map(|(name, value)| (name, value.to_owned())).collect::<Vec<_>>();
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
        <Pager page=paths::AUDIT query later next=page.next kept />
        {export
            .map(|file| {
                view! {
                    <Export
                        file
                        name="sekisho-audit.jsonl"
                        label=text!(l, audit.export)
                        hint=text!(l, audit.export_hint)
                    />
                }
            })}
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
    let number = match event.seq {
        Some(seq) => seq.to_string(),
        None => text!(l, audit.unsealed).to_owned(),
    };
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
                <Fact name=text!(l, audit.number)>{number}</Fact>
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
