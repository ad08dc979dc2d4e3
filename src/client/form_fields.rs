//! What stands in the fields of a form, read and put back as a person would have typed it.
//!
//! Which fields that may be is said by `domain/form_field.rs`; nothing else of a form is ever read.

use js_sys::{Array, Reflect};
use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, HtmlInputElement};

use crate::domain::form_field::{is_kept, is_secret};

const CONTROLS: &str = "input, select, textarea";
const FIELDS: &str = "input, select option, textarea";
const ON: &str = "on";
const OFF: &str = "off";

/// What a field is called, and its text; of a choice, whether it is chosen.
pub type Text = [String; 2];

/// A field whose text may be kept: a text, a box, a radio button, an option of a list.
struct Field {
    raw: Element,
    control: HtmlInputElement,
    /// Its name; of a choice, which of those it is. Fields called the same are numbered.
    id: String,
    /// The properties that hold what it says now, and what the page gave it.
    now: &'static str,
    given: &'static str,
}

impl Field {
    fn of(raw: Element) -> Option<Self> {
        let control = control_of(&raw);
        if control.disabled() || control.read_only() || !judge(&control, is_kept) {
            return None;
        }
        let name = control.name();
        let (now, given) = match control.type_().as_str() {
            kind if kind.starts_with("select") => ("selected", "defaultSelected"),
            "checkbox" | "radio" => ("checked", "defaultChecked"),
            _ => ("value", "defaultValue"),
        };
        let id = if now == "value" { name } else { [&name, "=", &text_of(&raw, "value")].concat() };
        Some(Self { raw, control, id, now, given })
    }

    fn text(&self) -> String {
        text_of(&self.raw, self.now)
    }

    fn is_untouched(&self) -> bool {
        let given = if self.is_chosen_first() { ON.to_owned() } else { text_of(&self.raw, self.given) };
        self.text() == given
    }

    /// A list that names no choice begins with its first.
    fn is_chosen_first(&self) -> bool {
        let first = |selector| self.control.query_selector(selector).ok().flatten();
        self.now == "selected"
            && !self.control.multiple()
            && first("option[selected]").is_none()
            && first("option").as_ref() == Some(&self.raw)
    }

    fn into_text(self) -> Text {
        let text = self.text();
        [self.id, text]
    }

    fn put(&self, text: &str) {
        let value = if self.now == "value" { text.into() } else { JsValue::from_bool(text == ON) };
        // refused only for what is no object
        let _ = Reflect::set(&self.raw, &self.now.into(), &value);
        // As a person's hand does, so that whoever follows the field hears of it.
        for name in ["input", "change"] {
            if let Ok(event) = document().create_event("Event") {
                event.init_event_with_bubbles(name, true);
                let _ = self.control.dispatch_event(&event);
            }
        }
    }
}

/// The properties used of it are those that inputs, lists and text areas share.
fn control_of(field: &Element) -> HtmlInputElement {
    field.closest("select").ok().flatten().unwrap_or_else(|| field.clone()).unchecked_into()
}

fn judge(control: &HtmlInputElement, rule: fn(&str, &str, &str) -> bool) -> bool {
    let purpose = control.get_attribute("autocomplete").unwrap_or_default();
    rule(&control.name(), &control.type_(), &purpose)
}

fn text_of(element: &Element, property: &str) -> String {
    let value = Reflect::get(element, &property.into()).unwrap_or_default();
    match value.as_bool() {
        Some(on) => if on { ON } else { OFF }.to_owned(),
        None => value.as_string().unwrap_or_default(),
    }
}

/// The elements that a selector finds.
pub fn found(within: &Element, selector: &str) -> impl Iterator<Item = Element> + use<> {
    let found = within.query_selector_all(selector).map_or_else(|_| Array::new(), |found| Array::from(&found));
    found.into_iter().map(JsCast::unchecked_into)
}

fn fields(form: &Element) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for mut field in found(form, FIELDS).filter_map(Field::of) {
        let earlier = fields.iter().filter(|other| other.id == field.id).count();
        if earlier > 0 {
            field.id = [&field.id, "#", &earlier.to_string()].concat();
        }
        fields.push(field);
    }
    fields
}

/// What a form says.
#[must_use]
pub fn read(form: &Element) -> Vec<Text> {
    fields(form).into_iter().map(Field::into_text).collect()
}

/// What it says otherwise than the page gave it.
#[must_use]
pub fn read_changed(form: &Element) -> Vec<Text> {
    fields(form).into_iter().filter(|field| !field.is_untouched()).map(Field::into_text).collect()
}

/// Whether everything stands as it did when the page came.
#[must_use]
pub fn is_untouched(form: &Element) -> bool {
    fields(form).iter().all(Field::is_untouched)
}

/// Puts texts back where they were read. What has no field stays in `texts`.
pub fn fill(form: &Element, texts: &mut Vec<Text>) {
    for field in fields(form) {
        if let Some(at) = texts.iter().position(|[id, _]| *id == field.id) {
            let [_, text] = texts.remove(at);
            if field.text() != text {
                field.put(&text);
            }
        }
    }
}

/// Whether a form asks for something that is never kept.
#[must_use]
pub fn asks_for_secret(form: &Element) -> bool {
    found(form, CONTROLS).any(|control| judge(control.unchecked_ref(), is_secret))
}

/// Gives the focus to the first field that can be typed into.
pub fn focus_first(form: &Element) {
    if let Some(field) = fields(form).first() {
        let control: &HtmlElement = &field.control;
        // one that cannot take the focus leaves it where it is
        let _ = control.focus();
    }
}
