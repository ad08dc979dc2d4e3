//! The head of every page: the mark, and either the ways in or the person's menu.

use leptos::{
    either::EitherOf3,
    ev::{FocusEvent, KeyboardEvent},
    html::Details,
    prelude::*,
};
use leptos_router::hooks::use_location;
use wasm_bindgen::JsCast;

use crate::{
    api::{ApiError, ApiResult, session::CurrentUser},
    domain::{program::Program, role::Action},
    i18n::td_string as text,
    platform::COMPILED,
    ui::{
        auth_state::use_auth_state,
        components::{icons::chevron_down, seal::Seal},
        locale::use_locale,
        pages::sign_out::SignOutForm,
        paths,
    },
};

/// Who the head of the page greets, as far as is known.
type Who = ApiResult<CurrentUser>;

#[component]
pub fn Header() -> impl IntoView {
    let l = use_locale();
    let auth = use_auth_state();
    view! {
        <header class="header">
            <div class="header__inner">
                <a class="brand" href=paths::HOME>
                    <Seal />
                    <span class="brand__name">{text!(l, brand.name)}</span>
                </a>
                <Transition>
                    {
                        let user = Memo::new(move |before: Option<&Option<Who>>| {
                            let now = auth.session().get().map(|session| session.map(|session| session.user));
                            match (&now, before) {
                                // not being able to ask again is no sign-out
                                (Some(Err(error)), Some(known @ Some(Ok(_)))) if error.end_reason().is_none() => {
                                    known.clone()
                                }
                                _ => now,
                            }
                        });
                        move || {
                            let ended = auth.ended().with(Option::is_some);
                            user.get()
                                .map(|user| match user {
                                    Ok(user) if !ended && COMPILED.has(Program::Person) => {
                                        EitherOf3::A(view! { <UserMenu user /> }.into_any())
                                    }
                                    Err(ApiError::SignedOut { .. }) if !ended => EitherOf3::B(view! { <WaysIn /> }),
                                    _ => EitherOf3::C(()),
                                })
                        }
                    }
                </Transition>
            </div>
        </header>
    }
}

#[component]
fn WaysIn() -> impl IntoView {
    let l = use_locale();
    view! {
        <nav class="header__nav" aria-label=text!(l, nav.main)>
            <a class="header__link" href=paths::REGISTER>
                {text!(l, nav.register)}
            </a>
            <a class="button button--quiet button--small" href=paths::LOGIN>
                {text!(l, nav.sign_in)}
            </a>
        </nav>
    }
}

/// A `<details>`, so that it opens without scripts. With them it also closes on Escape, on leaving it and on going
/// to another page.
#[component]
fn UserMenu(user: CurrentUser) -> impl IntoView {
    let l = use_locale();
    let details = NodeRef::<Details>::new();
    let close = move || {
        if let Some(details) = details.get_untracked() {
            details.set_open(false);
        }
    };
    let path = use_location().pathname;
    Effect::new(move |earlier: Option<String>| {
        let path = path.get();
        if earlier.is_some_and(|earlier| earlier != path) {
            close();
        }
        path
    });
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            close();
        }
    };
    let on_leave = move |event: FocusEvent| {
        let to = event.related_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        if !details.get_untracked().is_some_and(|details| details.contains(to.as_ref())) {
            close();
        }
    };
    // what is seen of it comes first: it is what people say who speak to their browser
    let label = [user.display_name.as_str(), ", ", text!(l, nav.menu)].concat();
    let initial = user.display_name.chars().next().map(|first| first.to_uppercase().to_string());
    view! {
        <details class="menu" node_ref=details on:keydown=on_key on:focusout=on_leave>
            <summary class="menu__button" aria-label=label>
                <span class="menu__initial" data-initial=initial aria-hidden="true"></span>
                <span class="menu__name">{user.display_name.clone()}</span>
                {chevron_down()}
            </summary>
            // focusable, so that a click inside does not count as leaving
            <div class="menu__panel" tabindex="-1">
                <p class="menu__who">
                    <strong>{user.display_name}</strong>
                    <span>{user.email}</span>
                </p>
                <nav aria-label=text!(l, nav.main)>
                    <a href=paths::HOME>{text!(l, nav.home)}</a>
                    <a href=paths::DEVICES>{text!(l, nav.devices)}</a>
                    <a href=paths::SECURITY>{text!(l, nav.security)}</a>
                    <a href=paths::ACCOUNT>{text!(l, nav.account)}</a>
                    {user
                        .role
                        .may(Action::ViewUsers)
                        .then(|| {
                            view! {
                                <hr />
                                <a href=paths::OVERVIEW>{text!(l, nav.overview)}</a>
                                <a href=paths::USERS>{text!(l, nav.users)}</a>
                                <a href=paths::AUDIT>{text!(l, nav.audit)}</a>
                            }
                        })}
                </nav>
                <SignOutForm class="menu__out" button="menu__sign-out" />
            </div>
        </details>
    }
}
