//! A sign-in that waits for another password. The password was right; no session begins before there is a new one.

use leptos::{either::EitherOf3, prelude::*, server_fn::ServerFn};
use leptos_router::components::Redirect;

use crate::{
    api::{
        ApiError,
        auth::{ChooseNewPassword, WaitingForPassword, waiting_for_password},
    },
    client::dom::go_to,
    i18n::td_string as text,
    ui::{
        act::{Act, ActForm, effect, on_success, use_act_by},
        components::{
            alert::{Alert, Tone},
            field::{PasswordField, PasswordRules},
            page_title::PageTitle,
            seal::Seal,
            states::{ErrorState, Loading},
        },
        fetch::Private,
        locale::use_locale,
        pages::{sign_in::arrive, sign_out::SignOutForm},
        password_length::password_min_length,
        paths, texts,
    },
};

const FIELD: &str = "new_password";

#[component]
pub fn NewPasswordPage() -> impl IntoView {
    let l = use_locale();
    let waiting: Private<WaitingForPassword> = Resource::new_with_options(|| (), |()| waiting_for_password(), false);
    // There is no session yet that could be renewed or end.
    let act = use_act_by(|chosen: ChooseNewPassword| chosen.run_on_client());
    on_success(act, arrive);
    effect(Box::new(move || match act.value().get().filter(|_| act.version().get() > 0) {
        Some(Err(ApiError::SignedOut { .. })) => go_to(paths::LOGIN),
        Some(Err(ApiError::Limit { choose: true })) => go_to(paths::CHOOSE),
        _ => {}
    }));
    view! {
        <PageTitle text=text!(l, new_password.title) />
        <div class="entry">
            <div class="entry__mark">
                <Seal />
            </div>
            <h1 class="entry__title" tabindex="-1">
                {text!(l, new_password.title)}
            </h1>
            <Transition fallback=Loading>
                {move || {
                    waiting
                        .get()
                        .map(|answer| match answer {
                            Ok(waiting) => EitherOf3::A(view! { <Form waiting act /> }),
                            Err(ApiError::SignedOut { .. }) => EitherOf3::B(view! { <Redirect path=paths::LOGIN /> }),
                            Err(error) => EitherOf3::C(view! { <ErrorState error /> }),
                        })
                }}
            </Transition>
        </div>
    }
}

#[component]
fn Form(waiting: WaitingForPassword, act: Act<ChooseNewPassword>) -> impl IntoView {
    let l = use_locale();
    let error = Signal::derive(move || act.value().get().and_then(Result::err));
    let length = password_min_length();
    let at_field = Signal::derive(move || error.get().and_then(|error| texts::at_field(l, &error, FIELD, length)));
    let whole = move || {
        let error = error.get().filter(|_| at_field.get().is_none())?;
        Some(view! { <Alert tone=Tone::Bad text=texts::error(l, &error) /> })
    };
    view! {
        <p class="entry__lead">{text!(l, new_password.lead)}</p>
        <p>{text!(l, new_password.why)}</p>
        <ActForm act page=paths::NEW_PASSWORD class="form">
            <div class="slot" role="alert">
                {whole}
            </div>
            // for password managers: they keep a password under it
            <input
                class="visually-hidden"
                type="text"
                name="username"
                autocomplete="username"
                value=waiting.email
                readonly
                tabindex="-1"
                aria-hidden="true"
            />
            <PasswordField
                name=FIELD
                label=text!(l, field.new_password)
                autocomplete="new-password"
                described_by="password-rules"
                error=at_field
            />
            <PasswordRules id="password-rules" />
            <button class="button button--primary button--wide" type="submit" disabled=move || act.pending().get()>
                {move || if act.pending().get() { text!(l, new_password.busy) } else { text!(l, new_password.submit) }}
            </button>
        </ActForm>
        <SignOutForm label=text!(l, new_password.cancel) button="button button--quiet" />
        <p class="entry__else">{text!(l, new_password.explain)}</p>
    }
}
