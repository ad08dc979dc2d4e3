//! The choice of the light to read by: plain links to the same page, which the server answers with a cookie; where scripts
//! run the page stays as it is and only its light changes.

use leptos::{ev::MouseEvent, prelude::*};

use crate::{
    client::dom,
    domain::theme::Theme,
    i18n::td_string as text,
    platform::{THEME_PARAMETER, page_theme, theme_cookie},
    ui::locale::{address_with, use_locale},
};

#[component]
pub fn ThemeChoice() -> impl IntoView {
    let l = use_locale();
    let chosen = RwSignal::new(page_theme());
    let links = Theme::ALL.map(|theme| {
        let choose = move |event: MouseEvent| {
            event.prevent_default();
            dom::set_theme(theme.as_str(), &theme_cookie(theme));
            chosen.set(theme);
        };
        let name = match theme {
            Theme::System => text!(l, theme.system),
            Theme::Light => text!(l, theme.light),
            Theme::Dark => text!(l, theme.dark),
        };
        view! {
            <a
                href=address_with(THEME_PARAMETER, theme.as_str())
                rel="external nofollow"
                aria-current=move || (chosen.get() == theme).then_some("true")
                on:click=choose
            >
                {name}
            </a>
        }
    });
    view! {
        <nav class="theme-choice" aria-label=text!(l, theme.label)>
            {links.collect_view()}
        </nav>
    }
}
