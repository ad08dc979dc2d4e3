//! The question for the password: a modal `<dialog>` over the page, which Esc gives up. A page that was loaded with the
//! question open (its act was sent without scripts) has it in its flow, as a plain form.

use std::borrow::Cow;

use leptos::{html, prelude::*};

use crate::{
    api::ApiError,
    client::dom,
    domain::step_up::PROOF_HOLDS,
    i18n::{Locale, td_string as text},
    ui::{
        act::{ActForm, effect},
        components::{
            alert::{Alert, Tone},
            field::PasswordField,
            hidden_name::HiddenName,
        },
        locale::use_locale,
        step_up::StepUp,
        texts,
    },
};

#[component]
pub fn StepUpDialog(
    question: StepUp,
    /// Where the page is: the way back without scripts.
    page: Signal<String>,
) -> impl IntoView {
    let l = use_locale();
    let dialog = NodeRef::<html::Dialog>::new();
    let from_the_start = question.asked.get_untracked();
    open_while(dialog, question.asked);
    view! {
        <dialog
            class="dialog"
            aria-labelledby="step-up-title"
            aria-describedby="step-up-text"
            open=from_the_start
            node_ref=dialog
            on:close=move |_| question.give_up()
        >
            <h2 class="dialog__title" id="step-up-title">
                {text!(l, step_up.title)}
            </h2>
            <p class="dialog__body" id="step-up-text">
                {text!(l, step_up.text, minutes = PROOF_HOLDS.as_secs() / 60)}
            </p>
            // only while it is asked, so that nothing typed is left behind
            {move || question.asked.get().then(|| view! { <Form question page=page.get_untracked() /> })}
        </dialog>
    }
}

#[component]
fn Form(question: StepUp, page: String) -> impl IntoView {
    let l = use_locale();
    let act = question.act;
    let error = Signal::derive(move || act.value().get().and_then(Result::err));
    let at_password = Signal::derive(move || error.get().and_then(|error| at_password(l, &error)));
    effect(Box::new(move || {
        if error.get().is_some() && act.version().get() > 0 {
            request_animation_frame(|| dom::focus_at("#password"));
        }
    }));
    view! {
        <ActForm act page class="form dialog__form">
            <div class="slot" role="alert">
                {move || {
                    let other = error.get().filter(|_| at_password.get().is_none());
                    other.map(|error| view! { <Alert tone=Tone::Bad text=texts::error(l, &error) /> })
                }}
            </div>
            <HiddenName />
            <PasswordField
                name="password"
                label=text!(l, field.password)
                autocomplete="current-password"
                autofocus=true
                error=at_password
            />
            <div class="dialog__actions">
                <button class="button button--primary" type="submit" disabled=move || act.pending().get()>
                    {move || if act.pending().get() { text!(l, step_up.busy) } else { text!(l, step_up.submit) }}
                </button>
                <button class="button button--quiet needs-script" type="button" on:click=move |_| question.give_up()>
                    {text!(l, step_up.cancel)}
                </button>
            </div>
        </ActForm>
    }
}

fn at_password(l: Locale, error: &ApiError) -> Option<Cow<'static, str>> {
    matches!(error, ApiError::InvalidCredentials).then(|| text!(l, step_up.wrong).into())
}

/// Shows the dialog above everything once what stands in it is there, and gives the focus back afterwards.
fn open_while(dialog: NodeRef<html::Dialog>, asked: RwSignal<bool>) {
    Effect::new(move |_| {
        let asked = asked.get();
        let Some(dialog) = dialog.get() else { return };
        request_animation_frame(move || match (asked, dialog.open()) {
            // Refused only where the element is not in the document.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => {
                dialog.close();
                dom::restore_focus();
            }
            (false, false) => dom::restore_focus(),
            (true, true) => {}
        });
    });
}
