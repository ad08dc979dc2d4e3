//! What takes the place of everything private once the session of a page has ended: a modal `<dialog>` in which the same
//! person signs in again, to find the page as it was. It never gives way to what was there: Esc cancels, and that
//! leads to the sign-in page.
//!
//! Where there is nothing to go on with (the account is closed, the person left, or the time is over) it is a card.

use leptos::{either::Either, ev, html, prelude::*, task::spawn_local};

use crate::{
    api::{
        ApiError,
        auth::{Login, SignedIn},
        session::current_session,
    },
    client::{dom, kept_forms},
    domain::{kept_forms::KEPT_FOR_MS, session::EndReason},
    i18n::td_string as text,
    ui::{
        act::{ActForm, effect, on_success, use_act},
        auth_state::{Account, use_auth_state},
        components::{
            alert::ErrorSlot, field::PasswordField, page_title::PageTitle, states::EndedCard, words::WordsAfterEnd,
        },
        locale::use_locale,
        pages::sign_in::refusal,
        paths, texts,
    },
};

#[component]
pub fn AfterEnd(reason: EndReason) -> impl IntoView {
    let auth = use_auth_state();
    move || match auth.account().get() {
        Some(account) => Either::Left(view! { <SignInAgain account reason /> }),
        None => Either::Right(view! { <EndedCard reason /> }),
    }
}

#[component]
fn SignInAgain(account: Account, reason: EndReason) -> impl IntoView {
    let l = use_locale();
    let auth = use_auth_state();
    let here = paths::here();
    let way_out = paths::login(&here, reason);
    let dialog = NodeRef::<html::Dialog>::new();
    open(dialog);
    let leave = {
        let way_out = way_out.clone();
        move || {
            // the page may be kept by the browser for the way back
            auth.give_up();
            dom::go_to(&way_out);
        }
    };
    let cancel = {
        let leave = leave.clone();
        move |event: ev::Event| {
            event.prevent_default();
            leave();
        }
    };
    // A browser may close it over our head, when Esc is pressed twice.
    let close = move |_| leave();
    view! {
        <PageTitle text=texts::reason_title(l, reason) />
        // what stands behind it, in place of the page
        <div class="loading" aria-hidden="true">
            <div class="loading__line"></div>
            <div class="loading__line"></div>
            <div class="loading__line"></div>
        </div>
        <dialog
            class="dialog sign-in-again"
            role="alertdialog"
            aria-labelledby="again-title"
            aria-describedby="again-text ended-words again-kept"
            node_ref=dialog
            on:cancel=cancel
            on:close=close
        >
            <h2 class="dialog__title" id="again-title">
                {texts::reason_title(l, reason)}
            </h2>
            <p class="dialog__body" id="again-text">
                {texts::reason_text(l, reason, auth.idle_timeout_ms())}
            </p>
            <WordsAfterEnd reason />
            <Form account here way_out />
            <p class="sign-in-again__kept" id="again-kept">
                {text!(l, again.kept, minutes = KEPT_FOR_MS / 60_000)}
            </p>
        </dialog>
    }
}

#[component]
fn Form(account: Account, here: String, way_out: String) -> impl IntoView {
    let l = use_locale();
    let auth = use_auth_state();
    let act = use_act::<Login>();
    let (reading, unread) = (RwSignal::new(false), RwSignal::new(None::<ApiError>));
    on_success(act, move |_: SignedIn| {
        reading.set(true);
        spawn_local(async move {
            let session = current_session().await;
            // a page that has come back by another tab's sign-in is gone by now
            reading.try_set(false);
            match session {
                Ok(session) => auth.receive(session),
                Err(error) => drop(unread.try_set(Some(error))),
            }
        });
    });
    let refused = refusal(act);
    effect(Box::new(move || {
        if refused.get().is_some() && act.version().get() > 0 {
            request_animation_frame(|| dom::focus_at("#password"));
        }
    }));
    let error = Signal::derive(move || refused.get().or_else(|| unread.get()));
    let busy = move || act.pending().get() || reading.get();
    view! {
        <ActForm act page=way_out.clone() class="form dialog__form">
            <ErrorSlot error />
            <p class="sign-in-again__account">
                <span>{text!(l, again.account)}</span>
                " "
                <strong>{account.email.clone()}</strong>
            </p>
            <input
                class="visually-hidden"
                type="text"
                name="email"
                autocomplete="username"
                value=account.email
                readonly
                tabindex="-1"
                aria-hidden="true"
            />
            <input type="hidden" name="remember" value=if account.remembered { "true" } else { "" } />
            <input type="hidden" name="return_to" value=here />
            <PasswordField
                name="password"
                label=text!(l, field.password)
                autocomplete="current-password"
                autofocus=true
            />
            <div class="dialog__actions">
                <button class="button button--primary" type="submit" disabled=busy>
                    {move || if busy() { text!(l, login.busy) } else { text!(l, login.submit) }}
                </button>
                <a class="button button--quiet" href=way_out rel="external" on:click=|_| kept_forms::forget()>
                    {text!(l, again.other)}
                </a>
            </div>
        </ActForm>
    }
}

/// Shows the dialog above everything; the browser then puts the focus into it and keeps it there.
fn open(dialog: NodeRef<html::Dialog>) {
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get().filter(|dialog| !dialog.open()) {
            // Refused only where the element has left the document.
            drop(dialog.show_modal());
        }
    });
}
