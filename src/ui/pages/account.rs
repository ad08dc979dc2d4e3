//! Who one is here, how one is called, and when this session ends in each of its ways.

use leptos::prelude::*;

use crate::{
    api::{
        ApiError,
        account::UpdateAccount,
        session::{CurrentSession, CurrentUser},
    },
    i18n::{Locale, td_string as text},
    ui::{
        act::{Act, ActForm, on_success, use_act},
        auth_state::use_auth_state,
        components::{
            alert::{Alert, DoneSlot, Tone},
            draft::Draft,
            facts::Fact,
            field::TextField,
            kept_text::KeptText,
            page_title::PageTitle,
            time_text::TimeText,
        },
        fetch::Loaded,
        locale::use_locale,
        pages::sign_out::SignOutForm,
        paths, texts,
    },
};

const NAME: &str = "display_name";

#[component]
pub fn Account() -> impl IntoView {
    let l = use_locale();
    let auth = use_auth_state();
    let act = use_act::<UpdateAccount>();
    // the head of the page says it too
    on_success(act, move |()| auth.reload());
    view! {
        <PageTitle text=text!(l, account.title) />
        <div class="page">
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, account.title)}</h1>
                <p class="page__lead">{text!(l, account.lead)}</p>
            </header>
            <section class="section" aria-labelledby="profile-title">
                <h2 class="section__title" id="profile-title">
                    {text!(l, account.profile)}
                </h2>
                <Loaded resource=auth.session() show=|session| view! { <Profile user=session.user /> } />
                <NameForm act />
            </section>
            <Loaded resource=auth.session() show=|session| view! { <SessionFacts session /> } />
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
        <dl class="facts facts--list">
            <Fact name=text!(l, account.email)>{user.email}</Fact>
            <Fact name=text!(l, account.role)>{texts::role(l, user.role)}</Fact>
        </dl>
    }
}

/// Beside what was read and not within it, so that reading that again takes nothing from under the person's hands.
#[component]
fn NameForm(act: Act<UpdateAccount>) -> impl IntoView {
    let l = use_locale();
    let auth = use_auth_state();
    let name = Memo::new(move |before: Option<&Option<String>>| {
        let session = auth.session().get().and_then(Result::ok);
        session.map(|session| session.user.display_name).or_else(|| before.cloned().flatten())
    });
    let error = Signal::derive(move || act.value().get().and_then(Result::err));
    let at_name = Signal::derive(move || error.get().and_then(|error| texts::at_field(l, &error, NAME, 0)));
    let done = move || act.value().get().and_then(Result::ok).map(|()| text!(l, account.done).to_owned());
    view! {
        <ActForm act page=paths::ACCOUNT class="form">
            <DoneSlot text=Signal::derive(done) />
            <div class="slot" role="alert">
                {move || {
                    error.get().and_then(|error| whole(l, &error)).map(|text| view! { <Alert tone=Tone::Bad text /> })
                }}
            </div>
            <TextField
                name=NAME
                label=text!(l, account.name)
                autocomplete="name"
                hint=text!(l, register.name_hint)
                value=name
                error=at_name
            />
            <Draft form="profile" version=1 sent=Signal::derive(move || act.value().with(|it| matches!(it, Some(Ok(()))))) />
            <button class="button button--primary" type="submit" disabled=move || act.pending().get()>
                {move || if act.pending().get() { text!(l, account.busy) } else { text!(l, account.submit) }}
            </button>
        </ActForm>
    }
}

/// What is said above the form: everything that belongs to no field.
fn whole(l: Locale, error: &ApiError) -> Option<String> {
    match error {
        ApiError::Invalid { field, .. } if field == NAME => None,
        other => Some(texts::error(l, other).into_owned()),
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
