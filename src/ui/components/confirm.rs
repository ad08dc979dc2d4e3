//! An act that cannot be undone: a button that opens the question, and a second one that does it. `<details>`, so it
//! asks without scripts too.

use leptos::prelude::*;

#[component]
pub fn Confirm(
    /// On the button that asks.
    button: &'static str,
    /// The same for who can't see what it stands by.
    #[prop(optional, into)]
    label: Option<String>,
    /// What will happen, in a sentence that names it.
    #[prop(into)]
    question: Signal<String>,
    /// The form that does it.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="confirm">
            <summary class="button button--danger-quiet" aria-label=label>
                {button}
            </summary>
            <div class="confirm__panel">
                <p class="confirm__question">{move || question.get()}</p>
                {children()}
            </div>
        </details>
    }
}
