//! The guard's conversations with the server, each on its own and each looking first whether its session is still guarded.
//!
//! The server has the last word on whether someone acted. The end itself does not wait for it: at the idle end the page is hidden at
//! once, the server is asked with a time limit, and only an end that was moved by an act elsewhere lets the page go on.
//! A failure of the network is never a sign-out.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use leptos::{prelude::*, task::spawn_local};

use super::{
    call::with_renewal,
    dom,
    guard::Guard,
    sign_out::sign_out,
    silent_refresh::{self, Received},
    tab_sync::{self, News},
    watch::access_ends,
};
use crate::{
    api::{
        ApiError, ApiResult,
        auth::logout,
        session::{current_session, touch},
    },
    domain::{idle_clock::Phase, refresh_schedule::Attempt, session::EndReason},
};

/// How long the server may take to say whether an idle session lives after all.
const ASK_MS: i32 = 4_000;
/// A session the server will end by itself within this time is left to it.
const NEARLY_OVER_MS: i64 = 5_000;
/// How soon a server that was out of reach is looked for again, and how seldom at last.
const FIRST_LOOK_MS: i32 = 2_000;
const LONGEST_PAUSE_MS: i32 = 60_000;

impl Guard {
    /// Signs out at the person's wish. When the server can't commit it the session lives on and the page says so.
    pub fn sign_out(self) {
        spawn_local(async move {
            let reply = sign_out().await;
            self.reached(&reply);
            if reply.is_ok() {
                self.stop();
            }
        });
    }

    pub(super) fn touch(self, session_id: String, acted_at: i64) {
        spawn_local(async move {
            let (asked_at, reply) = timed(move || touch((dom::now_ms() - acted_at).max(0).to_string())).await;
            self.reached(&reply);
            match reply {
                Ok(ends) => self.learn_and_tell(&session_id, Received::asked_at(asked_at, ends)),
                Err(_) => {
                    self.with(&session_id, |watch| watch.idle.touch_failed(acted_at));
                }
            }
        });
    }

    pub(super) fn renew(self, session_id: String, attempt: Attempt) {
        spawn_local(async move {
            let reply = silent_refresh::renew(silent_refresh::known_end()).await;
            self.reached(&reply);
            match reply {
                Ok(received) => {
                    let ends = access_ends(&received.ends);
                    self.with(&session_id, |watch| watch.schedule.renewed(attempt, received.at, ends, dom::random()));
                    self.learn(&session_id, &received);
                }
                Err(error) => {
                    let wish_ms = match error {
                        ApiError::Throttled { retry_after_secs } => retry_after_secs.saturating_mul(1_000),
                        _ => 0,
                    };
                    let now = dom::now_ms();
                    self.with(&session_id, |watch| watch.schedule.failed(attempt, now, wish_ms, dom::random()));
                }
            }
        });
    }

    /// The idle end has come by this page's clock. Someone may have acted where we did not hear it.
    pub(super) fn ask(self, session_id: String) {
        dom::set_checking(true);
        spawn_local(async move {
            match dom::within(ASK_MS, timed(current_session)).await {
                Some((_, Ok(session))) if session.session_id != session_id => {
                    self.events.on_back.try_run(());
                }
                Some((asked_at, Ok(session))) => {
                    self.settle(&session_id, Received::asked_at(asked_at, session.ends)).await;
                }
                // A `signed_out` has ended it already, with its own reason.
                _ => self.end(&session_id, EndReason::Idle),
            }
            dom::set_checking(false);
            if !self.running.get_untracked() {
                // what the end put on the page could not take the focus while it was hidden
                dom::focus_at("dialog[open] [autofocus], main h1");
            }
        });
    }

    async fn settle(self, session_id: &str, received: Received) {
        let left = received.ends.idle_ends_at.map_or(0, |end| end - received.ends.server_now);
        self.learn(session_id, &received);
        let now = dom::now_ms();
        if self.with(session_id, |watch| watch.idle.phase(now)) != Some(Phase::Ended) {
            return;
        }
        // Nobody acted anywhere, and by the clock in front of the person the time is up (theirs and the server's differ).
        // Then it ends for the server too: what the page says is gone must not come back with a reload.
        if left > NEARLY_OVER_MS {
            tab_sync::tell_others(News::SignedOut { reason: EndReason::Idle });
        }
        self.end(session_id, EndReason::Idle);
        if left > NEARLY_OVER_MS {
            // Without an answer the server's own end is what remains. Nobody can sign in before it is here or given up: it would
            // take the new cookies away.
            let _ = dom::within(ASK_MS, logout(String::new())).await;
        }
    }

    fn learn_and_tell(self, session_id: &str, received: Received) {
        self.learn(session_id, &received);
        if tab_sync::session_id().as_deref() == Some(session_id) {
            tab_sync::tell_others(News::Ends(received));
        }
    }

    pub(super) fn learn(self, session_id: &str, received: &Received) {
        let Received { at, ends } = received;
        let learned = self.with(session_id, |watch| {
            watch.idle.server_ends(*at, ends.server_now, ends.idle_ends_at);
            watch.schedule.heard(*at, access_ends(ends), dom::random());
        });
        if learned.is_some() {
            silent_refresh::note(received);
            self.ends.set(Some(ends.clone()));
            self.show();
        }
    }

    fn reached<T>(self, reply: &ApiResult<T>) {
        self.set_offline(matches!(reply, Err(ApiError::Offline | ApiError::Unavailable)));
    }

    /// Out of reach is no sign-out: the page says so, and looks out for the server until it is back.
    pub(super) fn set_offline(self, offline: bool) {
        if self.offline.try_get_untracked() == Some(!offline) {
            self.offline.set(offline);
            if offline {
                spawn_local(self.look_out());
            }
        }
    }

    async fn look_out(self) {
        let mut pause_ms = FIRST_LOOK_MS;
        while self.is_out_of_reach() {
            dom::sleep(jittered(pause_ms)).await;
            pause_ms = LONGEST_PAUSE_MS.min(pause_ms * 2);
            if self.is_out_of_reach() {
                self.look().await;
            }
        }
    }

    fn is_out_of_reach(self) -> bool {
        self.offline.try_get_untracked() == Some(true) && self.current(|_| ()).is_some()
    }

    /// The browser says that the network is back; the server has yet to answer.
    pub(super) fn look_again(self) {
        if self.is_out_of_reach() {
            spawn_local(self.look());
        }
    }

    async fn look(self) {
        let (asked_at, reply) = timed(current_session).await;
        self.reached(&reply);
        if let Ok(session) = reply {
            self.learn(&session.session_id, &Received::asked_at(asked_at, session.ends));
        }
    }
}

/// Between one and one and a half times as long, so that the tabs of an office don't all come back at once.
fn jittered(pause_ms: i32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "at most a minute and a half")]
    let more = (f64::from(pause_ms) * dom::random() / 2.0) as i32;
    pause_ms + more
}

/// Calls with renewal, and says when the call that was answered went out.
async fn timed<T, F, Fut>(call: F) -> (i64, ApiResult<T>)
where
    T: Send + 'static,
    F: Fn() -> Fut + Send + 'static,
    Fut: Future<Output = ApiResult<T>> + Send + 'static,
{
    let asked_at = Arc::new(AtomicI64::new(dom::now_ms()));
    let noted = Arc::clone(&asked_at);
    let reply = with_renewal(move || {
        noted.store(dom::now_ms(), Ordering::Relaxed);
        call()
    });
    let reply = reply.await;
    (asked_at.load(Ordering::Relaxed), reply)
}
