//! Renewing the access token, one at a time: within this tab by one shared flight, over all tabs by turns.
//!
//! Where tabs can't keep apart they renew beside each other; the rotation contract (R1, R2) gives both the same successor.

use std::{cell::RefCell, future::Future};

use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};

use super::{
    dom,
    flight::Flight,
    tab_sync::{self, News},
    turn,
};
use crate::api::{
    ApiError, ApiResult,
    session::{SessionEnds, current_session, refresh},
};

const TURN: &str = "sekisho-refresh";
/// A renewal without an answer for this long is given up; repeating it is harmless.
const ANSWER_MS: i32 = 10_000;
/// How soon it is looked again for the reply to another tab's act that replaces the credential.
const AGAIN_MS: i32 = 400;
/// For another tab's refresh and our own; then we go on without the turn (whoever has it may be frozen).
const TURN_MS: i32 = 2 * ANSWER_MS + 2_000;

/// Ends as some tab of this browser heard them. `at` is when it asked, by the clock all its tabs share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    pub at: i64,
    pub ends: SessionEnds,
}

impl Received {
    /// The server named the ends after `asked_at` and before now. They are counted from the former, or from now where the clock
    /// was set back in between: a sleep or a jump of the clock during the call moves no end further away.
    #[must_use]
    pub fn asked_at(asked_at: i64, ends: SessionEnds) -> Self {
        Self { at: asked_at.min(dom::now_ms()), ends }
    }
}

type Outcome = ApiResult<Received>;

thread_local! {
    static FLIGHT: RefCell<Option<Flight<Outcome>>> = const { RefCell::new(None) };
    static LATEST: RefCell<Option<Received>> = const { RefCell::new(None) };
}

/// Remembers the ends with the latest access end, so that no tab renews what another has renewed.
pub fn note(received: &Received) {
    if received.ends.access_ends_at > known_end() {
        LATEST.replace(Some(received.clone()));
    }
}

/// Another session begins or none is left.
pub fn forget() {
    LATEST.take();
}

/// The latest access end heard of, on the server's clock.
#[must_use]
pub fn known_end() -> i64 {
    LATEST.with_borrow(|latest| latest.as_ref().map_or(i64::MIN, |received| received.ends.access_ends_at))
}

/// A token that ends later than `known_end`: one heard of meanwhile, or a new one.
///
/// # Errors
/// `signed_out` when the server says so (the guards of all tabs are told), `throttled`, `unavailable`, `offline`.
pub async fn renew(known_end: i64) -> Outcome {
    if let Some(received) = newer_than(known_end) {
        return Ok(received);
    }
    let flight = FLIGHT.with_borrow_mut(|flight| flight.get_or_insert_with(|| take_off(known_end)).clone());
    flight.await
}

fn newer_than(known_end: i64) -> Option<Received> {
    LATEST.with_borrow(|latest| latest.clone().filter(|received| received.ends.access_ends_at > known_end))
}

fn take_off(known_end: i64) -> Flight<Outcome> {
    let flight = Flight::new();
    let landing = flight.clone();
    // On its own, so that it ends well although the caller may be gone by then.
    spawn_local(async move {
        let outcome = in_turn(known_end).await;
        FLIGHT.take();
        landing.land(outcome);
    });
    flight
}

async fn in_turn(known_end: i64) -> Outcome {
    let turn = turn::hold(TURN, move || async move {
        match newer_than(known_end) {
            Some(received) => Ok(received),
            None => fetch(known_end).await,
        }
    });
    match dom::within(TURN_MS, turn).await.flatten() {
        Some(outcome) => outcome,
        None => fetch(known_end).await,
    }
}

async fn fetch(known_end: i64) -> Outcome {
    let session_id = tab_sync::session_id();
    let reply = dom::within(ANSWER_MS, ends_after(known_end)).await.unwrap_or(Err(ApiError::Offline));
    // A sign-out overtook it: nobody is told, and the guard that began it has stopped.
    let counts = tab_sync::session_id() == session_id;
    match reply {
        Ok(received) => {
            if counts {
                note(&received);
                tab_sync::tell_others(News::Ends(received.clone()));
            }
            Ok(received)
        }
        Err(ApiError::SignedOut { reason }) if counts => {
            tab_sync::tell_all(News::SignedOut { reason });
            Err(ApiError::SignedOut { reason })
        }
        Err(error) => Err(error),
    }
}

/// Makes a call that replaces the credential, in turn with the renewals of all tabs: a reply of theirs that came after its own
/// would put the former credential back into the jar.
///
/// # Errors
/// Those of the call.
pub async fn replacing<T: Clone + 'static>(call: impl Future<Output = ApiResult<T>> + 'static) -> ApiResult<T> {
    let (answered, landing) = Flight::shared();
    spawn_local(async move {
        let (ours, begun) = Flight::shared();
        let (done, finished) = Flight::shared();
        spawn_local(async move {
            let begun_in_turn = begun.clone();
            let hold = move || async move {
                begun_in_turn.land(());
                done.await;
            };
            turn::hold(TURN, hold).await;
            // where tabs have no way to keep apart it goes without
            begun.land(());
        });
        dom::within(TURN_MS, ours).await;
        let reply = call.await;
        finished.land(());
        landing.land(reply);
    });
    answered.await
}

async fn ends_after(known_end: i64) -> Outcome {
    loop {
        match ends_now_after(known_end).await {
            // Another tab's act has replaced the credential; the reply to it brings this browser the new one.
            Err(ApiError::Renew) => dom::sleep(AGAIN_MS).await,
            outcome => return outcome,
        }
    }
}

/// Asks before it renews. Cookies are what tabs share at once, while the news of the tab that went before us may come
/// after our turn has.
async fn ends_now_after(known_end: i64) -> Outcome {
    let asked_at = dom::now_ms();
    match current_session().await {
        Ok(session) if session.ends.access_ends_at > known_end => {
            return Ok(Received::asked_at(asked_at, session.ends));
        }
        Err(ApiError::Offline) => return Err(ApiError::Offline),
        _ => {}
    }
    let asked_at = dom::now_ms();
    refresh().await.map(|ends| Received::asked_at(asked_at, ends))
}
