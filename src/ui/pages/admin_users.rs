//! Everyone who has an account: search, page by page, and from each row to the person.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    api::admin::{Page, UserRow, list_users},
    i18n::{Locale, td_string as text},
    ui::{
        components::{pager::Pager, search::Search, states::Empty, time_text::TimeText},
        fetch::{Loaded, use_private},
        locale::use_locale,
        paths, texts,
    },
};

#[component]
pub fn AdminUsers() -> impl IntoView {
    let l = use_locale();
    let (query, cursor) = list_position();
    let users =
        use_private(move || (query.get(), cursor.get()), |(query, cursor)| list_users(query, cursor, String::new()));
    view! {
        <Title text=text!(l, users.title) />
        <div class="page page--wide">
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, users.title)}</h1>
                <p class="page__lead">{text!(l, users.lead)}</p>
            </header>
            <Search page=paths::USERS label=text!(l, users.search) query />
            <Loaded
                resource=users
                show=move |page| {
                    let (query, later) = (query.get_untracked(), !cursor.get_untracked().is_empty());
                    view! { <Users page query later /> }
                }
            />
        </div>
    }
}

/// Search and cursor of a list, as they stand in the address.
pub fn list_position() -> (Signal<String>, Signal<String>) {
    let map = use_query_map();
    let read = move |name: &'static str| Memo::new(move |_| map.with(|map| map.get(name)).unwrap_or_default());
    (read("query").into(), read("cursor").into())
}

#[component]
fn Users(page: Page<UserRow>, query: String, later: bool) -> impl IntoView {
    let l = use_locale();
    if page.items.is_empty() {
        let empty = match query.as_str() {
            "" => view! { <Empty title=text!(l, users.none) text=text!(l, users.none_text) /> },
            _ => view! { <Empty title=text!(l, users.empty) text=text!(l, users.empty_text, query) /> },
        };
        return empty.into_any();
    }
    let caption = match query.as_str() {
        "" => text!(l, users.caption).to_owned(),
        found => text!(l, users.caption_found, query = found.to_owned()),
    };
    let now = page.server_now;
    view! {
        <table class="table">
            <caption class="table__caption">{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{text!(l, users.user)}</th>
                    <th scope="col">{text!(l, users.role)}</th>
                    <th scope="col">{text!(l, users.sessions)}</th>
                    <th scope="col">{text!(l, users.last_active)}</th>
                    <th scope="col">{text!(l, users.created)}</th>
                </tr>
            </thead>
            <tbody>{page.items.into_iter().map(|user| view! { <Row user now /> }).collect_view()}</tbody>
        </table>
        <Pager page=paths::USERS query later next=page.next />
    }
    .into_any()
}

#[component]
fn Row(user: UserRow, now: i64) -> impl IntoView {
    let l = use_locale();
    view! {
        <tr>
            <th scope="row">
                <a class="person" href=paths::user(&user.id)>
                    <span class="person__name">{user.display_name}</span>
                    <span class="person__email">{user.email}</span>
                </a>
            </th>
            <td data-label=text!(l, users.role)>
                <span>
                    {texts::role(l, user.role)}
                    {user.locked.then(|| view! { " " <span class="badge badge--danger">{text!(l, users.locked)}</span> })}
                </span>
            </td>
            <td data-label=text!(l, users.sessions) class:faint=user.live_sessions == 0>
                {live(l, user.live_sessions)}
            </td>
            <td data-label=text!(l, users.last_active)>
                {match user.last_active_at {
                    Some(at) => view! { <TimeText at now /> }.into_any(),
                    None => view! { <span class="faint">{text!(l, users.never)}</span> }.into_any(),
                }}
            </td>
            <td data-label=text!(l, users.created)>
                <TimeText at=user.created_at now />
            </td>
        </tr>
    }
}

fn live(l: Locale, sessions: i64) -> String {
    match sessions {
        0 => text!(l, users.signed_out).to_owned(),
        1 => text!(l, users.signed_in_single).to_owned(),
        count => text!(l, users.signed_in, count),
    }
}
