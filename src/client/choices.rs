//! Boxes of a list, ticked one by one or all at once. They are the form's own: what is ticked is read where it stands.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

use super::form_fields::found;

/// How many of the boxes of this name are ticked.
#[must_use]
pub fn ticked(form: &Element, name: &str) -> usize {
    boxes(form, name).filter(HtmlInputElement::checked).count()
}

/// Ticks all boxes of this name, or none.
pub fn tick_all(form: &Element, name: &str, on: bool) {
    boxes(form, name).for_each(|one| one.set_checked(on));
}

fn boxes(form: &Element, name: &str) -> impl Iterator<Item = HtmlInputElement> + use<> {
    found(form, &["input[type=checkbox][name=", name, "]"].concat()).map(JsCast::unchecked_into)
}
