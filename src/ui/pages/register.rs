//! Making an account: few fields, and the rules said before one types.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{ApiError, auth::Register},
    i18n::{Locale, td_string as text},
    ui::{
        act::{ActForm, on_success, use_act},
        components::{
            alert::{Alert, Tone},
            field::{PasswordField, PasswordRules, TextField},
            seal::Seal,
        },
        locale::use_locale,
        pages::sign_in::{arrive, return_address},
        password_length::password_min_length,
        paths, texts,
    },
};

const FIELDS: [&str; 3] = ["email", "password", "display_name"];

#[component]
pub fn RegisterPage() -> impl IntoView {
    let l = use_locale();
    let return_to = return_address();
    view! {
        <Title text=text!(l, register.title) />
        <div class="entry">
            <div class="entry__mark">
                <Seal />
            </div>
            <h1 class="entry__title" tabindex="-1">
                {text!(l, register.title)}
            </h1>
            <p class="entry__lead">{text!(l, register.lead)}</p>
            <RegisterForm return_to=return_to.clone() />
            <p class="entry__else">
                {text!(l, register.has_account)} " "
                <a href=paths::keeping(paths::LOGIN, &return_to)>{text!(l, register.sign_in_link)}</a>
            </p>
        </div>
    }
}

#[component]
fn RegisterForm(return_to: String) -> impl IntoView {
    let l = use_locale();
    let act = use_act::<Register>();
    on_success(act, arrive);
    let error = Signal::derive(move || act.value().get().and_then(Result::err));
    let length = password_min_length();
    let at =
        move |field| Signal::derive(move || error.get().and_then(|error| texts::at_field(l, &error, field, length)));
    view! {
        <ActForm act page=paths::keeping(paths::REGISTER, &return_to) class="form">
            <input type="hidden" name="return_to" value=return_to />
            <div class="slot" role="alert">
                {move || {
                    error.get().and_then(|error| whole(l, &error)).map(|text| view! { <Alert tone=Tone::Bad text /> })
                }}
            </div>
            <TextField
                name="display_name"
                label=text!(l, field.name)
                autocomplete="name"
                hint=text!(l, register.name_hint)
                error=at("display_name")
            />
            <TextField name="email" label=text!(l, field.email) kind="email" autocomplete="username" error=at("email") />
            <PasswordField
                name="password"
                label=text!(l, field.password)
                autocomplete="new-password"
                described_by="password-rules"
                error=at("password")
            />
            <PasswordRules id="password-rules" />
            <button class="button button--primary button--wide" type="submit" disabled=move || act.pending().get()>
                {move || if act.pending().get() { text!(l, register.busy) } else { text!(l, register.submit) }}
            </button>
        </ActForm>
    }
}

/// What is said above the form: everything that belongs to no field.
fn whole(l: Locale, error: &ApiError) -> Option<String> {
    match error {
        ApiError::Invalid { field, .. } if FIELDS.contains(&field.as_str()) => None,
        ApiError::Conflict { .. } => Some(text!(l, error.email_taken).to_owned()),
        ApiError::Forbidden => Some(text!(l, error.registration_closed).to_owned()),
        other => Some(texts::error(l, other).into_owned()),
    }
}
