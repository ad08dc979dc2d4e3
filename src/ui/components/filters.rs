//! What a list is narrowed by: a plain GET form, so that every filter stands in the address.

use leptos::{ev::SubmitEvent, html::Form, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    domain::plain_text::shown,
    i18n::td_string as text,
    ui::{components::icons::magnifier, locale::use_locale, paths},
};

/// Names and values as they stand in the address; the first is the search, and what is empty narrows nothing.
pub type Said = Vec<(&'static str, String)>;

/// The names and values of a filter, to be kept by its page.
pub fn said(pairs: &[(&'static str, &str)]) -> Said {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

/// The form: a search, and folded away where none of it is set, what narrows further.
#[component]
pub fn Filters(
    /// The page of the list.
    page: &'static str,
    /// What the search is for.
    label: &'static str,
    #[prop(into)] said: Signal<Said>,
    /// Fields of the names in `said`.
    children: Children,
) -> impl IntoView {
    let l = use_locale();
    let form = NodeRef::<Form>::new();
    let navigate = use_navigate();
    // The address of a plain form names also what is empty.
    let search = move |event: SubmitEvent| {
        let typed = form.get_untracked().and_then(|form| web_sys::FormData::new_with_form(&form).ok());
        let Some(typed) = typed else { return };
        event.prevent_default();
        let names = said.get_untracked().into_iter().map(|(name, _)| name);
        let asked: Said = names.map(|name| (name, typed.get(name).as_string().unwrap_or_default())).collect();
        navigate(&paths::filtered(page, &borrowed(&asked)), NavigateOptions::default());
    };
    let query =
        Signal::derive(move || said.with(|said| said.first().map(|(_, query)| query.clone())).unwrap_or_default());
    let open = said.with_untracked(|said| said.iter().skip(1).any(|(_, value)| !value.is_empty()));
    let set = Memo::new(move |_| said.with(|said| said.iter().any(|(_, value)| !value.is_empty())));
    view! {
        <search class="filters">
            <form method="get" action=page node_ref=form on:submit=search>
                <div class="filters__line">
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
                        prop:value=query
                    />
                    <button class="button button--quiet" type="submit">
                        {text!(l, filters.submit)}
                    </button>
                </div>
                <details class="filters__more" open=open>
                    <summary>{text!(l, filters.more)}</summary>
                    <div class="filters__fields">{children()}</div>
                </details>
            </form>
            {move || {
                set.get()
                    .then(|| {
                        view! {
                            <a class="search__clear" href=page>
                                {text!(l, filters.clear)}
                            </a>
                        }
                    })
            }}
        </search>
    }
}

/// What is said, to be put into an address.
pub fn borrowed(said: &Said) -> Vec<(&str, &str)> {
    said.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// What the address says of a field.
fn value_of(said: Signal<Said>, name: &'static str) -> Signal<String> {
    Signal::derive(move || {
        said.with(|said| said.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()))
            .unwrap_or_default()
    })
}

/// A field that is typed into.
#[component]
pub fn Typed(
    name: &'static str,
    label: &'static str,
    /// Of the input: `text` or `date`.
    kind: &'static str,
    #[prop(into)] said: Signal<Said>,
) -> impl IntoView {
    let value = value_of(said, name);
    // An instant is exact, and no day: a field for days would lose it.
    let kind = if kind == "date" && value.get_untracked().contains('T') { "text" } else { kind };
    view! {
        <div class="field">
            <label class="field__label" for=format!("filter-{name}")>
                {label}
            </label>
            <input
                class="input"
                type=kind
                id=format!("filter-{name}")
                name=name
                maxlength="254"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                value=value.get_untracked()
                prop:value=value
            />
        </div>
    }
}

/// A field with a few choices. The first of them, which is empty, says nothing.
#[component]
pub fn Choice(
    name: &'static str,
    label: &'static str,
    options: Vec<(&'static str, String)>,
    #[prop(into)] said: Signal<Said>,
) -> impl IntoView {
    let chosen = value_of(said, name);
    // One that is not known here, as of a newer release, is kept.
    let first = chosen.get_untracked();
    let other = options.iter().all(|(code, _)| *code != first).then_some(first);
    let option = move |code: String, word: String| {
        let is_chosen = {
            let code = code.clone();
            move || chosen.with(|chosen| *chosen == code)
        };
        view! {
            <option value=code selected=is_chosen>
                {word}
            </option>
        }
    };
    view! {
        <div class="field">
            <label class="field__label" for=format!("filter-{name}")>
                {label}
            </label>
            <select class="input" id=format!("filter-{name}") name=name>
                {options.into_iter().map(|(code, word)| option(code.to_owned(), word)).collect_view()}
                {other.map(|code| option(code.clone(), shown(&code)))}
            </select>
        </div>
    }
}
