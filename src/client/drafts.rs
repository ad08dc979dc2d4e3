//! Drafts in the browser's storage: unreadable without the keys that the server gives to their owner, which are held in
//! memory, where no script can read them, and go with the session.
//!
//! Whatever can't be opened is dropped without a word: it is old, damaged, or somebody else's.

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::window;
use web_sys::Storage;

use super::{
    call::with_renewal,
    dom,
    form_fields::Text,
    tab_sync,
    web_crypto::{Key, sha256},
};
use crate::{
    api::drafts::draft_keys,
    domain::{
        draft::{self, Envelope},
        time::Timestamp,
    },
};

const PREFIX: &str = "draft-";

/// Where the draft of one person's form lies. The name in the storage tells neither.
#[derive(Clone)]
pub struct Place {
    user_id: String,
    form: String,
    version: u32,
    name: String,
}

/// A draft that was found, and when it was saved by the browser's clock.
#[derive(Clone, PartialEq)]
pub struct Found {
    pub saved_at: i64,
    pub texts: Vec<Text>,
}

/// A draft that is ready to be stored.
pub struct Sealed {
    name: String,
    text: String,
}

struct Keys {
    session_id: String,
    user_id: String,
    /// When they were asked for, by the browser's clock, and what the server's clock said.
    received_at: i64,
    server_now: i64,
    of_days: Vec<(i64, Key)>,
}

thread_local! {
    static KEYS: RefCell<Option<Rc<Keys>>> = const { RefCell::new(None) };
}

/// The session is over, or another begins.
pub fn forget() {
    KEYS.take();
}

impl Place {
    /// `None` where nothing can be encrypted.
    pub async fn of(user_id: String, form: String, version: u32) -> Option<Self> {
        let hash = sha256(&draft::pack([user_id.as_str(), &form, &version.to_string()])).await?;
        Some(Self { name: [PREFIX, &draft::hex(&hash)].concat(), user_id, form, version })
    }

    /// What was saved here, if it can be opened.
    pub async fn find(&self) -> Option<Found> {
        let storage = storage()?;
        sweep(&storage);
        let text = storage.get_item(&self.name).ok()??;
        let envelope = Envelope::parse(&text)?;
        // Without the keys nothing can be said of it yet.
        let keys = self.keys().await?;
        let found = self.open(&keys, &envelope).await;
        // Another may have been saved meanwhile.
        if found.is_none() && storage.get_item(&self.name).ok().flatten() == Some(text) {
            self.discard();
        }
        found
    }

    async fn open(&self, keys: &Keys, envelope: &Envelope) -> Option<Found> {
        let (_, key) = keys.of_days.iter().find(|(day, _)| *day == envelope.day)?;
        let bound_to = self.bound_to(envelope.saved_at);
        let packed = key.open(&envelope.nonce, &envelope.sealed, &bound_to).await?;
        Some(Found { saved_at: envelope.saved_at, texts: texts_of(&draft::unpack(&packed)?) })
    }

    /// Encrypts under today's key.
    pub async fn seal(&self, texts: &[Text]) -> Option<Sealed> {
        let packed = draft::pack(texts.iter().flatten().map(String::as_str));
        if packed.len() > draft::LONGEST {
            return None;
        }
        let keys = self.keys().await?;
        let (day, key) = keys.of_days.first()?;
        let saved_at = dom::now_ms();
        let (nonce, sealed) = key.seal(&packed, &self.bound_to(saved_at)).await?;
        let envelope = Envelope { day: *day, saved_at, nonce, sealed };
        Some(Sealed { name: self.name.clone(), text: envelope.to_text() })
    }

    pub fn discard(&self) {
        if let Some(storage) = storage() {
            // fails only where there is no storage
            let _ = storage.remove_item(&self.name);
        }
    }

    fn bound_to(&self, saved_at: i64) -> Vec<u8> {
        draft::bound_to((&self.user_id, &self.form, self.version), saved_at)
    }

    /// Those in hand, or new ones once the day is over; the former still do where those can't be had.
    async fn keys(&self) -> Option<Rc<Keys>> {
        let session_id = tab_sync::session_id()?;
        let known = KEYS.with_borrow(Clone::clone);
        let known = known.filter(|keys| keys.session_id == session_id && keys.user_id == self.user_id);
        if known.as_ref().is_some_and(|keys| keys.are_of_today()) {
            return known;
        }
        let Some(keys) = fetch(session_id).await else { return known };
        // The session may have ended meanwhile, or the cookies be another person's.
        if tab_sync::session_id().as_ref() != Some(&keys.session_id) || keys.user_id != self.user_id {
            return None;
        }
        let keys = Rc::new(keys);
        KEYS.set(Some(Rc::clone(&keys)));
        Some(keys)
    }
}

impl Keys {
    fn are_of_today(&self) -> bool {
        let server_now = self.server_now + (dom::now_ms() - self.received_at);
        self.of_days.first().is_some_and(|(day, _)| draft::day_of(Timestamp(server_now)) <= *day)
    }
}

async fn fetch(session_id: String) -> Option<Keys> {
    let received_at = dom::now_ms();
    let reply = with_renewal(draft_keys).await.ok()?;
    let mut of_days = Vec::new();
    for of_day in reply.keys {
        of_days.push((of_day.day, Key::import(&of_day.key).await?));
    }
    Some(Keys { session_id, user_id: reply.user_id, received_at, server_now: reply.server_now, of_days })
}

fn texts_of(unpacked: &[String]) -> Vec<Text> {
    unpacked.as_chunks::<2>().0.to_vec()
}

impl Sealed {
    pub fn store(&self) {
        if let Some(storage) = storage() {
            // Where there is no room left, nothing is kept.
            let _ = storage.set_item(&self.name, &self.text);
        }
    }
}

/// Drops what is past its time or damaged, whoever saved it.
fn sweep(storage: &Storage) {
    let now = dom::now_ms();
    let count = storage.length().unwrap_or(0);
    let names: Vec<String> = (0..count).filter_map(|at| storage.key(at).ok().flatten()).collect();
    for name in names.iter().filter(|name| name.starts_with(PREFIX)) {
        let text = storage.get_item(name).ok().flatten().unwrap_or_default();
        if !Envelope::parse(&text).is_some_and(|envelope| envelope.is_live(now)) {
            let _ = storage.remove_item(name);
        }
    }
}

/// `None` where the browser keeps nothing for this site.
fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}
