//! The behaviour behind a form that keeps its text: saves while someone types, and offers back what was found.
//!
//! Saving takes a moment (it encrypts), so what was saved last may be half a second behind the hand.

use leptos::{html, prelude::*, task::spawn_local};
use web_sys::Element;

use super::{
    dom,
    drafts::{Found, Place},
    form_fields,
    listeners::{Listener, keep},
};

/// How long after a keystroke the form is saved. Those in between are saved with it.
const PAUSE_MS: i32 = 500;

/// What a form opts in with.
#[derive(Clone, Copy)]
pub struct Opted {
    pub form: StoredValue<String>,
    /// To be raised when its fields change their meaning: an older draft is then no longer found.
    pub version: u32,
    /// Who is signed in.
    pub owner: Memo<Option<String>>,
    /// Whether the form was sent and taken, told anew each time.
    pub sent: Signal<bool>,
}

#[derive(Clone, Copy)]
pub struct DraftKeeper {
    opted: Opted,
    /// Stands somewhere in the form.
    pub mark: NodeRef<html::Div>,
    /// What was found, until it is answered or stands in the form anyway.
    pub offer: RwSignal<Option<Found>>,
    place: StoredValue<Option<Place>>,
    /// Something was typed that a save is still to be begun for.
    waiting: StoredValue<bool>,
    /// Raised by whatever makes a save that is under way outdated.
    turn: StoredValue<u32>,
}

/// Keeps the text of the form that `mark` is put into. On the server it sets up signals and nothing else.
pub fn use_draft(opted: Opted) -> DraftKeeper {
    let keeper = DraftKeeper {
        opted,
        mark: NodeRef::new(),
        offer: RwSignal::new(None),
        place: StoredValue::new(None),
        waiting: StoredValue::new(false),
        turn: StoredValue::new(0),
    };
    Effect::new(move |_| keeper.begin(opted.owner.get()));
    Effect::new(move |known: Option<()>| {
        if opted.sent.get() && known.is_some() {
            keeper.discard();
        }
    });
    Effect::new(move |_| {
        if keeper.mark.get().is_some() {
            keeper.listen();
        }
    });
    keeper
}

impl DraftKeeper {
    fn form(self) -> Option<Element> {
        self.mark.try_get_untracked()??.closest("form").ok()?
    }

    /// Looks for what this person left in this form. What was found for someone before them is forgotten.
    fn begin(self, owner: Option<String>) {
        self.next_turn();
        self.place.set_value(None);
        self.offer.set(None);
        let Some(owner) = owner else { return self.waiting.set_value(false) };
        let Some(form) = self.opted.form.try_get_value() else { return };
        spawn_local(async move {
            let Some(place) = Place::of(owner.clone(), form, self.opted.version).await else { return };
            if !self.is_of(&owner) {
                return;
            }
            self.place.set_value(Some(place.clone()));
            let found = place.find().await;
            // Whoever began to type meanwhile is asked all the same: what was found is in hand.
            if let (Some(found), Some(form)) = (found, self.form())
                && self.is_of(&owner)
            {
                self.consider(&form, &place, found);
            }
            self.save_what_waits(self.form());
        });
    }

    /// Whether the form is still there, and this person's.
    fn is_of(self, owner: &str) -> bool {
        self.opted.owner.try_get_untracked().flatten().as_deref() == Some(owner)
    }

    fn consider(self, form: &Element, place: &Place, found: Found) {
        if form_fields::read(form) != found.texts {
            self.offer.set(Some(found));
        } else if form_fields::is_untouched(form) {
            // It says what is there without it.
            place.discard();
        }
    }

    fn listen(self) {
        let Some(form) = self.form() else { return };
        let listeners = [
            Listener::new(&form, "input", move |_| self.typed()),
            Listener::new(&document(), "visibilitychange", move |_| self.save_what_waits(self.form())),
            Listener::new(&window(), "pagehide", move |_| self.save_what_waits(self.form())),
        ];
        keep(listeners);
        let form = StoredValue::new_local(form);
        on_cleanup(move || self.save_what_waits(form.try_get_value()));
    }

    fn typed(self) {
        let texts = self.form().map(|form| form_fields::read(&form));
        if self.offer.with_untracked(|offer| offer.as_ref().is_some_and(|found| Some(&found.texts) == texts.as_ref())) {
            self.offer.set(None);
        }
        if !self.waiting.get_value() {
            self.waiting.set_value(true);
            spawn_local(async move {
                dom::sleep(PAUSE_MS).await;
                self.save_what_waits(self.form());
            });
        }
    }

    fn save_what_waits(self, form: Option<Element>) {
        let place = self.place.try_get_value().flatten();
        if let (Some(place), Some(form)) = (place, form)
            && self.waiting.try_update_value(std::mem::take) == Some(true)
        {
            self.save(&form, place);
        }
    }

    fn save(self, form: &Element, place: Place) {
        let turn = self.next_turn();
        if form_fields::is_untouched(form) {
            if self.offer.with_untracked(Option::is_none) {
                place.discard();
            }
            return;
        }
        let texts = form_fields::read(form);
        spawn_local(async move {
            let sealed = place.seal(&texts).await;
            // A form that has left the page meanwhile is saved as it was last.
            if let Some(sealed) = sealed
                && self.turn.try_get_value().is_none_or(|now| now == turn)
            {
                sealed.store();
            }
        });
    }

    fn next_turn(self) -> u32 {
        self.turn
            .try_update_value(|turn| {
                *turn = turn.wrapping_add(1);
                *turn
            })
            .unwrap_or_default()
    }

    /// Puts the text back into the form.
    pub fn restore(self) {
        let found = self.offer.try_update(Option::take).flatten();
        if let (Some(mut found), Some(form)) = (found, self.form()) {
            form_fields::fill(&form, &mut found.texts);
            form_fields::focus_first(&form);
        }
    }

    /// Forgets the text, at the person's wish or because it was sent.
    pub fn discard(self) {
        self.next_turn();
        self.waiting.set_value(false);
        if let Some(place) = self.place.get_value() {
            place.discard();
        }
        if self.offer.with_untracked(Option::is_some) {
            self.offer.set(None);
        }
    }

    /// The same by the button, which goes away with it.
    pub fn discard_by_hand(self) {
        self.discard();
        if let Some(form) = self.form() {
            form_fields::focus_first(&form);
        }
    }
}
