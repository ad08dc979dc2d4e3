//! What an admin has someone told whose session they end: a line of plain text.

use leptos::prelude::*;

use crate::{i18n::td_string as text, ui::locale::use_locale};

/// `id` tells it from others on the page.
#[component]
pub fn MessageField(#[prop(into)] id: String) -> impl IntoView {
    let l = use_locale();
    let hint = [&id, "-hint"].concat();
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>
                {text!(l, user.message)}
            </label>
            <input
                class="input"
                id=id
                name="message"
                type="text"
                maxlength="200"
                autocomplete="off"
                aria-describedby=hint.clone()
            />
            <p class="field__hint" id=hint>
                {text!(l, user.message_hint)}
            </p>
        </div>
    }
}
