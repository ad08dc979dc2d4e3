//! A list of names and values.

use leptos::prelude::*;

/// One fact. Stands in a `<dl class="facts">`.
#[component]
pub fn Fact(name: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="fact">
            <dt>{name}</dt>
            <dd>{children()}</dd>
        </div>
    }
}
