//! A search whose terms stand in the address: a plain GET form.

use leptos::prelude::*;
use leptos_router::components::Form;

use crate::{
    i18n::td_string as text,
    ui::{components::icons::magnifier, locale::use_locale},
};

#[component]
pub fn Search(page: &'static str, label: &'static str, #[prop(into)] query: Signal<String>) -> impl IntoView {
    let l = use_locale();
    view! {
        <search class="search">
            <Form method="GET" action=page>
                <label class="visually-hidden" for="query">
                    {label}
                </label>
                <span class="search__icon">{magnifier()}</span>
                <input
                    class="input search__input"
                    type="search"
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
            </Form>
            {move || {
                (!query.with(String::is_empty))
                    .then(|| view! { <a class="search__clear" href=page>{text!(l, users.clear)}</a> })
            }}
        </search>
    }
}
