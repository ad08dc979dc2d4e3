//! Events of the audit log beside something else: when, what, by whom and from where, without the evidence.

use leptos::prelude::*;

use crate::{
    api::audit::AuditRow,
    i18n::td_string as text,
    ui::{components::time_text::TimeText, locale::use_locale, texts},
};

#[component]
pub fn EventTable(
    events: Vec<AuditRow>,
    now: i64,
    caption: &'static str,
    /// Whether these are of several kinds, by several people.
    #[prop(optional)]
    mixed: bool,
) -> impl IntoView {
    let l = use_locale();
    view! {
        <table class="table table--events">
            <caption class="visually-hidden">{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{if mixed { text!(l, audit.action) } else { text!(l, audit.outcome) }}</th>
                    <th scope="col">{text!(l, audit.time)}</th>
                    {mixed
                        .then(|| {
                            view! {
                                <th scope="col">{text!(l, audit.actor)}</th>
                                <th scope="col">{text!(l, audit.target)}</th>
                            }
                        })}
                    <th scope="col">{text!(l, audit.source)}</th>
                </tr>
            </thead>
            <tbody>{events.into_iter().map(|event| view! { <EventRow event now mixed /> }).collect_view()}</tbody>
        </table>
    }
}

#[component]
fn EventRow(event: AuditRow, now: i64, mixed: bool) -> impl IntoView {
    let l = use_locale();
    let refused = event.outcome == "refused";
    let none = || "–".to_owned();
    let badge = refused.then(|| view! { <span class="badge badge--warn">{text!(l, audit.refused)}</span> });
    let head = if mixed {
        view! { <span class="event">{texts::event(l, &event.action)} {badge}</span> }.into_any()
    } else if refused {
        badge.into_any()
    } else {
        view! { <span class="badge">{text!(l, audit.done)}</span> }.into_any()
    };
    let actor = match event.actor.as_deref() {
        Some("system") => text!(l, audit.system).to_owned(),
        Some(email) => email.to_owned(),
        None => none(),
    };
    view! {
        <tr>
            <th scope="row">{head}</th>
            <td data-label=text!(l, audit.time)>
                <TimeText at=event.at now />
            </td>
            {mixed
                .then(|| {
                    view! {
                        <td data-label=text!(l, audit.actor)>{actor}</td>
                        <td data-label=text!(l, audit.target)>{event.target.clone().unwrap_or_else(none)}</td>
                    }
                })}
            <td data-label=text!(l, audit.source)>
                <span class="source">
                    <span class="figures">{event.address.unwrap_or_else(none)}</span>
                    {event.device.map(|label| view! { <span class="source__device">{texts::device(l, &label)}</span> })}
                </span>
            </td>
        </tr>
    }
}
