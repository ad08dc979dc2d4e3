//! Being told at once: the stream of `GET /events`, one for all tabs of this browser.
//!
//! The tab whose turn it is has the stream and passes on what it hears; when it goes, another takes over. Over HTTP/1.1 a
//! browser opens six connections to a host: a stream for each tab would starve the seventh. Where tabs can't keep
//! apart there is no stream, and pages learn by what they ask.
//!
//! Only the server's word ends a session. A stream that breaks off is opened again, one that is refused asks why.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use leptos::{prelude::window, task::spawn_local};
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;
use web_sys::{Event, EventSource, MessageEvent};

use super::{
    call::with_renewal,
    dom,
    flight::Flight,
    listeners::Listener,
    sign_out::leaving,
    silent_refresh,
    tab_sync::{self, News},
    turn,
};
use crate::{
    api::{
        ApiError,
        events::{Changed, What},
        session::current_session,
    },
    domain::{backoff::Reconnect, session::EndReason},
};

const PATH: &str = "/events";
const TURN: &str = "sekisho-events";
/// A page that is younger than this shows what it was loaded with; an older one missed what happened while nobody listened.
const YOUNG_MS: i64 = 3_000;
/// Another tab signs out or in again: its own word for that comes before we ask.
const OWN_WORD_MS: i32 = 1_000;

/// This tab's turn to listen, or its place in the queue for it; given up when this is dropped.
pub struct Turn(Rc<Listening>);

/// Begins to listen for the session of this page.
#[must_use]
pub fn begin() -> Turn {
    let listening =
        Rc::new(Listening { begun_at: dom::now_ms(), given_up: Cell::new(false), step: RefCell::default() });
    let turn = Turn(Rc::clone(&listening));
    spawn_local(async move {
        turn::hold(TURN, move || listening.keep_open()).await;
    });
    turn
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.given_up.set(true);
        if let Some(step) = self.0.step.take() {
            step.land(Came::Off);
        }
    }
}

struct Listening {
    begun_at: i64,
    given_up: Cell<bool>,
    /// What is waited for.
    step: RefCell<Option<Flight<Came>>>,
}

/// What a stream, or the pause after it, came to.
#[derive(Clone, Copy)]
enum Came {
    /// It broke off, or there is no need to wait on.
    Off,
    /// The server refused it, and a stream does not say why.
    Refused,
    Renew,
    Ended(EndReason),
}

impl Listening {
    async fn keep_open(self: Rc<Self>) {
        let mut reconnect = Reconnect::default();
        while !self.given_up.get() {
            let asked_at = dom::now_ms();
            let came = self.listen().await;
            self.act_on(came).await;
            if self.given_up.get() {
                return;
            }
            let pause = reconnect.pause_after(dom::now_ms() - asked_at, dom::random());
            self.rest(pause).await;
        }
    }

    fn next_step(&self) -> Flight<Came> {
        let step = Flight::new();
        self.step.replace(Some(step.clone()));
        step
    }

    async fn listen(&self) -> Came {
        let Ok(source) = EventSource::new(PATH) else { return Came::Off };
        let step = self.next_step();
        let is_young = dom::now_ms() - self.begun_at < YOUNG_MS;
        let (broke, failed) = (step.clone(), source.clone());
        let (renew, ended) = (step.clone(), step.clone());
        let _heard = [
            Listener::new(&source, "open", move |_| {
                if !is_young {
                    tab_sync::tell_all(News::Changed { what: What::Devices });
                    tab_sync::tell_all(News::Changed { what: What::Users });
                }
            }),
            Listener::new(&source, "changed", |event| {
                if let Some(Changed { what }) = data(&event) {
                    tab_sync::tell_all(News::Changed { what });
                }
            }),
            Listener::new(&source, "renew", move |_| renew.land(Came::Renew)),
            Listener::new(&source, "ended", move |event| {
                if let Some(ApiError::SignedOut { reason }) = data(&event) {
                    ended.land(Came::Ended(reason));
                }
            }),
            Listener::new(&source, "error", move |_| {
                let refused = failed.ready_state() == EventSource::CLOSED;
                broke.land(if refused { Came::Refused } else { Came::Off });
            }),
        ];
        let came = step.await;
        // It would connect again by itself, at its own pace.
        source.close();
        came
    }

    async fn act_on(&self, came: Came) {
        match came {
            Came::Off => {}
            Came::Renew => ask(true).await,
            Came::Refused => ask(false).await,
            // Somebody left in this browser: they signed out, or in again, and a tab of it knows which.
            Came::Ended(EndReason::None) => {
                dom::sleep(OWN_WORD_MS).await;
                if !self.given_up.get() && !leaving() {
                    ask(true).await;
                }
            }
            Came::Ended(reason) => tab_sync::tell_all(News::SignedOut { reason }),
        }
    }

    /// Waits, less long where the network returns.
    async fn rest(&self, ms: i64) {
        let step = self.next_step();
        let returned = step.clone();
        let _online = Listener::new(&window(), "online", move |_| returned.land(Came::Off));
        dom::within(i32::try_from(ms).unwrap_or(i32::MAX), step).await;
    }
}

/// Asks the server for the session, with a new token where one is due, which ends the page if its session is over.
/// Where there is a new token, or `always`, every tab reads the session anew.
async fn ask(always: bool) {
    let known_end = silent_refresh::known_end();
    let lives = with_renewal(current_session).await.is_ok();
    if lives && (always || silent_refresh::known_end() != known_end) {
        tab_sync::tell_all(News::Renewed);
    }
}

fn data<T: DeserializeOwned>(event: &Event) -> Option<T> {
    let text = event.dyn_ref::<MessageEvent>()?.data().as_string()?;
    serde_json::from_slice(text.as_bytes()).ok()
}
