//! The mark: the character 関, a gate, cut into a square seal. Drawn as strokes, so that it needs no font.

use leptos::prelude::*;

/// The strokes of 関 on a field of 32: the two leaves of the gate, and the bar within.
const STROKES: &str = "M7 27V6h6.6v8.2H7M7 10.1h6.6M25 6v19.4q0 1.6-1.7 1.6h-1.5M25 6h-6.6v8.2H25M18.4 10.1H25\
                       M13.4 16.2l1 1.9M18.6 16.2l-1 1.9M11.4 19.2h9.2M10.6 22.4h10.8M16 19.2v3.2q-.6 3-5 4.8M16 22.4q.8 3 4.6 4.6";

/// The seal, as decoration beside a text that names us.
#[component]
pub fn Seal(#[prop(optional, into)] class: &'static str) -> impl IntoView {
    view! {
        <svg class=format!("seal {class}") viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect class="seal__ground" width="32" height="32" rx="3.2" />
            <path class="seal__strokes" d=STROKES />
        </svg>
    }
}
