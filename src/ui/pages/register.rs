//! Making an account: few fields, and the rules said before one types.

use leptos::{either::Either, prelude::*};
use leptos_router::hooks::use_query_map;

use crate::{
    api::{
        ApiError,
        auth::Register,
        invites::{Admission, Terms, registration_terms},
        session::CurrentUser,
    },
    i18n::{Locale, td_string as text},
    ui::{
        act::{Act, ActForm, on_success, use_act},
        auth_state::use_auth_state,
        components::{
            alert::{Alert, Tone},
            field::{PasswordField, PasswordRules, TextField},
            page_title::PageTitle,
            seal::Seal,
            states::{Empty, Loading},
        },
        fetch::{Loaded, use_private},
        locale::use_locale,
        pages::{
            sign_in::{arrive, use_return_address},
            sign_out::SignOutForm,
        },
        password_length::password_min_length,
        paths, texts,
    },
};

const FIELDS: [&str; 3] = ["email", "password", "display_name"];

#[component]
pub fn RegisterPage() -> impl IntoView {
    let l = use_locale();
    let return_to = use_return_address();
    let invite = use_query_map().with_untracked(|query| query.get("invite")).unwrap_or_default();
    let act = use_act::<Register>();
    on_success(act, arrive);
    let asked = invite.clone();
    let terms = use_private(|| (), move |()| registration_terms(asked.clone()));
    let login = move || paths::keeping(paths::LOGIN, &return_to.get());
    let way = Way { invite, return_to };
    let auth = use_auth_state();
    view! {
        <PageTitle text=text!(l, register.title) />
        <div class="entry">
            <div class="entry__mark">
                <Seal />
            </div>
            <h1 class="entry__title" tabindex="-1">
                {text!(l, register.title)}
            </h1>
            <Transition fallback=Loading>
                {
                    let member = Memo::new(move |_| {
                        auth.session().get().map(|session| session.ok().map(|session| session.user))
                    });
                    let way = way.clone();
                    move || {
                        let way = way.clone();
                        member
                            .get()
                            .map(|member| {
                                if let Some(member) = member {
                                    Either::Left(view! { <Member member way /> })
                                } else {
                                    let show = move |terms| view! { <Entry terms act way=way.clone() /> };
                                    Either::Right(view! { <Loaded resource=terms show /> })
                                }
                            })
                    }
                }
            </Transition>
            <p class="entry__else">
                {text!(l, register.has_account)} " "<a href=login>{text!(l, register.sign_in_link)}</a>
            </p>
        </div>
    }
}

/// What the address says, which the form sends along.
#[derive(Clone)]
struct Way {
    invite: String,
    return_to: Signal<String>,
}

/// Somebody is signed in: another account is not made over their heads, and no invitation is used up by chance.
#[component]
fn Member(member: CurrentUser, way: Way) -> impl IntoView {
    let l = use_locale();
    let CurrentUser { display_name: name, email, .. } = member;
    let again = paths::register(&way.invite, &way.return_to.get_untracked());
    let text = if way.invite.is_empty() {
        text!(l, register.member_text, name, email)
    } else {
        text!(l, register.member_invited_text, name, email)
    };
    view! {
        <div class="alert alert--note">
            <p class="alert__title">{text!(l, register.member_title)}</p>
            <p>{text}</p>
        </div>
        <SignOutForm label=text!(l, register.sign_out_and_go_on) button="button button--primary button--wide" return_to=again />
        <p class="entry__else">
            <a href=paths::HOME>{text!(l, register.stay)}</a>
        </p>
    }
}

/// The form, where there is a way to an account; else what would take one.
#[component]
fn Entry(terms: Terms, act: Act<Register>, way: Way) -> impl IntoView {
    let l = use_locale();
    let (title, text) = match terms.admission {
        Admission::Open | Admission::Invited => {
            let lead = match terms.admission {
                Admission::Invited => text!(l, register.invited_lead),
                _ => text!(l, register.lead),
            };
            return view! {
                <p class="entry__lead">{lead}</p>
                <RegisterForm terms act way />
            }
            .into_any();
        }
        Admission::InviteOnly => (text!(l, register.invite_only), text!(l, register.invite_only_text)),
        Admission::Closed => (text!(l, register.closed), text!(l, error.registration_closed)),
        Admission::NotValid => (text!(l, register.not_valid), text!(l, error.invite_not_valid)),
    };
    view! { <Empty title text /> }.into_any()
}

#[component]
fn RegisterForm(terms: Terms, act: Act<Register>, way: Way) -> impl IntoView {
    let l = use_locale();
    let Way { invite, return_to } = way;
    let error = Signal::derive(move || act.value().get().and_then(Result::err));
    let length = password_min_length();
    let at =
        move |field| Signal::derive(move || error.get().and_then(|error| texts::at_field(l, &error, field, length)));
    let fixed = terms.email.is_some();
    let hint = if fixed { text!(l, register.invited_email_hint) } else { "" };
    let name = Some(terms.display_name).filter(|name| !name.is_empty());
    view! {
        <ActForm act page=paths::register(&invite, &return_to.get_untracked()) class="form">
            <input type="hidden" name="return_to" value=move || return_to.get() />
            <input type="hidden" name="invite" value=invite />
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
                value=Signal::stored(name)
                error=at("display_name")
            />
            <TextField
                name="email"
                label=text!(l, field.email)
                kind="email"
                autocomplete="username"
                hint
                fixed
                value=Signal::stored(terms.email)
                error=at("email")
            />
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
