//! What a page shows when it has nothing to show: still reading, nothing there, unreachable, not allowed, over.

use leptos::prelude::*;

use crate::{
    api::ApiError,
    domain::session::EndReason,
    i18n::td_string as text,
    ui::{auth_state::use_auth_state, components::seal::Seal, locale::use_locale, paths, texts},
};

/// Holds the place of what is being read. It stays invisible for a moment, so that a quick answer does not flicker.
#[component]
pub fn Loading() -> impl IntoView {
    let l = use_locale();
    view! {
        <div class="loading" role="status">
            <span class="visually-hidden">{text!(l, loading.text)}</span>
            <div class="loading__line" aria-hidden="true"></div>
            <div class="loading__line" aria-hidden="true"></div>
            <div class="loading__line" aria-hidden="true"></div>
        </div>
    }
}

/// A list without entries.
#[component]
pub fn Empty(#[prop(into)] title: String, #[prop(into)] text: String) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty__title">{title}</p>
            <p class="empty__text">{text}</p>
        </div>
    }
}

/// A part of a page that could not be read, with a way to try again: the same address, so it needs no script.
#[component]
pub fn ErrorState(error: ApiError) -> impl IntoView {
    let l = use_locale();
    view! {
        <section class="empty" role="alert">
            <h2 class="empty__title">{texts::error_title(l, &error)}</h2>
            <p class="empty__text">{texts::error(l, &error)}</p>
            <p class="empty__action">
                <a class="button button--quiet" href=paths::here() rel="external">
                    {text!(l, error.retry)}
                </a>
            </p>
        </section>
    }
}

/// The same when it is the whole page.
#[component]
pub fn ErrorPage(error: ApiError) -> impl IntoView {
    let l = use_locale();
    let title = texts::error_title(l, &error);
    view! {
        <leptos_meta::Title text=title />
        <section class="card-page" role="alert">
            <div class="card-page__mark">
                <Seal class="seal--ink" />
            </div>
            <h1 class="card-page__title" tabindex="-1">
                {title}
            </h1>
            <p class="card-page__text">{texts::error(l, &error)}</p>
            <p class="card-page__action">
                <a class="button button--primary" href=paths::here() rel="external">
                    {text!(l, error.retry)}
                </a>
            </p>
        </section>
    }
}

/// Takes the place of everything private once the session of this page has ended.
#[component]
pub fn EndedCard(reason: EndReason) -> impl IntoView {
    let l = use_locale();
    let idle = use_auth_state().idle_timeout_ms();
    let heading = NodeRef::<leptos::html::H1>::new();
    Effect::new(move |_| {
        if reason == EndReason::None {
            // Signed out at one's own wish, here or in another tab: there is nothing to explain.
            crate::client::dom::go_to(paths::LOGIN);
        }
    });
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            // what had the focus has just left the page
            let _ = heading.focus();
        }
    });
    view! {
        <leptos_meta::Title text=texts::reason_title(l, reason) />
        <section class="card-page" role="alert">
            <div class="card-page__mark">
                <Seal />
            </div>
            <h1 class="card-page__title" tabindex="-1" node_ref=heading>
                {texts::reason_title(l, reason)}
            </h1>
            <p class="card-page__text">{texts::reason_text(l, reason, idle)}</p>
            <p class="card-page__action">
                <a class="button button--primary" href=paths::login(&paths::here(), EndReason::None) rel="external">
                    {text!(l, ended.button)}
                </a>
            </p>
        </section>
    }
}

/// A page of its own for "not allowed" and "not here".
#[component]
pub fn MessagePage(title: &'static str, #[prop(into)] text: String, action: &'static str) -> impl IntoView {
    view! {
        <leptos_meta::Title text=title />
        <section class="card-page">
            <div class="card-page__mark">
                <Seal class="seal--ink" />
            </div>
            <h1 class="card-page__title" tabindex="-1">
                {title}
            </h1>
            <p class="card-page__text">{text}</p>
            <p class="card-page__action">
                <a class="button button--quiet" href=paths::HOME>
                    {action}
                </a>
            </p>
        </section>
    }
}
