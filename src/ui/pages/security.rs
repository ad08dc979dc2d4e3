//! Changing the password. It ends every other session, and says how many.

use leptos::prelude::*;

use crate::{
    api::{
        ApiError,
        alarms::{Alarms, list_alarms},
        events::What,
        password::ChangePassword,
    },
    i18n::{Locale, td_string as text},
    ui::{
        act::{ActForm, Outcome, use_replacing_act},
        auth_state::use_auth_state,
        components::{
            alarm::{AlarmQuestions, answered_text, use_answer},
            alert::{Alert, DoneSlot, ErrorSlot, Tone},
            field::{PasswordField, PasswordRules},
            hidden_name::HiddenName,
            icons::arrow_right,
            kept_text::{KeptText, keeps_sessions},
            page_title::PageTitle,
        },
        fetch::{Followed, use_live},
        locale::use_locale,
        password_length::password_min_length,
        paths, texts,
    },
};

const FIELDS: [&str; 2] = ["current_password", "new_password"];

#[component]
pub fn Security() -> impl IntoView {
    let l = use_locale();
    view! {
        <PageTitle text=text!(l, security.title) />
        <div class="page">
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, security.title)}</h1>
                <p class="page__lead">
                    <KeptText kept=text!(l, security.lead) unkept=text!(l, security.lead_unkept) />
                </p>
            </header>
            <OpenAlarms />
            <section class="section" aria-labelledby="password-title">
                <h2 class="section__title" id="password-title">
                    {text!(l, security.password_title)}
                </h2>
                <Unkept />
                <PasswordForm />
            </section>
            <section class="section" aria-labelledby="devices-title">
                <h2 class="section__title" id="devices-title">
                    {text!(l, security.devices_title)}
                </h2>
                <p>
                    <KeptText kept=text!(l, security.devices_text) unkept=text!(l, security.devices_text_unkept) />
                </p>
                <p>
                    <a class="button button--quiet" href=paths::DEVICES>
                        {text!(l, security.devices_link)}
                        {arrow_right()}
                    </a>
                </p>
            </section>
        </div>
    }
}

/// Was this you?
#[component]
fn OpenAlarms() -> impl IntoView {
    let l = use_locale();
    let read = use_live(What::Devices, || (), |()| list_alarms());
    let act = use_answer(move || read.refetch());
    let outcome = Outcome::default().follow(act, move |answered| answered_text(l, answered));
    let show = move |read: Memo<Alarms>| {
        let alarms = Signal::derive(move || read.with(|read| read.alarms.clone()));
        let now = Signal::derive(move || read.with(|read| read.server_now));
        view! { <AlarmQuestions alarms now act page=paths::SECURITY /> }.into_any()
    };
    view! {
        <ErrorSlot error=outcome.error />
        <DoneSlot text=outcome.done />
        <Followed resource=read show />
    }
}

/// Said before the form is sent: what a change doesn't do under a strategy that keeps no sessions.
#[component]
fn Unkept() -> impl IntoView {
    let l = use_locale();
    let auth = use_auth_state();
    view! {
        <Transition>
            {move || {
                let session = auth.session().get().and_then(Result::ok);
                session
                    .filter(|session| !keeps_sessions(session))
                    .map(|_| view! { <Alert tone=Tone::Note text=text!(l, security.unkept) /> })
            }}
        </Transition>
    }
}

#[component]
fn PasswordForm() -> impl IntoView {
    let l = use_locale();
    let act = use_replacing_act::<ChangePassword>();
    let error = Signal::derive(move || act.value().get().and_then(Result::err));
    let length = password_min_length();
    let at = move |field| Signal::derive(move || error.get().and_then(|error| at_field(l, &error, field, length)));
    let done = move || act.value().get().and_then(Result::ok).map(|ended| done_text(l, ended.ended));
    view! {
        <ActForm act page=paths::SECURITY class="form">
            <DoneSlot text=Signal::derive(done) />
            <div class="slot" role="alert">
                {move || {
                    error.get().and_then(|error| whole(l, &error)).map(|text| view! { <Alert tone=Tone::Bad text /> })
                }}
            </div>
            <HiddenName />
            <PasswordField
                name="current_password"
                label=text!(l, field.current_password)
                autocomplete="current-password"
                error=at("current_password")
            />
            <PasswordField
                name="new_password"
                label=text!(l, field.new_password)
                autocomplete="new-password"
                described_by="password-rules"
                error=at("new_password")
            />
            <PasswordRules id="password-rules" />
            <button class="button button--primary" type="submit" disabled=move || act.pending().get()>
                {move || if act.pending().get() { text!(l, security.busy) } else { text!(l, security.submit) }}
            </button>
        </ActForm>
    }
}

fn at_field(l: Locale, error: &ApiError, field: &str, min_length: usize) -> Option<std::borrow::Cow<'static, str>> {
    match error {
        ApiError::InvalidCredentials if field == "current_password" => Some(text!(l, security.wrong_current).into()),
        other => texts::at_field(l, other, field, min_length),
    }
}

fn whole(l: Locale, error: &ApiError) -> Option<String> {
    match error {
        ApiError::InvalidCredentials => None,
        ApiError::Invalid { field, .. } if FIELDS.contains(&field.as_str()) => None,
        other => Some(texts::error(l, other).into_owned()),
    }
}

fn done_text(l: Locale, ended: u64) -> String {
    match ended {
        0 => text!(l, security.done).to_owned(),
        1 => text!(l, security.done_ended_single).to_owned(),
        count => text!(l, security.done_ended, count),
    }
}
