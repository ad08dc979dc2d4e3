//! What is left of a page while nobody is signed in: how its forms stood, and the call that failed with the session.
//!
//! In memory only, for the one who was signed in, and for 15 minutes at most (`domain/kept_forms.rs`). It goes with the
//! page: leaving for another address, cancelling, or someone else's sign-in drop it. A call is kept only if its form asks for no
//! secret and the server has refused it because of the session, so nothing runs twice; it is handed out once.

use std::{any::Any, cell::RefCell, time::Duration};

use leptos::prelude::{document, set_timeout, window};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Event, MutationObserver, MutationObserverInit};

use super::{
    dom, form_fields,
    page_forms::{self, KeptForm},
};
use crate::{
    api::ApiError,
    domain::{kept_forms::still_kept, program::Program},
    platform::COMPILED,
};

type Input = Box<dyn Any>;

struct Kept {
    /// Path and query of the page.
    page: String,
    /// When the session ended, by the browser's clock.
    ended_at: i64,
    forms: Vec<KeptForm>,
    /// Endpoints with what was to be sent there.
    calls: Vec<(&'static str, Input)>,
    /// Where in the page the person was.
    place: Option<Place>,
    /// The same person is back since this instant, and the page is being drawn again.
    back: Option<(i64, Option<Watch>)>,
}

struct Place {
    /// The id of the field that had the focus.
    field: Option<String>,
    scrolled: f64,
}

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    /// The page whose form is sending something that may be kept. Said by the form, and taken once.
    static SENDING: RefCell<Option<String>> = const { RefCell::new(None) };
    /// The id of the field in which the person is.
    static FIELD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A page that is drawn again is put where it was left, unless that takes so long that the person is somewhere else by then.
const PLACED_WITHIN_MS: i64 = 5_000;

/// Where nobody is signed in there is nothing to keep.
const KEEPS: bool = COMPILED.has(Program::Person);

/// The session has ended: reads the forms, which are about to leave the page.
pub fn keep(ended_at: i64) {
    if !still_kept(ended_at, dom::now_ms()) {
        return forget();
    }
    let page = page();
    let earlier = KEPT.take().filter(|kept| kept.page == page);
    // those that had not come back yet when it ended again
    let mut forms = earlier.map(|kept| kept.forms).unwrap_or_default();
    forms.extend(page_forms::read());
    let place = Place { field: FIELD.take(), scrolled: window().scroll_y().unwrap_or(0.0) };
    KEPT.replace(Some(Kept { page, ended_at, forms, calls: Vec::new(), place: Some(place), back: None }));
}

pub fn forget() {
    KEPT.take();
}

/// Forgets what has been kept for too long.
fn lapse() {
    let now = dom::now_ms();
    if KEPT.with_borrow(|kept| kept.as_ref().is_some_and(|kept| !still_kept(kept.ended_at, now))) {
        forget();
    }
}

/// The same person is back: what is kept returns to the page as it is drawn.
pub fn come_back() {
    lapse();
    let page = page();
    KEPT.with_borrow_mut(|kept| {
        *kept = kept.take().filter(|kept| kept.page == page);
        if let Some(kept) = kept {
            kept.back = Some((dom::now_ms(), Watch::new()));
        }
    });
    soon();
}

/// The focus has moved. A dialog that takes it says nothing about where the person was.
pub fn note_focus(event: &Event) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    if let Some(target) = target.filter(|target| matches!(target.closest("dialog"), Ok(None))) {
        let in_form = matches!(target.closest("main form"), Ok(Some(_)));
        FIELD.set(Some(target.id()).filter(|id| in_form && !id.is_empty()));
    }
}

/// A form is being sent.
pub fn sending(event: &Event) {
    if !KEEPS {
        return;
    }
    let form = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    SENDING.set(form.filter(|form| !form_fields::asks_for_secret(form)).map(|_| page()));
}

/// A call that was held back is being made; it came from a form without secrets.
pub fn sending_again() {
    SENDING.set(Some(page()));
}

/// The page that is sending something, if that may be kept.
#[must_use]
pub fn sender() -> Option<String> {
    if KEEPS { SENDING.take() } else { None }
}

/// A call was answered. `sent` is what was sent by which page, if it may be kept.
pub fn answered(path: &'static str, error: Option<&ApiError>, sent: Option<(String, Input)>) {
    if !KEEPS {
        return;
    }
    KEPT.with_borrow_mut(|kept| match (kept, error, sent) {
        (Some(kept), Some(ApiError::SignedOut { .. }), Some((page, input)))
            if kept.back.is_none() && kept.page == page =>
        {
            kept.calls.push((path, input));
        }
        // What was typed has been sent: it must not turn up as if it had not.
        (Some(kept), None, _) => kept.forms.retain(|form| form.action != path),
        _ => {}
    });
}

/// What was to be sent when the session ended, for whoever is back in the page. Once.
#[must_use]
pub fn take_call(path: &str) -> Option<Input> {
    if !KEEPS {
        return None;
    }
    lapse();
    let page = page();
    let input = KEPT.with_borrow_mut(|kept| {
        let kept = kept.as_mut().filter(|kept| kept.back.is_some() && kept.page == page)?;
        let index = kept.calls.iter().position(|(of, _)| *of == path)?;
        Some(kept.calls.swap_remove(index).1)
    });
    SENDING.set(input.is_some().then_some(page));
    input
}

fn page() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// After the effects of what has just been drawn.
fn soon() {
    set_timeout(give_back, Duration::ZERO);
}

/// Fills in the forms that are on the page by now; once all are, there is nothing left to wait for.
fn give_back() {
    lapse();
    // Taken out meanwhile: what is filled in is heard of, and whoever hears may ask for something here.
    let Some(mut kept) = KEPT.take() else { return };
    let Some((back_at, _)) = kept.back else { return KEPT.set(Some(kept)) };
    if kept.page != page() {
        return;
    }
    page_forms::fill(&mut kept.forms);
    kept.place = kept.place.filter(|place| dom::now_ms() - back_at < PLACED_WITHIN_MS && !place.take());
    if !kept.forms.is_empty() || !kept.calls.is_empty() || kept.place.is_some() {
        KEPT.set(Some(kept));
    }
}

impl Place {
    /// Whether the page has what it takes by now.
    fn take(&self) -> bool {
        let found = match &self.field {
            Some(id) => document().get_element_by_id(id),
            None => document().query_selector("main h1").ok().flatten(),
        };
        let Some(found) = found else { return false };
        if document().active_element().is_none_or(|active| active.tag_name() == "BODY") {
            dom::focus(Some(found));
        }
        window().scroll_to_with_x_and_y(0.0, self.scrolled);
        window().scroll_y().is_ok_and(|now| now + 1.0 >= self.scrolled)
    }
}

/// Watches the page being drawn.
struct Watch {
    observer: MutationObserver,
    _drawn: Closure<dyn FnMut()>,
}

impl Watch {
    fn new() -> Option<Self> {
        let drawn = Closure::<dyn FnMut()>::new(soon);
        let observer = MutationObserver::new(drawn.as_ref().unchecked_ref()).ok()?;
        let options = MutationObserverInit::new();
        options.set_child_list(true);
        options.set_subtree(true);
        let main = document().query_selector("main").ok()??;
        observer.observe_with_options(main.as_ref(), &options).ok()?;
        Some(Self { observer, _drawn: drawn })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
