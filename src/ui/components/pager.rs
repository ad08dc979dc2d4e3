//! Steps through a list by cursor: on to the next page, or back to the first. The browser's own "back" does the rest.

use leptos::prelude::*;

use crate::{
    i18n::td_string as text,
    ui::{components::icons::arrow_right, locale::use_locale, paths},
};

#[component]
pub fn Pager(
    /// The page of the list.
    #[prop(into)]
    page: String,
    query: String,
    /// Whether this is a later page.
    later: bool,
    next: Option<String>,
    /// What else of the address the other pages keep.
    #[prop(optional)]
    kept: Vec<(&'static str, String)>,
    /// What the cursor is called in the address.
    #[prop(default = "cursor")]
    name: &'static str,
) -> impl IntoView {
    let l = use_locale();
    let to = move |cursor: &str| {
        let kept = kept.iter().map(|(name, value)| (*name, value.as_str()));
        paths::filtered(&page, &kept.chain([("query", query.as_str()), (name, cursor)]).collect::<Vec<_>>())
    };
    let shown = later || next.is_some();
    shown.then(|| {
        view! {
            <nav class="pager" aria-label=text!(l, pager.label)>
                {later
                    .then(|| {
                        view! {
                            <a class="button button--quiet" href=to("")>
                                {text!(l, pager.first)}
                            </a>
                        }
                    })}
                {match next.clone() {
                    Some(cursor) => {
                        view! {
                            <a class="button button--quiet pager__next" href=to(&cursor) rel="next">
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
