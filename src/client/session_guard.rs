//! The hook that guards a page's session: it wires clock, events and tabs to the guard, and takes all of it away again.

use std::time::Duration;

use leptos::prelude::*;

use super::{
    guard::Guard,
    idle_timer::{watch_acts, watch_wakes},
    listeners::keep,
    live_events, tab_sync,
};
use crate::{
    api::session::{CurrentSession, SessionEnds},
    domain::session::EndReason,
};

const TICK: Duration = Duration::from_secs(1);

/// The end of a session.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    pub reason: EndReason,
    /// By the browser's clock; before now where the page slept through it.
    pub at: i64,
}

/// What the guard tells the page.
#[derive(Clone, Copy, Debug)]
pub struct GuardEvents {
    /// The session is over: what is private goes, and the page says why.
    pub on_ended: Callback<Ended>,
    /// The person signed out in another tab, which is told apart from an end they may not have wanted.
    pub on_left: Callback<()>,
    /// The same person may have another session by now (signed in again in another tab, or the page comes from the
    /// browser's back/forward cache), or another role: load the session anew.
    pub on_back: Callback<()>,
}

/// What a page may show and do.
#[derive(Clone, Copy, Debug)]
pub struct SessionGuard {
    /// Seconds until the idle end, while the warning stands.
    pub warning_left_secs: Signal<Option<u64>>,
    /// The last attempt to reach the server failed.
    pub offline: Signal<bool>,
    /// The latest ends. The session resource is not loaded anew when they move, so no page renders again.
    pub ends: Signal<Option<SessionEnds>>,
    /// The answer to the warning.
    pub stay: Callback<()>,
    /// Signs out and goes to the sign-in page.
    pub sign_out: Callback<()>,
}

/// Guards `session`. To be called once, beside the routes. On the server it sets up signals and nothing else.
pub fn use_session_guard(session: Signal<Option<CurrentSession>>, events: GuardEvents) -> SessionGuard {
    let guard = Guard::new(events);

    Effect::new(move |_| {
        tab_sync::listen(move |letter| guard.hear(letter));
        on_cleanup(tab_sync::hush);
    });
    Effect::new(move |_| match session.get() {
        Some(session) => guard.receive(&session),
        None => guard.stop(),
    });
    Effect::new(move |_| {
        if guard.running.get() {
            keep(watch_acts(move |now| guard.act(now)));
            keep(watch_wakes(move |wake| guard.wake(wake)));
            keep(live_events::begin());
            if let Ok(interval) = set_interval_with_handle(move || guard.tick(), TICK) {
                on_cleanup(move || interval.clear());
            }
        }
    });

    SessionGuard {
        warning_left_secs: guard.left_secs.into(),
        offline: guard.offline.into(),
        ends: guard.ends.into(),
        stay: Callback::new(move |()| guard.stay()),
        sign_out: Callback::new(move |()| guard.sign_out()),
    }
}
