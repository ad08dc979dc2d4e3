//! The browser's clock, dice, title, focus and timers. No decision is taken here.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use js_sys::{Date, Math, Promise};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlDocument, HtmlElement};

/// Whether this is the browser's build. A constant, so that the server's build drops what follows from it.
pub const IN_BROWSER: bool = cfg!(target_family = "wasm");

const HYDRATED: &str = "data-hydrated";

/// Milliseconds of the browser's wall clock. Only differences of it mean anything: no two machines agree.
#[must_use]
pub fn now_ms() -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53 until the year 287396")]
    let now = Date::now() as i64;
    now
}

/// The hour and minute of an instant where the reader is, and whether that was today.
#[must_use]
pub fn local_time(at: i64) -> (String, bool) {
    let date = date(at);
    let is_today = date.get_date() == Date::new_0().get_date();
    (format!("{:02}:{:02}", date.get_hours(), date.get_minutes()), is_today)
}

/// Date and time of day where the reader is, as written in a language.
#[must_use]
pub fn in_own_zone(at: i64, language: &str) -> String {
    date(at).to_locale_string(language, &JsValue::UNDEFINED).into()
}

fn date(at: i64) -> Date {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any year we meet are exact in a double")]
    Date::new(&JsValue::from_f64(at as f64))
}

/// A number in `0.0..1.0`, for jitter. Not for secrets.
#[must_use]
pub fn random() -> f64 {
    Math::random()
}

#[must_use]
pub fn title() -> String {
    document().title()
}

pub fn set_title(title: &str) {
    document().set_title(title);
}

/// The origin that the page was opened at.
#[must_use]
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// The part of the page that its address names, with its `#`; empty where it names none. No server is told it.
#[must_use]
pub fn part() -> String {
    window().location().hash().unwrap_or_default()
}

/// Loads the page anew; all state is fresh afterwards.
pub fn reload() {
    // Fails only in a document that is gone.
    let _ = window().location().reload();
}

/// Goes to a path of this site, or where the server leads, by a full load.
pub fn go_to(address: &str) {
    let _ = window().location().assign(address);
}

/// Loads a page of this site, also if it is where the browser thinks to be.
pub fn load(address: &str) {
    let here = window().location();
    if here.pathname().unwrap_or_default() + &here.search().unwrap_or_default() == address {
        reload();
    } else {
        go_to(address);
    }
}

/// Tells the document (tests, and the style sheet) that handlers are in place.
pub fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        // the attribute's name is a valid one, so this cannot fail
        let _ = root.set_attribute(HYDRATED, "");
    }
}

#[must_use]
pub fn is_hydrated() -> bool {
    document().document_element().is_some_and(|root| root.has_attribute(HYDRATED))
}

/// Gives the focus to the heading of the page, where there is one.
pub fn focus_heading() {
    focus_at("main h1");
}

/// Gives the focus to the first element that a selector finds.
pub fn focus_at(selector: &str) {
    focus(document().query_selector(selector).ok().flatten());
}

pub(super) fn focus(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // one that cannot take the focus leaves it where it is
        let _ = element.focus();
    }
}

thread_local! {
    static FOCUS: RefCell<Option<Element>> = const { RefCell::new(None) };
}

/// Remembers where the focus is: a button that is disabled while it works loses it.
pub fn remember_focus() {
    FOCUS.set(document().active_element());
}

/// Gives the focus back to where it was, if that is still on the page.
pub fn restore_focus() {
    focus(FOCUS.take());
}

/// Shows the document in a light, and keeps the choice.
pub fn set_theme(theme: &str, cookie: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-theme", theme);
    }
    if let Ok(document) = document().dyn_into::<HtmlDocument>() {
        // Fails only in a document without an origin of its own.
        let _ = document.set_cookie(cookie);
    }
}

/// Hides the whole page while the server is asked whether the session still lives (see style/idle-dialog.css).
pub fn set_checking(checking: bool) {
    if let Some(root) = document().document_element() {
        let _ = if checking {
            root.set_attribute("data-session", "checking")
        } else {
            root.remove_attribute("data-session")
        };
    }
}

/// Waits; dropping the future clears the timer.
pub async fn sleep(ms: i32) {
    let mut timer = Timer(None);
    let promise = Promise::new(&mut |resolve, _| {
        timer.0 = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms).ok();
    });
    // Nothing rejects this promise.
    let _ = JsFuture::from(promise).await;
}

struct Timer(Option<i32>);

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            window().clear_timeout_with_handle(id);
        }
    }
}

/// The result of `work`, or `None` when it takes longer than `ms`; the work is dropped then, which aborts a fetch.
pub async fn within<T>(ms: i32, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut alarm = pin!(sleep(ms));
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => alarm.as_mut().poll(cx).map(|()| None),
    })
    .await
}
