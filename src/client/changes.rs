//! Who on this page wants to know that something it shows is another now.
//!
//! A page that is not seen is told nothing; it is told once when it is seen again, whatever happened: so it is right
//! also where no stream tells it anything.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    time::Duration,
};

use leptos::{
    leptos_dom::helpers::IntervalHandle,
    prelude::{document, set_interval_with_handle},
};
use web_sys::VisibilityState;

use super::listeners::Listener;
use crate::api::events::What;

type Hear = Rc<dyn Fn()>;

/// How often what changes all the time is asked for.
const EVERY: Duration = Duration::from_secs(5);

thread_local! {
    static HEARERS: RefCell<Vec<(What, Hear)>> = const { RefCell::new(Vec::new()) };
}

/// Hears until it is dropped.
pub struct Hearer {
    hear: Hear,
    _seen: Option<Listener>,
}

/// Calls `hear` whenever `what` changed, and when the page is seen again.
pub fn hear(what: What, hear: Hear) -> Hearer {
    HEARERS.with_borrow_mut(|hearers| hearers.push((what, Rc::clone(&hear))));
    let again = Rc::clone(&hear);
    let seen = Listener::new(&document(), "visibilitychange", move |_| {
        if is_seen() {
            again();
        }
    });
    Hearer { hear, _seen: seen }
}

/// Asks until it is dropped.
pub struct Poll {
    interval: Option<IntervalHandle>,
    _ask: Hear,
    _seen: Option<Listener>,
}

/// Calls `ask` every few seconds while the page is seen, and when it is seen again.
pub fn poll(ask: Hear) -> Poll {
    // The interval doesn't keep it: one that can't be cleared, as where something has replaced the timers, asks no more.
    let (by_time, by_sight) = (Rc::downgrade(&ask), Rc::downgrade(&ask));
    let call = |ask: &Weak<dyn Fn()>| {
        if let Some(ask) = ask.upgrade().filter(|_| is_seen()) {
            ask();
        }
    };
    let seen = Listener::new(&document(), "visibilitychange", move |_| call(&by_sight));
    Poll { interval: set_interval_with_handle(move || call(&by_time), EVERY).ok(), _ask: ask, _seen: seen }
}

impl Drop for Poll {
    fn drop(&mut self) {
        if let Some(interval) = self.interval {
            interval.clear();
        }
    }
}

/// Something changed.
pub fn tell(what: What) {
    if !is_seen() {
        return;
    }
    // Taken out first: whoever hears may begin or cease to hear.
    let concerned: Vec<Hear> = HEARERS.with_borrow(|hearers| {
        hearers.iter().filter(|(wanted, _)| *wanted == what).map(|(_, hear)| Rc::clone(hear)).collect()
    });
    for hear in concerned {
        hear();
    }
}

fn is_seen() -> bool {
    document().visibility_state() == VisibilityState::Visible
}

impl Drop for Hearer {
    fn drop(&mut self) {
        HEARERS.with_borrow_mut(|hearers| hearers.retain(|(_, hear)| !Rc::ptr_eq(hear, &self.hear)));
    }
}
