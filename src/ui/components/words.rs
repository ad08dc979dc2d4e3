//! What whoever ended a session has its person told. It comes from the server, to the bearer of that session's credential,
//! and never from an address: what stands there anybody may have written.

use leptos::{prelude::*, task::spawn_local};

use crate::{api::session::end_notice, domain::session::EndReason, i18n::td_string as text, ui::locale::use_locale};

/// A message as it was typed.
#[component]
pub fn Words(message: String) -> impl IntoView {
    let l = use_locale();
    view! {
        <figure class="words">
            <figcaption class="words__by">{text!(l, ended.words)}</figcaption>
            <blockquote class="words__text">{message}</blockquote>
        </figure>
    }
}

/// On a page whose session has just ended: asks for the words, where somebody may have left some.
#[component]
pub fn WordsAfterEnd(reason: EndReason) -> impl IntoView {
    let message = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        if matches!(reason, EndReason::Kicked | EndReason::Locked) {
            spawn_local(async move {
                if let Ok(Some(notice)) = end_notice().await {
                    // the page may have gone on meanwhile
                    drop(message.try_set(Some(notice.message)));
                }
            });
        }
    });
    view! {
        <div class="slot" id="ended-words" role="status">
            {move || message.get().map(|message| view! { <Words message /> })}
        </div>
    }
}
