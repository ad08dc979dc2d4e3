//! What a person filled into the forms of a page: read before the page goes, and filled in when it is there again.
//!
//! A field counts when it differs from what the page gave it, so that a form that was only looked at shows what is true by then.

use std::hash::{DefaultHasher, Hash, Hasher};

use leptos::prelude::document;
use web_sys::Element;

use super::form_fields::{self, Text, found};

const FORMS: &str = "main form";
const HIDDEN: &str = "input[type=hidden]";

/// What a form is called, and which one it is of those called the same. Of hidden values no more is kept than goes into the hash.
type Key = (u64, usize);

pub struct KeptForm {
    key: Key,
    /// Where it is sent.
    pub action: String,
    texts: Vec<Text>,
}

/// The forms of the page with what was filled into them.
#[must_use]
pub fn read() -> Vec<KeptForm> {
    let read = keyed().into_iter().map(|(key, form)| KeptForm {
        key,
        action: attribute(&form, "action"),
        texts: form_fields::read_changed(&form),
    });
    read.filter(|form| !form.texts.is_empty()).collect()
}

/// Fills in what has its field on the page by now. What has not stays.
pub fn fill(kept: &mut Vec<KeptForm>) {
    let forms = keyed();
    kept.retain_mut(|kept| {
        if let Some((_, form)) = forms.iter().find(|(key, _)| *key == kept.key) {
            form_fields::fill(form, &mut kept.texts);
        }
        !kept.texts.is_empty()
    });
}

fn keyed() -> Vec<(Key, Element)> {
    let mut keyed: Vec<(Key, Element)> = Vec::new();
    let Some(page) = document().document_element() else { return keyed };
    for form in found(&page, FORMS) {
        let hash = hash(&form);
        let earlier = keyed.iter().filter(|((other, _), _)| *other == hash).count();
        keyed.push(((hash, earlier), form));
    }
    keyed
}

/// Of forms that are sent to one place the hidden fields say which is which.
fn hash(form: &Element) -> u64 {
    let mut hasher = DefaultHasher::new();
    attribute(form, "action").hash(&mut hasher);
    for field in found(form, HIDDEN) {
        (attribute(&field, "name"), attribute(&field, "value")).hash(&mut hasher);
    }
    hasher.finish()
}

fn attribute(element: &Element, name: &str) -> String {
    element.get_attribute(name).unwrap_or_default()
}
