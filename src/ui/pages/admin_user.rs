//! One person: who they are, their live sessions with the means to end them, and the ended ones with the reason.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    api::{
        ApiError,
        admin::{KickSession, KickUser, UserRow},
        desk::{AddNote, CloseAlarm, DeleteNote, UserDetail, user_detail},
        devices::Ended,
        events::What,
    },
    i18n::{Locale, td_string as text},
    ui::{
        act::{Outcome, on_success, use_act},
        auth_state::use_auth_state,
        components::{
            alert::DoneSlot,
            facts::Fact,
            icons::arrow_left,
            page_title::PageTitle,
            session_table::EndedSessions,
            states::{Empty, unread},
            step_up_dialog::StepUpDialog,
            time_text::TimeText,
        },
        fetch::{Followed, use_live},
        locale::use_locale,
        pages::{
            account_acts::{AccountActs, ManageAccount, RefusalSlot, Standing, use_account_acts},
            user_alarms::{AlarmActs, UserAlarms},
            user_events::UserEvents,
            user_notes::{NoteActs, Notes},
            user_sessions::{Kicks, LiveSessions},
        },
        paths,
        step_up::use_step_up,
        texts,
    },
};

/// The acts of the page and where its forms lead back to.
#[derive(Clone)]
struct Acts {
    kicks: Kicks,
    alarms: AlarmActs,
    notes: NoteActs,
    account: AccountActs,
    page: String,
}

#[component]
pub fn AdminUser() -> impl IntoView {
    let l = use_locale();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let query = use_query_map();
    let ended = Memo::new(move |_| query.with(|query| query.get("ended")).unwrap_or_default());
    let live = Memo::new(move |_| query.with(|query| query.get("live")).unwrap_or_default());
    let asked = move || (id.get(), ended.get(), live.get());
    let detail = use_live(What::Users, asked, |(id, ended, live)| user_detail(id, ended, live));
    let (one, all) = (use_act::<KickSession>(), use_act::<KickUser>());
    on_success(one, move |_| detail.refetch());
    on_success(all, move |_| detail.refetch());
    let close = use_act::<CloseAlarm>();
    on_success(close, move |()| detail.refetch());
    let notes = NoteActs { add: use_act::<AddNote>(), delete: use_act::<DeleteNote>() };
    on_success(notes.add, move |()| detail.refetch());
    on_success(notes.delete, move |()| detail.refetch());
    let auth = use_auth_state();
    let own = move || {
        auth.session().get_untracked().and_then(Result::ok).is_some_and(|session| session.user.id == id.get_untracked())
    };
    let outcome = Outcome::default();
    let question = use_step_up(outcome);
    let account = use_account_acts(question, move || {
        detail.refetch();
        if own() {
            auth.reload();
        }
    });
    let say = move |ended: Ended| done_text(l, ended);
    let outcome = account.told_in(outcome.follow(one, say).follow(all, say), l);
    let outcome = outcome
        .follow(close, move |()| text!(l, alarm.closed).to_owned())
        .follow(notes.add, move |()| text!(l, user.note_done).to_owned())
        .follow(notes.delete, move |()| text!(l, user.note_deleted).to_owned());
    let show = move |detail: Memo<UserDetail>| {
        let shown = Memo::new(move |_| detail.with(|detail| detail.user.id.clone()));
        // Of another person nothing is the same.
        let person = move || {
            let page = paths::user(&shown.get());
            let alarms = AlarmActs { kick: all, close };
            view! { <Detail detail acts=Acts { kicks: Kicks { one, all }, alarms, notes, account, page } /> }
        };
        person.into_any()
    };
    view! {
        <div class="page page--wide">
            <p class="page__back">
                <a href=paths::USERS>{arrow_left()} {text!(l, user.back)}</a>
            </p>
            <RefusalSlot error=outcome.error />
            <DoneSlot text=outcome.done />
            <StepUpDialog question page=Signal::derive(move || paths::user(&id.get())) />
            <Followed resource=detail show refused />
        </div>
    }
}

fn refused(error: ApiError) -> AnyView {
    let l = use_locale();
    unread(&error, text!(l, user.missing), text!(l, user.missing_text))
}

#[component]
fn Detail(detail: Memo<UserDetail>, acts: Acts) -> impl IntoView {
    let l = use_locale();
    let user = Signal::derive(move || detail.with(|detail| detail.user.clone()));
    let ended = move || {
        let sessions = detail.with(|detail| detail.sessions.clone());
        sessions.into_iter().filter(|session| session.ended.is_some()).collect::<Vec<_>>()
    };
    let now = move || detail.with(|detail| detail.server_now);
    let own = detail.with_untracked(|detail| detail.own);
    // The server writes the title last, when what this page read may be gone.
    let first = detail.with_untracked(|detail| detail.user.display_name.clone());
    let name = move || detail.try_with(|detail| detail.user.display_name.clone()).unwrap_or_else(|| first.clone());
    view! {
        <PageTitle text=name />
        <header class="page__head">
            <h1 tabindex="-1">{move || user.get().display_name}</h1>
            <p class="page__lead">{move || user.get().email}</p>
        </header>
        {move || {
            let due = detail.with(|detail| detail.password_due_at);
            view! { <Person user=user.get() due now=now() /> }
        }}
        <UserAlarms detail acts=acts.alarms page=acts.page.clone() />
        <LiveSessions detail kicks=acts.kicks page=acts.page.clone() />
        <section class="section" aria-labelledby="ended-title">
            <h2 class="section__title" id="ended-title">
                {text!(l, user.ended)}
            </h2>
            {move || match ended() {
                ended if ended.is_empty() => {
                    view! { <Empty title=text!(l, user.no_ended) text=text!(l, user.no_ended_text) /> }.into_any()
                }
                sessions => view! { <EndedSessions sessions now=now() /> }.into_any(),
            }}
            <EndedPages detail page=acts.page.clone() />
        </section>
        <UserEvents detail />
        {(!own).then(|| view! { <Notes detail acts=acts.notes page=acts.page.clone() /> })}
        <Manage detail acts=acts.clone() />
    }
}

/// Drawn anew only when the account itself is another: a role that is chosen in it but not given yet stays chosen.
#[component]
fn Manage(detail: Memo<UserDetail>, acts: Acts) -> impl IntoView {
    let account = Memo::new(move |_| {
        let UserDetail { user, own, manageable, password_due_at, .. } = detail.get();
        let due = password_due_at.is_some();
        format!("{} {} {due} {own} {manageable} {}", user.role.as_str(), user.locked, user.display_name)
    });
    move || {
        // Read, not only tracked: a memo that nobody reads follows nothing.
        account.with(|_| ());
        let (Acts { account: acts, page, .. }, detail) = (acts.clone(), detail.get_untracked());
        let UserDetail { user, own, manageable, password_due_at, kept, .. } = detail;
        let standing = Standing { own, password_due: password_due_at.is_some(), kept };
        manageable.then(|| view! { <ManageAccount user standing acts page /> })
    }
}

#[component]
fn Person(user: UserRow, due: Option<i64>, now: i64) -> impl IntoView {
    let l = use_locale();
    let (state, tone) = if user.locked {
        (text!(l, user.state_locked), "badge badge--danger")
    } else {
        (text!(l, user.state_open), "badge")
    };
    view! {
        <dl class="facts facts--row facts--ruled">
            <Fact name=text!(l, user.role)>{texts::role(l, user.role)}</Fact>
            <Fact name=text!(l, user.state)>
                <span class=tone>{state}</span>
            </Fact>
            {due
                .map(|at| {
                    view! {
                        <Fact name=text!(l, user.password_due_since)>
                            <span class="badge badge--warn">{text!(l, user.password_due)}</span>
                            " "
                            <TimeText at now />
                        </Fact>
                    }
                })}
            <Fact name=text!(l, user.last_active)>
                {match user.last_active_at {
                    Some(at) => view! { <TimeText at now /> }.into_any(),
                    None => view! { <span>{text!(l, users.never)}</span> }.into_any(),
                }}
            </Fact>
            <Fact name=text!(l, user.created)>
                <TimeText at=user.created_at now />
            </Fact>
            <Fact name=text!(l, user.id)>
                <code>{user.id}</code>
            </Fact>
        </dl>
    }
}

/// What a kick came to: how many ended, and how far that is in force by the time of the answer.
fn done_text(l: Locale, ended: Ended) -> String {
    let done = match ended.ended {
        1 => text!(l, user.kicked_single).to_owned(),
        count => text!(l, user.kicked_many, count),
    };
    let ms = ended.took_ms;
    let in_force = match ended.behind {
        Some(0) => text!(l, user.in_force, ms),
        Some(1) => text!(l, user.behind_single, ms),
        Some(count) => text!(l, user.behind, count, ms),
        None => text!(l, user.unsure).to_owned(),
    };
    text!(l, user.done_and, done, in_force)
}

/// On to earlier ones, and back to the newest.
#[component]
fn EndedPages(detail: Memo<UserDetail>, page: String) -> impl IntoView {
    let l = use_locale();
    let later = use_query_map();
    let later = Memo::new(move |_| later.with(|query| query.get("ended")).is_some());
    let next = Memo::new(move |_| detail.with(|detail| detail.next_ended.clone()));
    let to = move |cursor: &str| paths::filtered(&page, &[("ended", cursor)]);
    move || {
        let (earlier, to) = (next.get(), to.clone());
        (later.get() || earlier.is_some()).then(|| {
            view! {
                <p class="pager">
                    {later
                        .get()
                        .then(|| {
                            view! {
                                <a class="button button--quiet" href=to("")>
                                    {text!(l, user.ended_first)}
                                </a>
                            }
                        })}
                    {earlier
                        .map(|cursor| {
                            view! {
                                <a class="button button--quiet pager__next" href=to(&cursor) rel="next">
                                    {text!(l, user.ended_more)}
                                </a>
                            }
                        })}
                </p>
            }
        })
    }
}
