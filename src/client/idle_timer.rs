//! What counts as a human act, and when the page may have slept.
//!
//! Acts: a pointer or touch going down, a key, the wheel, and a mouse that is somewhere else than before. Not `scroll` (scripts and
//! layout cause it; a human who scrolls uses one of the above), not focus or visibility (a machine can do that), not events made by
//! scripts, not the `mousemove` a browser fires under a pointer at rest when the page beneath it changes.

use std::{cell::Cell, rc::Rc};

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast;
use web_sys::{Event, MouseEvent, PageTransitionEvent};

use super::{dom, listeners::Listener};

const ACTS: [&str; 5] = ["pointerdown", "keydown", "wheel", "touchstart", "mousemove"];
/// Acts closer together than this are one.
const THROTTLE_MS: i64 = 500;

/// Calls `on_act` with the instant of each human act, at most twice a second.
pub fn watch_acts(on_act: impl Fn(i64) + 'static) -> Vec<Listener> {
    let on_act = Rc::new(on_act);
    let last_at = Rc::new(Cell::new(i64::MIN));
    let pointer = Rc::new(Cell::new((i32::MIN, i32::MIN)));
    let listener = |event: &'static str| {
        let (on_act, last_at, pointer) = (Rc::clone(&on_act), Rc::clone(&last_at), Rc::clone(&pointer));
        Listener::new(&window(), event, move |event| {
            let now = dom::now_ms();
            // A clock set back must not silence the listeners: hence no plain `<`.
            if is_human(&event, &pointer)
                && now.wrapping_sub(last_at.get()).unsigned_abs() >= THROTTLE_MS.unsigned_abs()
            {
                last_at.set(now);
                on_act(now);
            }
        })
    };
    ACTS.into_iter().filter_map(listener).collect()
}

fn is_human(event: &Event, pointer: &Cell<(i32, i32)>) -> bool {
    if !event.is_trusted() {
        return false;
    }
    match event.dyn_ref::<MouseEvent>() {
        Some(mouse) if event.type_() == "mousemove" => {
            let place = (mouse.screen_x(), mouse.screen_y());
            pointer.replace(place) != place
        }
        _ => true,
    }
}

/// What woke the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// It is seen again: time may have passed unnoticed.
    Seen,
    /// It was taken back from the browser's back/forward cache as it stood.
    Restored,
    Online,
    /// The browser says that it has no network.
    Offline,
}

/// Calls `on_wake` whenever the page may have slept: timers stand still then, the clock does not.
pub fn watch_wakes(on_wake: impl Fn(Wake) + 'static) -> Vec<Listener> {
    let on_wake = Rc::new(on_wake);
    let [seen, shown, focused, online, offline] = std::array::from_fn(|_| Rc::clone(&on_wake));
    let listeners = [
        Listener::new(&document(), "visibilitychange", move |_| seen(Wake::Seen)),
        Listener::new(&window(), "focus", move |_| focused(Wake::Seen)),
        Listener::new(&window(), "online", move |_| online(Wake::Online)),
        Listener::new(&window(), "offline", move |_| offline(Wake::Offline)),
        Listener::new(&window(), "pageshow", move |event| {
            let restored = event.dyn_ref::<PageTransitionEvent>().is_some_and(PageTransitionEvent::persisted);
            shown(if restored { Wake::Restored } else { Wake::Seen });
        }),
    ];
    listeners.into_iter().flatten().collect()
}
