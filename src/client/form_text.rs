//! What stands in the controls of a form, read and put back as a person would have typed it.

use js_sys::Array;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlInputElement};

use crate::domain::draft::is_kept;

const CONTROLS: &str = "input, select, textarea";
const ON: &str = "on";
const OFF: &str = "off";

/// A control whose text may be kept. The properties used here are those that inputs, selects and text areas share.
struct Control {
    raw: HtmlInputElement,
    id: String,
    /// A box or a radio button.
    is_switch: bool,
}

impl Control {
    fn of(element: Element) -> Option<Self> {
        let raw: HtmlInputElement = element.unchecked_into();
        let (name, kind) = (raw.name(), raw.type_());
        let typed = !raw.disabled() && !raw.read_only();
        let purpose = raw.get_attribute("autocomplete").unwrap_or_default();
        if !typed || !is_kept(&name, &kind, &purpose) {
            return None;
        }
        let is_switch = matches!(kind.as_str(), "checkbox" | "radio");
        let id = if is_switch { [&name, "=", &raw.value()].concat() } else { name };
        Some(Self { raw, id, is_switch })
    }

    fn text(&self) -> String {
        if self.is_switch { switch(self.raw.checked()) } else { self.raw.value() }
    }

    /// What stood in it when the page came.
    fn first_text(&self) -> String {
        if self.is_switch {
            return switch(self.raw.default_checked());
        }
        if self.raw.type_().starts_with("select") {
            let chosen =
                ["option[selected]", "option"].iter().find_map(|it| self.raw.query_selector(it).ok().flatten());
            return chosen.and_then(|option| option.get_attribute("value")).unwrap_or_default();
        }
        self.raw.default_value()
    }

    fn put(&self, text: &str) {
        if self.is_switch {
            self.raw.set_checked(text == ON);
        } else {
            self.raw.set_value(text);
        }
        // As typing does, so that whoever follows the control hears of it.
        if let Ok(event) = Event::new("input") {
            event.init_event_with_bubbles("input", true);
            let _ = self.raw.dispatch_event(&event);
        }
    }
}

fn switch(on: bool) -> String {
    if on { ON } else { OFF }.to_owned()
}

fn controls(form: &Element) -> impl Iterator<Item = Control> {
    let found = form.query_selector_all(CONTROLS).map_or_else(|_| Array::new(), |found| Array::from(&found));
    found.into_iter().filter_map(|element| Control::of(element.unchecked_into()))
}

/// The names and texts of a form by turns.
#[must_use]
pub fn read(form: &Element) -> Vec<String> {
    controls(form).flat_map(|control| [control.text(), control.id].into_iter().rev()).collect()
}

/// Whether everything stands as it did when the page came.
#[must_use]
pub fn is_untouched(form: &Element) -> bool {
    controls(form).all(|control| control.text() == control.first_text())
}

/// Puts texts back where they were read, and leaves alone what has no counterpart.
pub fn fill(form: &Element, texts: &[String]) {
    let (pairs, _) = texts.as_chunks::<2>();
    let mut left: Vec<&[String; 2]> = pairs.iter().collect();
    for control in controls(form) {
        if let Some(at) = left.iter().position(|[id, _]| *id == control.id) {
            let [_, text] = left.remove(at);
            if control.text() != *text {
                control.put(text);
            }
        }
    }
}

/// Gives the focus to the first control that can be typed into.
pub fn focus_first(form: &Element) {
    if let Some(control) = controls(form).next() {
        // one that cannot take the focus leaves it where it is
        let _ = control.raw.focus();
    }
}
