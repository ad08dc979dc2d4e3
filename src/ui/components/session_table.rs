//! Sessions that have ended, struck through, with the reason stamped on them.

use leptos::prelude::*;

use crate::{
    api::admin::SessionRow,
    domain::session::EndReason,
    i18n::td_string as text,
    ui::{components::time_text::TimeText, locale::use_locale, texts},
};

#[component]
pub fn EndedSessions(sessions: Vec<SessionRow>, now: i64) -> impl IntoView {
    let l = use_locale();
    view! {
        <table class="table table--ended">
            <caption class="visually-hidden">{text!(l, user.ended_caption)}</caption>
            <thead>
                <tr>
                    <th scope="col">{text!(l, user.device)}</th>
                    <th scope="col">{text!(l, user.address)}</th>
                    <th scope="col">{text!(l, user.signed_in)}</th>
                    <th scope="col">{text!(l, user.ended_at)}</th>
                    <th scope="col">{text!(l, user.reason)}</th>
                </tr>
            </thead>
            <tbody>
                {sessions.into_iter().map(|session| view! { <EndedRow session now /> }).collect_view()}
            </tbody>
        </table>
    }
}

#[component]
fn EndedRow(session: SessionRow, now: i64) -> impl IntoView {
    let l = use_locale();
    let reason = session.ended.unwrap_or(EndReason::None);
    // somebody struck it out, or only time did
    let (struck, stamp) = match reason {
        EndReason::None | EndReason::Expired | EndReason::Idle => ("struck struck--time", "stamp stamp--time"),
        _ => ("struck", "stamp"),
    };
    view! {
        <tr>
            <th scope="row">
                <s class=struck>{texts::device(l, &session.label)}</s>
            </th>
            <td class="figures" data-label=text!(l, user.address)>
                {session.address}
            </td>
            <td data-label=text!(l, user.signed_in)>
                <TimeText at=session.signed_in_at now />
            </td>
            <td data-label=text!(l, user.ended_at)>
                {session.ended_at.map(|at| view! { <TimeText at now /> })}
            </td>
            <td data-label=text!(l, user.reason)>
                <span class="source">
                    <span class=stamp>{texts::stamp(l, reason)}</span>
                    {session.message.map(|message| view! { <span class="told">{text!(l, user.told, message)}</span> })}
                </span>
            </td>
        </tr>
    }
}
