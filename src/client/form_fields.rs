//! What a person filled into the forms of a page: read out of the document, and filled in again.
//!
//! A field counts when it differs from what the page gave it, so that a form that was only looked at shows what is true by then.
//! Never read: passwords (also those being shown), one-time codes, cards, files, hidden and read-only fields.

use std::hash::{DefaultHasher, Hash, Hasher};

use js_sys::Reflect;
use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, NodeList};

const FORMS: &str = "main form";
const HIDDEN: &str = "input[type=hidden]";
const FIELDS: &str = "input:not([type=hidden], [type=password], [type=file], [type=submit], [type=button], \
                      [type=reset], [type=image], [readonly], [autocomplete*=password], \
                      [autocomplete*=one-time-code], [autocomplete*=cc-]), textarea:not([readonly]), select option";
const SECRETS: &str = "[type=password], [type=file], [autocomplete*=password], [autocomplete*=one-time-code], \
                       [autocomplete*=cc-]";

/// What an element is called, and which one it is of those called the same. Of hidden values no more is kept than goes into the hash.
type Key = (u64, usize);

pub struct KeptForm {
    key: Key,
    /// Where it is sent.
    pub action: String,
    fields: Vec<KeptField>,
}

struct KeptField {
    key: Key,
    /// A text, or whether it is chosen.
    value: JsValue,
}

/// The forms of the page with what was filled into them.
pub fn read() -> Vec<KeptForm> {
    let forms = keyed(document().query_selector_all(FORMS), form_hash);
    let read = forms.into_iter().map(|(key, form)| {
        let fields = read_fields(&form);
        KeptForm { key, action: attribute(&form, "action"), fields }
    });
    read.filter(|form| !form.fields.is_empty()).collect()
}

fn read_fields(form: &Element) -> Vec<KeptField> {
    let mut fields = Vec::new();
    for (key, field) in keyed(form.query_selector_all(FIELDS), field_hash) {
        let (now, given) = properties(&field);
        let value = property(&field, now);
        if value == property(&field, given) {
            continue;
        }
        // What is chosen no more comes first: unchoosing the only choice of a list would choose another.
        let place = if value == JsValue::FALSE { 0 } else { fields.len() };
        fields.insert(place, KeptField { key, value });
    }
    fields
}

/// Fills in what has its field on the page by now. What has not stays.
pub fn fill(kept: &mut Vec<KeptForm>) {
    let forms = keyed(document().query_selector_all(FORMS), form_hash);
    kept.retain_mut(|form| {
        if let Some((_, element)) = forms.iter().find(|(key, _)| *key == form.key) {
            let fields = keyed(element.query_selector_all(FIELDS), field_hash);
            form.fields.retain(|field| match fields.iter().find(|(key, _)| *key == field.key) {
                Some((_, element)) => !set(element, &field.value),
                None => true,
            });
        }
        !form.fields.is_empty()
    });
}

/// Whether a form asks for something that is never kept.
pub fn asks_for_secret(form: &Element) -> bool {
    !matches!(form.query_selector(SECRETS), Ok(None))
}

/// As a person would: whatever follows the field hears of it.
fn set(field: &Element, value: &JsValue) -> bool {
    let set = Reflect::set(field, &properties(field).0.into(), value).unwrap_or(false);
    let control = field.closest("select").ok().flatten();
    let control = control.as_ref().unwrap_or(field);
    for name in ["input", "change"] {
        if let Ok(event) = document().create_event("Event") {
            event.init_event_with_bubbles(name, true);
            // only says whether someone has prevented a default that there isn't
            let _ = control.dispatch_event(&event);
        }
    }
    set
}

/// The properties that hold what a field says now, and what the page gave it.
fn properties(field: &Element) -> (&'static str, &'static str) {
    if field.tag_name() == "OPTION" {
        ("selected", "defaultSelected")
    } else if is_choice(field) {
        ("checked", "defaultChecked")
    } else {
        ("value", "defaultValue")
    }
}

fn is_choice(field: &Element) -> bool {
    matches!(attribute(field, "type").as_str(), "checkbox" | "radio")
}

fn keyed(found: Result<NodeList, JsValue>, hash: fn(&Element) -> u64) -> Vec<(Key, Element)> {
    let mut keyed: Vec<(Key, Element)> = Vec::new();
    let Ok(found) = found else { return keyed };
    for element in (0..found.length()).filter_map(|index| found.item(index)?.dyn_into::<Element>().ok()) {
        let hash = hash(&element);
        let earlier = keyed.iter().filter(|((other, _), _)| *other == hash).count();
        keyed.push(((hash, earlier), element));
    }
    keyed
}

/// Of forms that are sent to one place the hidden fields say which is which.
fn form_hash(form: &Element) -> u64 {
    let mut hasher = DefaultHasher::new();
    attribute(form, "action").hash(&mut hasher);
    if let Ok(hidden) = form.query_selector_all(HIDDEN) {
        for field in (0..hidden.length()).filter_map(|index| hidden.item(index)?.dyn_into::<Element>().ok()) {
            (attribute(&field, "name"), attribute(&field, "value")).hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn field_hash(field: &Element) -> u64 {
    let mut hasher = DefaultHasher::new();
    let control = field.closest("select").ok().flatten();
    attribute(control.as_ref().unwrap_or(field), "name").hash(&mut hasher);
    if control.is_some() || is_choice(field) {
        attribute(field, "value").hash(&mut hasher);
    }
    hasher.finish()
}

fn attribute(element: &Element, name: &str) -> String {
    element.get_attribute(name).unwrap_or_default()
}

fn property(element: &Element, name: &str) -> JsValue {
    // Refused only for what is no object.
    Reflect::get(element, &name.into()).unwrap_or(JsValue::UNDEFINED)
}
