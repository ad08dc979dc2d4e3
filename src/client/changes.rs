//! Who on this page wants to know that something it shows is another now.
//!
//! A page that is not seen is told nothing; it is told once when it is seen again, whatever happened: so it is right
//! also where no stream tells it anything.

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::document;
use web_sys::VisibilityState;

use super::listeners::Listener;
use crate::api::events::What;

type Hear = Rc<dyn Fn()>;

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
