//! What a page shows when it has nothing to show: still reading, nothing there, unreachable, not allowed, over.

use std::borrow::Cow;

use leptos::prelude::*;

use crate::{
    api::ApiError,
    client::{dom, sign_out::leaving},
    domain::session::EndReason,
    i18n::td_string as text,
    platform,
    ui::{
        auth_state::use_auth_state,
        components::{page_title::PageTitle, seal::Seal, words::WordsAfterEnd},
        locale::use_locale,
        paths, texts,
    },
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

/// What stands on the page of one thing that is missing, or could not be read.
pub fn unread(error: &ApiError, missing: &'static str, missing_text: &'static str) -> AnyView {
    if *error != ApiError::NotFound {
        return view! {
            <PageTitle text=texts::error_title(use_locale(), error) />
            <ErrorState error=error.clone() />
        }
        .into_any();
    }
    platform::set_not_found();
    view! {
        <PageTitle text=missing />
        <h1 class="visually-hidden">{missing}</h1>
        <Empty title=missing text=missing_text />
    }
    .into_any()
}

/// A page that is only a message: the seal, a heading, a text, and beneath them the one way on.
#[component]
fn CardPage(
    title: &'static str,
    #[prop(into)] text: Cow<'static, str>,
    /// Class of the seal.
    #[prop(default = "seal--ink")]
    seal: &'static str,
    /// `alert` where it takes the place of a page.
    #[prop(optional)]
    role: Option<&'static str>,
    /// What stands beneath the text.
    #[prop(optional, into)]
    more: Option<AnyView>,
    /// The way on.
    children: Children,
) -> impl IntoView {
    view! {
        <PageTitle text=title />
        <section class="card-page" role=role>
            <div class="card-page__mark">
                <Seal class=seal />
            </div>
            <h1 class="card-page__title" tabindex="-1">
                {title}
            </h1>
            <p class="card-page__text">{text}</p>
            {more}
            <p class="card-page__action">{children()}</p>
        </section>
    }
}

/// The same as [`ErrorState`] when it is the whole page.
#[component]
pub fn ErrorPage(error: ApiError) -> impl IntoView {
    let l = use_locale();
    view! {
        <CardPage title=texts::error_title(l, &error) text=texts::error(l, &error) role="alert">
            <a class="button button--primary" href=paths::here() rel="external">
                {text!(l, error.retry)}
            </a>
        </CardPage>
    }
}

/// Takes the place of everything private once the session of this page has ended.
#[component]
pub fn EndedCard(reason: EndReason) -> impl IntoView {
    let l = use_locale();
    let idle = use_auth_state().idle_timeout_ms();
    let sign_in = paths::login(&paths::here(), EndReason::None);
    let way_on = sign_in.clone();
    Effect::new(move |_| {
        // what had the focus has just left the page
        dom::focus_heading();
        // Without a reason there is nothing to explain; after one's own sign-out there is nothing to come back to either.
        if reason == EndReason::None && !leaving() {
            dom::go_to(&sign_in);
        }
    });
    view! {
        <CardPage
            title=texts::reason_title(l, reason)
            text=texts::reason_text(l, reason, idle)
            seal=""
            role="alert"
            more=view! { <WordsAfterEnd reason /> }.into_any()
        >
            <a class="button button--primary" href=way_on rel="external">
                {text!(l, ended.button)}
            </a>
        </CardPage>
    }
}

/// A page of its own for "not allowed" and "not here".
#[component]
pub fn MessagePage(title: &'static str, #[prop(into)] text: Cow<'static, str>, action: &'static str) -> impl IntoView {
    view! {
        <CardPage title text>
            <a class="button button--quiet" href=paths::HOME>
                {action}
            </a>
        </CardPage>
    }
}
