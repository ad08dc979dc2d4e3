//! There is no such page: said with the status 404.

use leptos::prelude::*;

use crate::{
    i18n::td_string as text,
    platform,
    ui::{components::states::MessagePage, locale::use_locale},
};

#[component]
pub fn NotFound() -> impl IntoView {
    let l = use_locale();
    platform::set_not_found();
    view! {
        <MessagePage
            title=text!(l, not_found.title)
            text=text!(l, not_found.text)
            action=text!(l, not_found.home)
        />
    }
}
