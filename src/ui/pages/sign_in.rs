//! Sign-in. It says why one is here, keeps where one wanted to go, and never says which half of a pair was wrong.

use leptos::{either::Either, prelude::*};
use leptos_router::hooks::use_query_map;

use crate::{
    api::{
        ApiError,
        auth::{Login, SignedIn},
        session::{EndNotice, end_notice},
    },
    client::{
        dom::{self, go_to},
        tab_sync,
    },
    domain::{return_to::with_part, session::EndReason},
    i18n::td_string as text,
    ui::{
        act::{Act, ActForm, effect, on_success, use_act},
        auth_state::use_auth_state,
        components::{
            alert::ErrorSlot,
            field::{CheckField, PasswordField, TextField},
            page_title::PageTitle,
            seal::Seal,
            words::Words,
            wrong_address::WrongAddress,
        },
        fetch::Private,
        locale::use_locale,
        paths, texts,
    },
};

#[component]
pub fn SignIn() -> impl IntoView {
    let l = use_locale();
    let return_to = use_return_address();
    view! {
        <PageTitle text=text!(l, login.title) />
        <div class="entry">
            <div class="entry__mark">
                <Seal />
            </div>
            <h1 class="entry__title" tabindex="-1">
                {text!(l, login.title)}
            </h1>
            <WrongAddress />
            <Why />
            <SignInForm return_to />
            <p class="entry__else">
                {text!(l, login.no_account)} " "
                <a href=move || paths::keeping(paths::REGISTER, &return_to.get())>{text!(l, login.register_link)}</a>
            </p>
        </div>
    }
}

/// Where one asked to be led back to, empty if nowhere. The server decides where that leads: it is for forms, not for links.
pub fn return_address() -> String {
    let asked = use_query_map().with_untracked(|query| query.get("return_to")).unwrap_or_default();
    paths::asked(&asked).unwrap_or_default().to_owned()
}

/// The same with the part of that page, which a browser that was sent here keeps in its own address.
pub fn use_return_address() -> Signal<String> {
    let asked = return_address();
    let whole = RwSignal::new(asked.clone());
    Effect::new(move |_| {
        if let Some(whole_address) = with_part(&asked, &dom::part()) {
            whole.set(whole_address);
        }
    });
    whole.into()
}

/// After a sign-in: the other tabs are told, then a full load, so that all state begins anew.
pub fn arrive(signed_in: SignedIn) {
    tab_sync::announce_sign_in(&signed_in.user_id);
    go_to(&signed_in.return_to);
}

/// Why one was sent here; or that one is signed in already.
#[component]
fn Why() -> impl IntoView {
    let l = use_locale();
    let auth = use_auth_state();
    let reason = use_query_map()
        .with_untracked(|query| query.get_str("reason").and_then(EndReason::parse))
        .filter(|reason| *reason != EndReason::None);
    let go_on = move || paths::own(&return_address()).unwrap_or(paths::HOME).to_owned();
    // What was said to the person; the reason that goes with it is the server's word, that in the address anybody's.
    let notice: Private<Option<EndNotice>> = Resource::new_with_options(|| (), |()| end_notice(), false);
    view! {
        <Transition>
            {move || {
                // Both are asked for at once, whatever the other one says.
                let said = notice.get().map(|said| said.ok().flatten());
                auth.session()
                    .get()
                    .zip(said)
                    .map(|(session, said)| {
                        if let Ok(session) = session {
                            let name = session.user.display_name;
                            Either::Left(
                                view! {
                                    <p class="alert alert--note">
                                        {text!(l, login.already, name)} " " <a href=go_on()>{text!(l, login.go_on)}</a>
                                    </p>
                                },
                            )
                        } else {
                            let reason = said.as_ref().map(|said| said.reason).or(reason);
                            Either::Right(reason.map(|reason| view! { <Reason reason said /> }))
                        }
                    })
            }}
        </Transition>
    }
}

#[component]
fn Reason(reason: EndReason, said: Option<EndNotice>) -> impl IntoView {
    let l = use_locale();
    view! {
        <div class="alert alert--note">
            <p class="alert__title">{texts::reason_title(l, reason)}</p>
            <p>{texts::reason_text(l, reason, None)}</p>
            {said.map(|said| view! { <Words message=said.message /> })}
        </div>
    }
}

/// Why a sign-in was refused. One that waits for a place or another password goes on elsewhere.
pub fn refusal(act: Act<Login>) -> Signal<Option<ApiError>> {
    let waits_at = |error: &ApiError| match error {
        ApiError::Limit { choose: true } => Some(paths::CHOOSE),
        ApiError::PasswordChangeRequired => Some(paths::NEW_PASSWORD),
        _ => None,
    };
    let error = move || act.value().get().and_then(Result::err);
    effect(Box::new(move || {
        if act.version().get() > 0
            && let Some(page) = error().as_ref().and_then(waits_at)
        {
            go_to(page);
        }
    }));
    Signal::derive(move || error().filter(|error| waits_at(error).is_none()))
}

#[component]
fn SignInForm(return_to: Signal<String>) -> impl IntoView {
    let l = use_locale();
    let act = use_act::<Login>();
    on_success(act, arrive);
    let error = refusal(act);
    view! {
        <ActForm act page=paths::keeping(paths::LOGIN, &return_to.get_untracked()) class="form">
            <input type="hidden" name="return_to" value=move || return_to.get() />
            <ErrorSlot error />
            <TextField name="email" label=text!(l, field.email) kind="email" autocomplete="username" />
            <PasswordField name="password" label=text!(l, field.password) autocomplete="current-password" />
            <CheckField name="remember" label=text!(l, login.remember) hint=text!(l, login.remember_hint) />
            <button class="button button--primary button--wide" type="submit" disabled=move || act.pending().get()>
                {move || if act.pending().get() { text!(l, login.busy) } else { text!(l, login.submit) }}
            </button>
        </ActForm>
    }
}
