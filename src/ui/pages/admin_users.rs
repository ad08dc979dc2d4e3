//! Everyone who has an account: search, page by page, and from each row to the person.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{
        admin::{EXPORT, UserPage, UserRow, list_users},
        events::What,
    },
    domain::{plain_text::shown, user_filter::Asked},
    i18n::{Locale, td_string as text},
    ui::{
        components::{
            chooser::{Choose, Chooser},
            export::Export,
            filters::said,
            page_title::PageTitle,
            pager::Pager,
            plot::grouped,
            states::Empty,
            time_text::TimeText,
            user_filters::UserFilters,
        },
        fetch::{Followed, Keyed, use_live},
        locale::use_locale,
        paths, texts,
    },
};

#[component]
pub fn AdminUsers() -> impl IntoView {
    let l = use_locale();
    let map = use_query_map();
    let read = move |name: &str| map.with(|map| map.get(name)).unwrap_or_default();
    let asked = Memo::new(move |_| Asked::read(read));
    let cursor = Memo::new(move |_| read("cursor"));
    let users = use_live(
        What::Users,
        move || (asked.get(), cursor.get()),
        |(asked, cursor)| list_users(asked, cursor, String::new()),
    );
    view! {
        <PageTitle text=text!(l, users.title) />
        <div class="page page--wide">
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, users.title)}</h1>
                <p class="page__lead">{text!(l, users.lead)}</p>
            </header>
            <UserFilters asked />
            <p>
                <a href=paths::INVITES>{text!(l, users.invite)}</a>
            </p>
            <Followed resource=users show=move |page| view! { <Users page asked cursor /> }.into_any() />
        </div>
    }
}

/// What was read, with the filter and the cursor as they stood when it came.
#[component]
fn Users(page: Memo<UserPage>, asked: Memo<Asked>, cursor: Memo<String>) -> impl IntoView {
    let empty = Memo::new(move |_| page.with(|page| page.items.is_empty()));
    let next = Memo::new(move |_| page.with(|page| page.next.clone()).unwrap_or_default());
    let asked = Memo::new(move |_| page.with(|_| asked.get_untracked()));
    let cursor = Memo::new(move |_| page.with(|_| cursor.get_untracked()));
    let later = Memo::new(move |_| !cursor.get().is_empty());
    let manageable = Memo::new(move |_| page.with(|page| page.manageable));
    move || {
        if empty.get() {
            return view! { <Nobody asked=asked.get() /> }.into_any();
        }
        view! {
            <Chooser asked cursor manageable>
                <Table page asked />
            </Chooser>
            {move || {
                let next = Some(next.get()).filter(|next| !next.is_empty());
                let Asked { query, .. } = asked.get();
                let kept = asked.with(|asked| said(&asked.pairs()[1..]));
                view! { <Pager page=paths::USERS query later=later.get() next kept /> }
            }}
            <ExportUsers page asked />
        }
        .into_any()
    }
}

#[component]
fn ExportUsers(page: Memo<UserPage>, asked: Memo<Asked>) -> impl IntoView {
    let l = use_locale();
    let file = Signal::derive(move || asked.with(|asked| paths::filtered(EXPORT, &asked.pairs())));
    let (label, hint) = (text!(l, users.export), text!(l, users.export_hint));
    let exportable = page.with_untracked(|page| page.exportable);
    exportable.then(|| view! { <Export file name="sekisho-users.csv" label hint /> })
}

/// Whether it is a search and nothing else that narrows: then it can be repeated in words.
fn only_searched(asked: &Asked) -> bool {
    let Asked { query, sort, .. } = asked.clone();
    !query.is_empty() && *asked == Asked { query, sort, ..Asked::default() }
}

fn narrows(asked: &Asked) -> bool {
    let sort = asked.sort.clone();
    *asked != Asked { sort, ..Asked::default() }
}

#[component]
fn Nobody(asked: Asked) -> impl IntoView {
    let l = use_locale();
    if only_searched(&asked) {
        return view! { <Empty title=text!(l, users.empty) text=text!(l, users.empty_text, query = shown(&asked.query)) /> };
    }
    match narrows(&asked) {
        true => view! { <Empty title=text!(l, users.empty) text=text!(l, users.empty_filtered) /> },
        false => view! { <Empty title=text!(l, users.none) text=text!(l, users.none_text) /> },
    }
}

#[component]
fn Table(page: Memo<UserPage>, asked: Memo<Asked>) -> impl IntoView {
    let l = use_locale();
    let caption = move || {
        let (asked, total) = (asked.get(), total(l, page.with(|page| page.total)));
        match (only_searched(&asked), narrows(&asked)) {
            (true, _) => text!(l, users.caption_found, total, query = shown(&asked.query)),
            (_, true) => text!(l, users.caption_filtered, total),
            _ => text!(l, users.caption, total),
        }
    };
    let ids = move || page.with(|page| page.items.iter().map(|user| user.id.clone()).collect());
    let row = move |id: String| match page.with_untracked(|page| user_of(page, &id)) {
        Some(first) => view! { <Row page first /> }.into_any(),
        None => ().into_any(),
    };
    view! {
        <table class="table">
            <caption class="table__caption">{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">
                        <span class="visually-hidden">{text!(l, users.choose_head)}</span>
                    </th>
                    <th scope="col">{text!(l, users.user)}</th>
                    <th scope="col">{text!(l, users.role)}</th>
                    <th scope="col">{text!(l, users.sessions)}</th>
                    <th scope="col">{text!(l, users.last_active)}</th>
                    <th scope="col">{text!(l, users.created)}</th>
                </tr>
            </thead>
            <tbody>
                <Keyed ids=Box::new(ids) row=Arc::new(row) />
            </tbody>
        </table>
    }
}

/// A row stays on the page while its user is listed; what it says follows.
#[component]
fn Row(page: Memo<UserPage>, first: UserRow) -> impl IntoView {
    let l = use_locale();
    let (path, id) = (paths::user(&first.id), first.id.clone());
    let user = Signal::derive(move || page.with(|page| user_of(page, &first.id)).unwrap_or_else(|| first.clone()));
    let now = move || page.with(|page| page.server_now);
    view! {
        <tr>
            <Choose
                id
                label=Signal::derive(move || text!(l, users.choose, name = user.with(|user| user.display_name.clone())))
            />
            <th scope="row">
                <a class="person" href=path>
                    <span class="person__name">{move || user.get().display_name}</span>
                    <span class="person__email">{move || user.get().email}</span>
                </a>
            </th>
            <td data-label=text!(l, users.role)>
                <span>
                    {move || texts::role(l, user.get().role)}
                    {move || {
                        let locked = user.with(|user| user.locked);
                        locked.then(|| view! { " " <span class="badge badge--danger">{text!(l, users.locked)}</span> })
                    }}
                </span>
            </td>
            <td data-label=text!(l, users.sessions) class:faint=move || user.with(|user| user.live_sessions == 0)>
                {move || live(l, user.with(|user| user.live_sessions))}
            </td>
            <td data-label=text!(l, users.last_active)>
                {move || match user.with(|user| user.last_active_at) {
                    Some(at) => view! { <TimeText at now=now() /> }.into_any(),
                    None => view! { <span class="faint">{text!(l, users.never)}</span> }.into_any(),
                }}
            </td>
            <td data-label=text!(l, users.created)>
                {move || view! { <TimeText at=user.with(|user| user.created_at) now=now() /> }}
            </td>
        </tr>
    }
}

fn user_of(page: &UserPage, id: &str) -> Option<UserRow> {
    page.items.iter().find(|user| user.id == id).cloned()
}

fn total(l: Locale, total: Option<i64>) -> String {
    match total {
        Some(1) => text!(l, users.total_single).to_owned(),
        Some(n) => text!(l, users.total, n = grouped(n)),
        None => text!(l, users.total_many).to_owned(),
    }
}

fn live(l: Locale, sessions: i64) -> String {
    match sessions {
        0 => text!(l, users.signed_out).to_owned(),
        1 => text!(l, users.signed_in_single).to_owned(),
        count => text!(l, users.signed_in, count),
    }
}
