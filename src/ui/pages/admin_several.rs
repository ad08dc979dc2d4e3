//! An act on several people: asked about with their names and their number, done, and told of with those it was not done to.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{
        ApiResult,
        bulk::{BulkDone, Chosen, ChosenUser, Ids, KickUsers, LockUsers, NotDone, Why, chosen_users},
    },
    domain::user_filter::Asked,
    i18n::{Locale, td_string as text},
    ui::{
        act::{Act, ActForm, Outcome, use_act},
        components::{
            alert::{DoneSlot, ErrorSlot},
            chooser::IDS,
            icons::arrow_left,
            page_title::PageTitle,
            states::Empty,
            step_up_dialog::StepUpDialog,
        },
        fetch::{Loaded, use_private},
        locale::use_locale,
        paths,
        step_up::{use_proved_act, use_step_up},
        texts,
    },
};

/// The acts, and where the page and its list are.
#[derive(Clone)]
struct Acts {
    kick: Act<KickUsers>,
    lock: Act<LockUsers>,
    locks: bool,
    page: String,
    list: String,
}

#[component]
pub fn AdminSeveral() -> impl IntoView {
    let l = use_locale();
    let map = use_query_map();
    let read = move |name: &str| map.with_untracked(|map| map.get(name)).unwrap_or_default();
    // What is asked about stands in the address, and another address is another page.
    let ids = map.with_untracked(|map| map.get_all(IDS)).unwrap_or_default();
    let (asked, cursor, locks) = (Asked::read(read), read("cursor"), read("act") == "lock");
    let list: Vec<_> = asked.pairs().into_iter().chain([("cursor", cursor.as_str())]).collect();
    let named = ids.iter().map(|id| (IDS, id.as_str()));
    let act = [("act", if locks { "lock" } else { "kick" })];
    let here: Vec<_> = act.into_iter().chain(list.iter().copied()).chain(named).collect();
    let (page, list) = (paths::filtered(paths::SEVERAL, &here), paths::filtered(paths::USERS, &list));
    let outcome = Outcome::default();
    let question = use_step_up(outcome);
    let (kick, lock) = (use_act::<KickUsers>(), use_proved_act::<LockUsers>(question));
    let outcome = outcome.follow(kick, move |done| told(l, &done)).follow(lock, move |done| told(l, &done));
    let chosen = use_private(|| (), move |()| chosen_users(Ids(ids.clone())));
    let title = if locks { text!(l, bulk.lock_title) } else { text!(l, bulk.kick_title) };
    let acts = Acts { kick, lock, locks, page: page.clone(), list: list.clone() };
    view! {
        <PageTitle text=title />
        <div class="page page--wide">
            <p class="page__back">
                <a href=list>{arrow_left()} {text!(l, user.back)}</a>
            </p>
            <header class="page__head">
                <h1 tabindex="-1">{title}</h1>
            </header>
            <ErrorSlot error=outcome.error />
            <DoneSlot text=outcome.done />
            <StepUpDialog question page=Signal::derive(move || page.clone()) />
            <Loaded resource=chosen show=move |chosen| view! { <Several chosen acts=acts.clone() /> } />
        </div>
    }
}

/// The question; once it was answered, to whom it was not done.
#[component]
fn Several(chosen: Chosen, acts: Acts) -> impl IntoView {
    let l = use_locale();
    let (kick, lock) = (acts.kick, acts.lock);
    let done = Memo::new(move |_| {
        let of = |answer: Option<ApiResult<BulkDone>>| answer.and_then(Result::ok);
        of(kick.value().get()).or_else(|| of(lock.value().get()))
    });
    move || match done.get() {
        Some(done) => view! { <Others others=done.others users=chosen.users.clone() /> }.into_any(),
        None if chosen.users.is_empty() => {
            view! { <Empty title=text!(l, bulk.none) text=text!(l, bulk.none_text) /> }.into_any()
        }
        None => view! { <Question users=chosen.users.clone() acts=acts.clone() /> }.into_any(),
    }
}

#[component]
fn Question(users: Vec<ChosenUser>, acts: Acts) -> impl IntoView {
    let l = use_locale();
    let Acts { kick, lock, locks, page, list } = acts;
    let ids: Vec<String> = users.iter().map(|user| user.id.clone()).collect();
    let pending = move || kick.pending().get() || lock.pending().get();
    let form = if locks {
        let button = text!(l, bulk.lock_confirm);
        view! {
            <ActForm act=lock page>
                <Sent ids button pending=Signal::derive(pending) />
            </ActForm>
        }
        .into_any()
    } else {
        let button = text!(l, bulk.kick_confirm);
        view! {
            <ActForm act=kick page>
                <Sent ids button pending=Signal::derive(pending) />
            </ActForm>
        }
        .into_any()
    };
    view! {
        <section class="confirm__panel" aria-labelledby="question">
            <h2 class="section__title" id="question">
                {question(l, locks, users.len())}
            </h2>
            <p class="confirm__question">
                {if locks { text!(l, bulk.lock_text) } else { text!(l, bulk.kick_text) }}
            </p>
            <ul class="chosen">
                {users.into_iter().map(|user| view! { <Person user /> }).collect_view()}
            </ul>
            <div class="chosen__acts">
                {form} <a class="button button--quiet" href=list>
                    {text!(l, bulk.cancel)}
                </a>
            </div>
        </section>
    }
}

/// The fields of a form of an act, and its button.
#[component]
fn Sent(ids: Vec<String>, button: &'static str, pending: Signal<bool>) -> impl IntoView {
    view! {
        {ids
            .into_iter()
            .map(|id| view! { <input type="hidden" name=format!("{IDS}[]") value=id /> })
            .collect_view()}
        <button class="button button--danger" type="submit" disabled=move || pending.get()>
            {button}
        </button>
    }
}

#[component]
fn Person(user: ChosenUser) -> impl IntoView {
    let l = use_locale();
    view! {
        <li class="chosen__person">
            <a class="person" href=paths::user(&user.id)>
                <span class="person__name">{user.display_name}</span>
                <span class="person__email">{user.email}</span>
            </a>
            <span>
                {texts::role(l, user.role)}
                {user.locked.then(|| view! { " " <span class="badge badge--danger">{text!(l, users.locked)}</span> })}
            </span>
        </li>
    }
}

#[component]
fn Others(others: Vec<NotDone>, users: Vec<ChosenUser>) -> impl IntoView {
    let l = use_locale();
    let line = move |NotDone { user_id, why }: NotDone| {
        let name = users.iter().find(|user| user.id == user_id).map_or(user_id, |user| user.display_name.clone());
        view! { <li>{reason(l, why, name)}</li> }
    };
    (!others.is_empty()).then(|| {
        view! {
            <section class="section" aria-labelledby="others-title">
                <h2 class="section__title" id="others-title">
                    {text!(l, bulk.others)}
                </h2>
                <ul class="chosen">{others.into_iter().map(line).collect_view()}</ul>
            </section>
        }
    })
}

fn question(l: Locale, locks: bool, count: usize) -> String {
    match (locks, count) {
        (true, 1) => text!(l, bulk.lock_ask_single).to_owned(),
        (true, count) => text!(l, bulk.lock_ask, count),
        (false, 1) => text!(l, bulk.kick_ask_single).to_owned(),
        (false, count) => text!(l, bulk.kick_ask, count),
    }
}

fn told(l: Locale, done: &BulkDone) -> String {
    let all = done.done + u64::try_from(done.others.len()).unwrap_or(0);
    let told = text!(l, bulk.done, done = done.done, all, ended = done.ended);
    if done.everywhere { told } else { [told.as_str(), " ", text!(l, bulk.soon)].concat() }
}

fn reason(l: Locale, why: Why, name: String) -> String {
    match why {
        Why::Unchanged => text!(l, bulk.why_unchanged, name),
        Why::Oneself => text!(l, bulk.why_oneself, name),
        Why::LastAdmin => text!(l, bulk.why_last_admin, name),
        Why::NotFound => text!(l, bulk.why_not_found, name),
    }
}
