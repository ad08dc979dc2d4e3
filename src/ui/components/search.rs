//! A search whose terms stand in the address: a plain GET form.

use leptos::{ev::SubmitEvent, html::Input, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    i18n::td_string as text,
    ui::{components::icons::magnifier, locale::use_locale, paths},
};

#[component]
pub fn Search(page: &'static str, label: &'static str, #[prop(into)] query: Signal<String>) -> impl IntoView {
    let l = use_locale();
    let asked = NodeRef::<Input>::new();
    let navigate = use_navigate();
    let search = move |event: SubmitEvent| {
        event.prevent_default();
        let asked = asked.get_untracked().map(|input| input.value()).unwrap_or_default();
        navigate(&paths::list(page, &asked, ""), NavigateOptions::default());
    };
    view! {
        <search class="search">
            <form method="get" action=page on:submit=search>
                <label class="visually-hidden" for="query">
                    {label}
                </label>
                <span class="search__icon">{magnifier()}</span>
                <input
                    class="input search__input"
                    type="search"
                    node_ref=asked
                    id="query"
                    name="query"
                    maxlength="254"
                    autocomplete="off"
                    spellcheck="false"
                    placeholder=label
                    value=query.get_untracked()
                    prop:value=move || query.get()
                />
                <button class="button button--quiet" type="submit">
                    {text!(l, users.search_submit)}
                </button>
            </form>
            {move || {
                (!query.with(String::is_empty))
                    .then(|| view! { <a class="search__clear" href=page>{text!(l, users.clear)}</a> })
            }}
        </search>
    }
}
