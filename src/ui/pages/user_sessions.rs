//! The live sessions of one person, with the means to end one or all of them. They follow what they are given.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{
        admin::{KickSession, KickUser, SessionRow},
        desk::UserDetail,
    },
    domain::device_label::DeviceLabel,
    i18n::td_string as text,
    ui::{
        act::{Act, ActForm},
        components::{
            confirm::Confirm,
            message_field::MessageField,
            pager::Pager,
            pass::{PassAct, PassFacts, Passes},
            states::Empty,
        },
        locale::use_locale,
        texts,
    },
};

#[derive(Clone, Copy)]
pub struct Kicks {
    pub one: Act<KickSession>,
    pub all: Act<KickUser>,
}

#[component]
pub fn LiveSessions(detail: Memo<UserDetail>, kicks: Kicks, page: String) -> impl IntoView {
    let l = use_locale();
    let live = Signal::derive(move || {
        detail.with(|detail| {
            let live = detail.sessions.iter().filter(|session| session.ended.is_none());
            let entry =
                |session: &SessionRow| (session.session_id.clone(), PassFacts::of_session(session, detail.server_now));
            live.map(entry).collect::<Vec<_>>()
        })
    });
    let count = Memo::new(move |_| detail.with(|detail| detail.user.live_sessions));
    let none = Memo::new(move |_| count.get() == 0);
    let query = use_query_map();
    let later = Memo::new(move |_| detail.with(|_| query.with_untracked(|query| query.get("live").is_some())));
    let next = Memo::new(move |_| detail.with(|detail| detail.next_live.clone()));
    let (back, pages) = (page.clone(), page.clone());
    let act: PassAct =
        Arc::new(move |id, label| view! { <KickDevice id label act=kicks.one page=back.clone() /> }.into_any());
    view! {
        <section class="section" aria-labelledby="live-title">
            <h2 class="section__title" id="live-title">
                {text!(l, user.live)}
                {move || (!none.get()).then(|| view! { <span class="count">{move || count.get()}</span> })}
            </h2>
            {move || {
                if none.get() {
                    view! { <Empty title=text!(l, user.no_live) text=text!(l, user.no_live_text) /> }.into_any()
                } else {
                    view! {
                        <Passes passes=live act=Arc::clone(&act) />
                        {
                            let pages = pages.clone();
                            move || {
                                let (later, next) = (later.get(), next.get());
                                view! { <Pager page=pages.clone() query=String::new() later next name="live" /> }
                            }
                        }
                        <KickAll detail count act=kicks.all page=page.clone() />
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

#[component]
fn KickAll(detail: Memo<UserDetail>, count: Memo<i64>, act: Act<KickUser>, page: String) -> impl IntoView {
    let l = use_locale();
    let question = move || {
        let name = detail.with(|detail| detail.user.display_name.clone());
        match count.get() {
            1 => text!(l, user.kick_all_ask_single, name),
            count => text!(l, user.kick_all_ask, count, name),
        }
    };
    view! {
        <Confirm button=text!(l, user.kick_all) question=Signal::derive(question)>
            <ActForm act page class="form">
                <input type="hidden" name="user_id" value=detail.with_untracked(|detail| detail.user.id.clone()) />
                <MessageField id="kick-message" />
                <button class="button button--danger" type="submit" disabled=move || act.pending().get()>
                    {text!(l, user.kick_all_confirm)}
                </button>
            </ActForm>
        </Confirm>
    }
}

#[component]
fn KickDevice(id: String, label: DeviceLabel, act: Act<KickSession>, page: String) -> impl IntoView {
    let l = use_locale();
    let device = texts::device(l, &label);
    let (label, question) =
        (text!(l, user.kick_device, device = device.clone()), text!(l, user.kick_device_ask, device));
    let field = format!("message-{id}");
    view! {
        <Confirm button=text!(l, user.kick) label question=Signal::stored(question)>
            <ActForm act page class="form">
                <input type="hidden" name="session_id" value=id />
                <MessageField id=field />
                <button class="button button--danger" type="submit" disabled=move || act.pending().get()>
                    {text!(l, user.kick_device_confirm)}
                </button>
            </ActForm>
        </Confirm>
    }
}
