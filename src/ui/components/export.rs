//! Everything that is found, as a file. Its address is no page: the router leaves it to the browser.

use leptos::prelude::*;

#[component]
pub fn Export(
    #[prop(into)] file: Signal<String>,
    /// What the file is called.
    name: &'static str,
    label: &'static str,
    hint: &'static str,
) -> impl IntoView {
    view! {
        <p class="export">
            <a class="button button--quiet" href=file download=name rel="external">
                {label}
            </a>
            <span class="export__hint">{hint}</span>
        </p>
    }
}
