//! A message about what was just asked: an error is announced at once, everything else politely.

use std::borrow::Cow;

use leptos::prelude::*;

use crate::{
    api::ApiError,
    ui::{locale::use_locale, texts},
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something to know.
    Note,
    /// It worked.
    Done,
    /// It did not work, or something ended.
    Bad,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Note => "alert alert--note",
            Self::Done => "alert alert--done",
            Self::Bad => "alert alert--bad",
        }
    }
}

/// A message in the page from its beginning.
#[component]
pub fn Alert(tone: Tone, #[prop(into)] text: Cow<'static, str>) -> impl IntoView {
    view! { <p class=tone.class()>{text}</p> }
}

/// The place where errors of a form appear. It is there from the start, so that they are announced.
#[component]
pub fn ErrorSlot(#[prop(into)] error: Signal<Option<ApiError>>) -> impl IntoView {
    let l = use_locale();
    view! {
        <div class="slot" role="alert">
            {move || error.get().map(|error| view! { <Alert tone=Tone::Bad text=texts::error(l, &error) /> })}
        </div>
    }
}

/// The place where successes are said.
#[component]
pub fn DoneSlot(#[prop(into)] text: Signal<Option<String>>) -> impl IntoView {
    view! {
        <div class="slot" role="status">
            {move || text.get().map(|text| view! { <Alert tone=Tone::Done text /> })}
        </div>
    }
}
