//! What the audit log is looked through by: a plain GET form, so that every filter stands in the address.

use leptos::{ev::SubmitEvent, html::Form, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api::audit::AuditFilter,
    domain::audit::{Event, Outcome},
    i18n::td_string as text,
    ui::{components::icons::magnifier, locale::use_locale, paths, texts},
};

#[component]
pub fn AuditFilters(filter: Memo<AuditFilter>) -> impl IntoView {
    let l = use_locale();
    let form = NodeRef::<Form>::new();
    let navigate = use_navigate();
    // The address of a plain form names also what is empty.
    let search = move |event: SubmitEvent| {
        let typed = form.get_untracked().and_then(|form| web_sys::FormData::new_with_form(&form).ok());
        let Some(typed) = typed else { return };
        event.prevent_default();
        let asked = AuditFilter::read(|name| typed.get(name).as_string().unwrap_or_default());
        navigate(&paths::filtered(paths::AUDIT, &asked.pairs()), NavigateOptions::default());
    };
    let query = Signal::derive(move || filter.with(|filter| filter.query.clone()));
    view! {
        <search class="filters">
            <form method="get" action=paths::AUDIT node_ref=form on:submit=search>
                <div class="filters__line">
                    <label class="visually-hidden" for="query">
                        {text!(l, audit.search)}
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
                        placeholder=text!(l, audit.search)
                        value=query.get_untracked()
                        prop:value=query
                    />
                    <button class="button button--quiet" type="submit">
                        {text!(l, users.search_submit)}
                    </button>
                </div>
                <Narrowing filter />
            </form>
            {move || {
                (!filter.with(AuditFilter::is_empty))
                    .then(|| {
                        view! {
                            <a class="search__clear" href=paths::AUDIT>
                                {text!(l, users.clear)}
                            </a>
                        }
                    })
            }}
        </search>
    }
}

/// The filters beside the search, folded away where none is set.
#[component]
fn Narrowing(filter: Memo<AuditFilter>) -> impl IntoView {
    let l = use_locale();
    let open = filter.with_untracked(|filter| filter.pairs().iter().skip(1).any(|(_, value)| !value.is_empty()));
    let actions = Event::ALL.map(|event| (event.as_str(), texts::event(l, event.as_str()).to_string()));
    let outcomes = Outcome::ALL.map(|outcome| {
        let word = match outcome {
            Outcome::Done => text!(l, audit.done),
            Outcome::Refused => text!(l, audit.refused),
        };
        (outcome.as_str(), word.to_owned())
    });
    view! {
        <details class="filters__more" open=open>
            <summary>{text!(l, audit.filters)}</summary>
            <div class="filters__fields">
                <Choice name="action" label=text!(l, audit.action) options=actions.to_vec() filter />
                <Choice name="outcome" label=text!(l, audit.outcome) options=outcomes.to_vec() filter />
                <Typed name="actor" label=text!(l, audit.actor_field) kind="text" filter />
                <Typed name="target" label=text!(l, audit.target_field) kind="text" filter />
                <Typed name="session" label=text!(l, audit.session) kind="text" filter />
                <Typed name="from" label=text!(l, audit.from) kind="date" filter />
                <Typed name="to" label=text!(l, audit.to) kind="date" filter />
            </div>
        </details>
    }
}

/// What the address says of a field.
fn said(filter: Memo<AuditFilter>, name: &'static str) -> Signal<String> {
    Signal::derive(move || {
        filter.with(|filter| {
            let found = filter.pairs().into_iter().find(|(known, _)| *known == name);
            found.map_or_else(String::new, |(_, value)| value.to_owned())
        })
    })
}

#[component]
fn Typed(name: &'static str, label: &'static str, kind: &'static str, filter: Memo<AuditFilter>) -> impl IntoView {
    let value = said(filter, name);
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

#[component]
fn Choice(
    name: &'static str,
    label: &'static str,
    options: Vec<(&'static str, String)>,
    filter: Memo<AuditFilter>,
) -> impl IntoView {
    let l = use_locale();
    let chosen = said(filter, name);
    // One that is not known here, as of a newer release, is kept.
    let first = chosen.get_untracked();
    let other = (!first.is_empty() && options.iter().all(|(code, _)| *code != first)).then_some(first);
    let option = move |code: String, word: String| {
        let known = code.clone();
        let is_chosen = move || chosen.with(|chosen| *chosen == known);
        // The attribute for the server's page; what a person has chosen heeds only the property.
        view! {
            <option value=code selected=is_chosen.clone() prop:selected=is_chosen>
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
                {option(String::new(), text!(l, audit.any).to_owned())}
                {options.into_iter().map(|(code, word)| option(code.to_owned(), word)).collect_view()}
                {other.map(|code| option(code.clone(), code))}
            </select>
        </div>
    }
}
