//! Who one is here, and when this session ends in each of its ways.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::session::{CurrentSession, CurrentUser},
    i18n::td_string as text,
    ui::{
        auth_state::use_auth_state,
        components::{facts::Fact, kept_text::KeptText, time_text::TimeText},
        fetch::Loaded,
        locale::use_locale,
        pages::sign_out::SignOutForm,
        texts,
    },
};

#[component]
pub fn Account() -> impl IntoView {
    let l = use_locale();
    let auth = use_auth_state();
    view! {
        <Title text=text!(l, account.title) />
        <div class="page">
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, account.title)}</h1>
                <p class="page__lead">{text!(l, account.lead)}</p>
            </header>
            <Loaded
                resource=auth.session()
                show=|session| {
                    view! {
                        <Profile user=session.user.clone() />
                        <SessionFacts session />
                    }
                }
            />
            <section class="section" aria-labelledby="out-title">
                <h2 class="section__title" id="out-title">
                    {text!(l, account.sign_out_title)}
                </h2>
                <p>
                    <KeptText kept=text!(l, account.sign_out_text) unkept=text!(l, account.sign_out_text_unkept) />
                </p>
                <SignOutForm />
            </section>
        </div>
    }
}

#[component]
fn Profile(user: CurrentUser) -> impl IntoView {
    let l = use_locale();
    view! {
        <section class="section" aria-labelledby="profile-title">
            <h2 class="section__title" id="profile-title">
                {text!(l, account.profile)}
            </h2>
            <dl class="facts facts--list">
                <Fact name=text!(l, account.name)>{user.display_name}</Fact>
                <Fact name=text!(l, account.email)>{user.email}</Fact>
                <Fact name=text!(l, account.role)>{texts::role(l, user.role)}</Fact>
            </dl>
        </section>
    }
}

#[component]
fn SessionFacts(session: CurrentSession) -> impl IntoView {
    let l = use_locale();
    let now = session.ends.server_now;
    let end = move |at: Option<i64>, none| match at {
        Some(at) => view! { <TimeText at now /> }.into_any(),
        None => view! { <span>{none}</span> }.into_any(),
    };
    let never = text!(l, account.never);
    view! {
        <section class="section" aria-labelledby="session-title">
            <h2 class="section__title" id="session-title">
                {text!(l, account.session)}
            </h2>
            <dl class="facts facts--list">
                <Fact name=text!(l, account.signed_in)>
                    <TimeText at=session.signed_in_at now />
                </Fact>
                <Fact name=text!(l, account.idle_end)>{end(session.ends.idle_ends_at, text!(l, account.idle_none))}</Fact>
                <Fact name=text!(l, account.access_end)>
                    <TimeText at=session.ends.access_ends_at now />
                </Fact>
                <Fact name=text!(l, account.life_end)>{end(session.ends.expires_at, never)}</Fact>
                <Fact name=text!(l, account.absolute_end)>{end(session.ends.absolute_ends_at, never)}</Fact>
                <Fact name=text!(l, account.remembered)>
                    {if session.remembered { text!(l, account.yes) } else { text!(l, account.no) }}
                </Fact>
                <Fact name=text!(l, account.strategy)>{texts::strategy(l, &session.strategy)}</Fact>
                <Fact name=text!(l, account.session_id)>
                    <code>{session.session_id}</code>
                </Fact>
            </dl>
        </section>
    }
}
