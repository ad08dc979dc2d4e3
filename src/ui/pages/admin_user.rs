//! One person: who they are, their live sessions with the means to end them, and the ended ones with the reason.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::{
    api::{
        ApiError, ApiResult,
        admin::{KickSession, KickUser, SessionRow, UserDetail, UserRow, user_detail},
        devices::Ended,
    },
    i18n::{Locale, td_string as text},
    platform,
    ui::{
        act::{Act, ActForm, Outcome, on_success, use_act},
        auth_state::use_auth_state,
        components::{
            alert::DoneSlot,
            confirm::Confirm,
            facts::Fact,
            icons::arrow_left,
            pass::{Pass, PassFacts},
            session_table::EndedSessions,
            states::{Empty, ErrorState, Loading},
            step_up_dialog::StepUpDialog,
            time_text::TimeText,
        },
        fetch::use_private,
        locale::use_locale,
        pages::account_acts::{AccountActs, ManageAccount, RefusalSlot, use_account_acts},
        paths,
        step_up::use_step_up,
        texts,
    },
};

/// The acts of the page and where its forms lead back to.
#[derive(Clone)]
struct Acts {
    one: Act<KickSession>,
    all: Act<KickUser>,
    account: AccountActs,
    page: String,
}

#[component]
pub fn AdminUser() -> impl IntoView {
    let l = use_locale();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let detail = use_private(move || id.get(), user_detail);
    let (one, all) = (use_act::<KickSession>(), use_act::<KickUser>());
    on_success(one, move |_| detail.refetch());
    on_success(all, move |_| detail.refetch());
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
    let say = move |ended: Ended| done_text(l, ended.ended);
    let outcome = account.told_in(outcome.follow(one, say).follow(all, say), l);
    let show = move |answer| {
        let page = paths::user(&id.get_untracked());
        view! { <Answer answer acts=Acts { one, all, account, page } /> }
    };
    view! {
        <div class="page page--wide">
            <p class="page__back">
                <a href=paths::USERS>{arrow_left()} {text!(l, user.back)}</a>
            </p>
            <RefusalSlot error=outcome.error />
            <DoneSlot text=outcome.done />
            <StepUpDialog question page=Signal::derive(move || paths::user(&id.get())) />
            <Transition fallback=Loading>{move || detail.get().map(show)}</Transition>
        </div>
    }
}

#[component]
fn Answer(answer: ApiResult<UserDetail>, acts: Acts) -> impl IntoView {
    let l = use_locale();
    match answer {
        Ok(detail) => view! { <Detail detail acts /> }.into_any(),
        Err(ApiError::NotFound) => {
            platform::set_not_found();
            view! {
                <Title text=text!(l, user.missing) />
                <h1 class="visually-hidden">{text!(l, user.missing)}</h1>
                <Empty title=text!(l, user.missing) text=text!(l, user.missing_text) />
            }
            .into_any()
        }
        // the page is about to be taken away
        Err(ApiError::SignedOut { .. }) => ().into_any(),
        Err(error) => view! { <ErrorState error /> }.into_any(),
    }
}

#[component]
fn Detail(detail: UserDetail, acts: Acts) -> impl IntoView {
    let l = use_locale();
    let now = detail.server_now;
    let (ended, live): (Vec<SessionRow>, Vec<SessionRow>) =
        detail.sessions.into_iter().partition(|session| session.ended.is_some());
    view! {
        <Title text=detail.user.display_name.clone() />
        <Person user=detail.user.clone() now />
        <LiveSessions user=detail.user.clone() live now acts=acts.clone() />
        <section class="section" aria-labelledby="ended-title">
            <h2 class="section__title" id="ended-title">
                {text!(l, user.ended)}
            </h2>
            {if ended.is_empty() {
                view! { <Empty title=text!(l, user.no_ended) text=text!(l, user.no_ended_text) /> }.into_any()
            } else {
                view! { <EndedSessions sessions=ended now /> }.into_any()
            }}
        </section>
        {detail
            .manageable
            .then(|| view! { <ManageAccount user=detail.user own=detail.own acts=acts.account page=acts.page /> })}
    }
}

#[component]
fn Person(user: UserRow, now: i64) -> impl IntoView {
    let l = use_locale();
    let (state, tone) = if user.locked {
        (text!(l, user.state_locked), "badge badge--danger")
    } else {
        (text!(l, user.state_open), "badge")
    };
    view! {
        <header class="page__head">
            <h1 tabindex="-1">{user.display_name}</h1>
            <p class="page__lead">{user.email}</p>
        </header>
        <dl class="facts facts--row facts--ruled">
            <Fact name=text!(l, user.role)>{texts::role(l, user.role)}</Fact>
            <Fact name=text!(l, user.state)>
                <span class=tone>{state}</span>
            </Fact>
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

#[component]
fn LiveSessions(user: UserRow, live: Vec<SessionRow>, now: i64, acts: Acts) -> impl IntoView {
    let l = use_locale();
    let Acts { one, all, page, .. } = acts;
    let count = live.len();
    let question = if count == 1 {
        text!(l, user.kick_all_ask_single, name = user.display_name)
    } else {
        text!(l, user.kick_all_ask, count, name = user.display_name)
    };
    view! {
        <section class="section" aria-labelledby="live-title">
            <h2 class="section__title" id="live-title">
                {text!(l, user.live)}
                {(count > 0).then(|| view! { <span class="count">{count}</span> })}
            </h2>
            {if live.is_empty() {
                view! { <Empty title=text!(l, user.no_live) text=text!(l, user.no_live_text) /> }.into_any()
            } else {
                let back = page.clone();
                view! {
                    <ul class="passes">
                        {live
                            .into_iter()
                            .map(|session| view! { <LivePass session now act=one page=back.clone() /> })
                            .collect_view()}
                    </ul>
                    <Confirm button=text!(l, user.kick_all) question>
                        <ActForm act=all page>
                            <input type="hidden" name="user_id" value=user.id />
                            <button class="button button--danger" type="submit" disabled=move || all.pending().get()>
                                {text!(l, user.kick_all_confirm)}
                            </button>
                        </ActForm>
                    </Confirm>
                }
                    .into_any()
            }}
        </section>
    }
}

#[component]
fn LivePass(session: SessionRow, now: i64, act: Act<KickSession>, page: String) -> impl IntoView {
    let l = use_locale();
    let label = text!(l, user.kick_device, device = texts::device(l, &session.label));
    view! {
        <li>
            <Pass facts=PassFacts::of_session(&session, now)>
                <ActForm act page>
                    <input type="hidden" name="session_id" value=session.session_id />
                    <button
                        class="button button--danger-quiet"
                        type="submit"
                        aria-label=label
                        disabled=move || act.pending().get()
                    >
                        {text!(l, user.kick)}
                    </button>
                </ActForm>
            </Pass>
        </li>
    }
}

fn done_text(l: Locale, ended: u64) -> String {
    match ended {
        1 => text!(l, user.kicked_single).to_owned(),
        count => text!(l, user.kicked_many, count),
    }
}
