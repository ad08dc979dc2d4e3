//! Event listeners that take themselves away.

use leptos::prelude::{Dispose, StoredValue, on_cleanup};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{AddEventListenerOptions, Event, EventTarget};

/// A passive listener in the capture phase (so that nothing on the page can keep an event from it), until it is dropped.
pub struct Listener {
    target: EventTarget,
    event: &'static str,
    callback: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// `None` where the target refuses it.
    #[must_use]
    pub fn new(target: &EventTarget, event: &'static str, run: impl FnMut(Event) + 'static) -> Option<Self> {
        let callback = Closure::<dyn FnMut(Event)>::new(run);
        let options = AddEventListenerOptions::new();
        options.set_capture(true);
        options.set_passive(true);
        target
            .add_event_listener_with_callback_and_add_event_listener_options(
                event,
                callback.as_ref().unchecked_ref(),
                &options,
            )
            .ok()?;
        Some(Self { target: target.clone(), event, callback })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Fails only where the target is gone, and the listener with it.
        let _ = self.target.remove_event_listener_with_callback_and_bool(
            self.event,
            self.callback.as_ref().unchecked_ref(),
            true,
        );
    }
}

/// Keeps a browser handle until the current reactive owner is cleaned up. For use inside an `Effect`.
pub fn keep<T: 'static>(handle: T) {
    let kept = StoredValue::new_local(handle);
    on_cleanup(move || kept.dispose());
}
