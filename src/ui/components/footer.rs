//! The foot of every page: who we are, the light and the other language.

use leptos::prelude::*;

use crate::{
    i18n::td_string as text,
    ui::{
        components::theme_choice::ThemeChoice,
        locale::{address_in, use_locale},
    },
};

#[component]
pub fn Footer() -> impl IntoView {
    let l = use_locale();
    let code = text!(l, language.switch_code);
    view! {
        <footer class="footer">
            <div class="footer__inner">
                <p>{text!(l, brand.footer)}</p>
                <ThemeChoice />
                <a href=address_in(code) hreflang=code lang=code rel="external nofollow">
                    {text!(l, language.switch_name)}
                </a>
            </div>
        </footer>
    }
}
