//! Steps through a list by cursor: on to the next page, or back to the first. The browser's own "back" does the rest.

use leptos::prelude::*;

use crate::{
    i18n::td_string as text,
    ui::{components::icons::arrow_right, locale::use_locale, paths},
};

#[component]
pub fn Pager(
    /// The page of the list.
    page: &'static str,
    query: String,
    /// Whether this is a later page.
    later: bool,
    next: Option<String>,
) -> impl IntoView {
    let l = use_locale();
    let shown = later || next.is_some();
    shown.then(|| {
        view! {
            <nav class="pager" aria-label=text!(l, pager.label)>
                {later
                    .then(|| {
                        view! {
                            <a class="button button--quiet" href=paths::list(page, &query, "")>
                                {text!(l, pager.first)}
                            </a>
                        }
                    })}
                {match next.clone() {
                    Some(cursor) => {
                        view! {
                            <a class="button button--quiet pager__next" href=paths::list(page, &query, &cursor) rel="next">
                                {text!(l, pager.next)}
                                {arrow_right()}
                            </a>
                        }
                            .into_any()
                    }
                    None => view! { <span class="pager__end">{text!(l, pager.end)}</span> }.into_any(),
                }}
            </nav>
        }
    })
}
