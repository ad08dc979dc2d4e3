//! Guards the session of the page: mounted once, beside the routes.

use leptos::prelude::*;

use super::idle_dialog::IdleDialog;
use crate::{
    api::{ApiError, session::CurrentSession},
    client::{GuardEvents, use_session_guard},
    i18n::td_string as text,
    ui::{
        auth_state::{AuthState, use_auth_state},
        kept_page::use_kept_page,
        locale::use_locale,
    },
};

#[component]
pub fn SessionGuard() -> impl IntoView {
    let l = use_locale();
    let auth = use_auth_state();
    let session = known_session(auth);
    let guard = use_session_guard(
        session.into(),
        GuardEvents {
            on_ended: Callback::new(move |ended| auth.end(ended, session.get_untracked())),
            on_left: Callback::new(move |()| auth.give_up()),
            on_back: Callback::new(move |()| auth.reload()),
        },
    );
    return_with_next_session(auth, session);
    use_kept_page(auth);

    let answered = RwSignal::new(false);
    let warning = Memo::new(move |_| guard.warning_left_secs.get().is_some());
    let stay = Callback::new(move |()| {
        answered.set(true);
        guard.stay.run(());
    });
    view! {
        <IdleDialog left_secs=guard.warning_left_secs stay sign_out=guard.sign_out />
        <p class="visually-hidden" role="status">
            {move || (answered.get() && !warning.get()).then_some(text!(l, guard.staying))}
        </p>
        <p class="visually-hidden" role="status">
            {move || auth.back().get().then_some(text!(l, again.back))}
        </p>
        <div class="guard-note" role="status">
            {move || {
                let note = guard.offline.get() && auth.ended().get().is_none();
                note.then(|| view! { <p class="guard-note__text">{text!(l, guard.offline)}</p> })
            }}
        </div>
    }
}

/// The session as last known: not being able to ask is no sign-out.
fn known_session(auth: AuthState) -> Memo<Option<CurrentSession>> {
    Memo::new(move |before: Option<&Option<CurrentSession>>| match auth.session().get() {
        Some(Ok(session)) => Some(session),
        Some(Err(ApiError::SignedOut { .. })) => None,
        Some(Err(_)) | None => before.cloned().flatten(),
    })
}

/// A page whose session ended comes back when the same person has signed in again, here or elsewhere: with the next session, not
/// before.
fn return_with_next_session(auth: AuthState, session: Memo<Option<CurrentSession>>) {
    Effect::new(move |_| {
        if let Some(session) = session.get()
            && auth.ended().get_untracked().is_some()
        {
            auth.come_back(&session);
        }
    });
}
