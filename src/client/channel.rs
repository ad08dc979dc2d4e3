//! A `BroadcastChannel` of texts: to every other tab of this origin, never to this one.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

use super::listeners::Listener;

/// An open channel; dropping it closes it.
pub struct Channel {
    raw: BroadcastChannel,
    _hears: Option<Listener>,
}

impl Channel {
    /// `None` where the browser has no such thing; each tab is on its own then and the server keeps them together.
    #[must_use]
    pub fn open(name: &str, hear: impl Fn(String) + 'static) -> Option<Self> {
        let raw = BroadcastChannel::new(name).ok()?;
        let hears = Listener::new(&raw, "message", move |event| {
            if let Some(text) = event.dyn_ref::<MessageEvent>().and_then(|message| message.data().as_string()) {
                hear(text);
            }
        });
        Some(Self { raw, _hears: hears })
    }

    pub fn post(&self, text: &str) {
        // Fails only on a closed channel.
        let _ = self.raw.post_message(&JsValue::from_str(text));
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.raw.close();
    }
}

/// Posts one text from a page that does not listen.
pub fn post_once(name: &str, text: &str) {
    if let Ok(raw) = BroadcastChannel::new(name) {
        let _ = raw.post_message(&JsValue::from_str(text));
        raw.close();
    }
}
