//! Who is signed in, for every component: one read of the session per page, and the fact that it has ended.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    api::{
        ApiError, ApiResult,
        session::{CurrentSession, current_session},
    },
    client::call::with_renewal,
    domain::session::EndReason,
    ui::fetch::Private,
};

#[derive(Clone, Copy)]
pub struct AuthState {
    session: Private<CurrentSession>,
    version: RwSignal<u32>,
    ended: RwSignal<Option<EndReason>>,
}

/// Provides the state. In `App`, once.
pub fn provide_auth_state() -> AuthState {
    let version = RwSignal::new(0);
    let session = Resource::new_with_options(move || version.get(), |_| with_renewal(current_session), true);
    let state = AuthState { session, version, ended: RwSignal::new(None) };
    provide_context(state);
    state
}

/// # Panics
/// Outside `App`.
pub fn use_auth_state() -> AuthState {
    expect_context()
}

impl AuthState {
    /// The session of this page, as the server described it last.
    pub fn session(&self) -> Private<CurrentSession> {
        self.session
    }

    /// Asks the server for it again.
    pub fn reload(&self) {
        self.version.update(|version| *version += 1);
    }

    /// `Some` once this page's session ended.
    pub fn ended(&self) -> RwSignal<Option<EndReason>> {
        self.ended
    }

    /// Takes the private content off the page and says why. The first reason stays.
    pub fn set_ended(&self, reason: EndReason) {
        // In a task of its own: this often runs in the middle of an answer whose readers have yet to be told, and
        // they must not find their page gone.
        let ended = self.ended;
        set_timeout(move || ended.update(|ended| *ended = ended.or(Some(reason))), Duration::ZERO);
    }

    /// Ends the page if an answer says that its session is over.
    pub fn heed<T>(&self, answer: &ApiResult<T>) {
        if let Err(ApiError::SignedOut { reason }) = answer {
            self.set_ended(*reason);
        }
    }

    /// The idle timeout of the session in milliseconds, where there is one.
    pub fn idle_timeout_ms(&self) -> Option<i64> {
        let session = self.session.get_untracked()?.ok()?;
        i64::try_from(session.timers.idle_timeout_ms).ok().filter(|idle| *idle > 0)
    }
}
