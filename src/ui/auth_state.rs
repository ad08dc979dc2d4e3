//! Who is signed in, for every component: one read of the session per page, and the fact that it has ended.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    api::{
        ApiError, ApiResult,
        session::{CurrentSession, current_session},
    },
    client::{Ended, call::with_renewal, dom, kept_forms, sign_out::leaving},
    domain::{
        kept_forms::{may_go_on, still_kept},
        session::EndReason,
    },
    ui::fetch::Private,
};

#[derive(Clone, Copy)]
pub struct AuthState {
    session: Private<CurrentSession>,
    version: RwSignal<u32>,
    ended: RwSignal<Option<EndReason>>,
    account: RwSignal<Option<Account>>,
    last: StoredValue<Option<Last>>,
    back: RwSignal<bool>,
}

/// As whom one may sign in again over the page.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    pub email: String,
    pub remembered: bool,
    /// By the browser's clock.
    ended_at: i64,
}

/// What is known of the session that has ended.
#[derive(Clone)]
struct Last {
    user_id: String,
    session_id: String,
    idle_timeout_ms: Option<i64>,
}

/// Provides the state. In `App`, once.
pub fn provide_auth_state() -> AuthState {
    let version = RwSignal::new(0);
    let session = Resource::new_with_options(move || version.get(), |_| with_renewal(current_session), true);
    let state = AuthState {
        session,
        version,
        ended: RwSignal::new(None),
        account: RwSignal::new(None),
        last: StoredValue::new(None),
        back: RwSignal::new(false),
    };
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

    /// It has been read.
    pub fn receive(&self, session: CurrentSession) {
        self.session.set(Some(Ok(session)));
    }

    /// `Some` once this page's session ended.
    pub fn ended(&self) -> RwSignal<Option<EndReason>> {
        self.ended
    }

    /// As whom one may sign in again, while what was typed is kept for them.
    pub fn account(&self) -> RwSignal<Option<Account>> {
        self.account
    }

    /// The session of this page has ended and another one of the same person has begun.
    pub fn back(&self) -> RwSignal<bool> {
        self.back
    }

    /// The session of this page, as known last, is over. What was typed is kept for its user if they may go on.
    pub fn end(&self, ended: Ended, known: Option<CurrentSession>) {
        if let Some(session) = known {
            let idle = i64::try_from(session.timers.idle_timeout_ms).ok().filter(|idle| *idle > 0);
            let CurrentSession { user, session_id, remembered, .. } = session;
            if may_go_on(ended.reason) && !leaving() && still_kept(ended.at, dom::now_ms()) {
                kept_forms::keep(ended.at);
                self.account.set(Some(Account { email: user.email, remembered, ended_at: ended.at }));
            }
            self.last.set_value(Some(Last { user_id: user.id, session_id, idle_timeout_ms: idle }));
        }
        self.set_ended(ended.reason);
    }

    /// Takes the private content off the page and says why. The first reason stays.
    pub fn set_ended(&self, reason: EndReason) {
        // In a task of its own: this often runs in the middle of an answer whose readers have yet to be told, and
        // they must not find their page gone.
        let state = *self;
        set_timeout(
            move || {
                state.back.set(false);
                state.ended.update(|ended| *ended = ended.or(Some(reason)));
                state.session.set(Some(Err(ApiError::SignedOut { reason })));
            },
            Duration::ZERO,
        );
    }

    /// There is nobody to wait for: what was kept goes, and with it the offer to go on.
    pub fn give_up(&self) {
        kept_forms::forget();
        self.account.set(None);
    }

    /// Gives up once the time is over for which anything is kept.
    pub fn lapse(&self) {
        let now = dom::now_ms();
        if self
            .account
            .with_untracked(|account| account.as_ref().is_some_and(|account| !still_kept(account.ended_at, now)))
        {
            self.give_up();
        }
    }

    /// A session has been read after the end: of the same person it brings the page back, of another one nothing may be left.
    pub fn come_back(&self, session: &CurrentSession) {
        match self.last.get_value() {
            // an answer that was under way when it ended
            Some(last) if last.session_id == session.session_id => {
                return self.session.set(Some(Err(ApiError::SignedOut { reason: EndReason::None })));
            }
            Some(last) if last.user_id != session.user.id => {
                self.give_up();
                return dom::reload();
            }
            _ => {}
        }
        kept_forms::come_back();
        self.back.set(true);
        self.ended.set(None);
        // once what asked for it has left the page
        let account = self.account;
        set_timeout(move || account.set(None), Duration::ZERO);
    }

    /// Ends the page if an answer says that its session is over.
    pub fn heed<T>(&self, answer: &ApiResult<T>) {
        if let Err(ApiError::SignedOut { reason }) = answer {
            self.set_ended(*reason);
        }
    }

    /// The idle timeout of the session that ended, in milliseconds, where there was one.
    pub fn idle_timeout_ms(&self) -> Option<i64> {
        self.last.with_value(|last| last.as_ref()?.idle_timeout_ms)
    }
}
