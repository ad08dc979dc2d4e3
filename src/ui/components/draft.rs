//! A form's memory: `<Draft form="profile" version=1 sent=… />` anywhere in a form keeps what is typed into it for a day,
//! encrypted and for this person only, and offers it back when the form is there again.

use leptos::prelude::*;

use crate::{
    api::ApiError,
    client::{
        dom,
        draft_keeper::{DraftKeeper, Opted, use_draft},
    },
    i18n::td_string as text,
    ui::{auth_state::use_auth_state, locale::use_locale},
};

/// The offer; empty while there is none, and always without scripts.
#[component]
pub fn Draft(
    /// Names the form among all of the site.
    form: &'static str,
    /// What the form is about where it stands for several things, such as the id of one of them.
    #[prop(optional, into)]
    about: String,
    /// To be raised when the fields change their meaning.
    version: u32,
    /// Whether the form was sent and taken.
    #[prop(into)]
    sent: Signal<bool>,
) -> impl IntoView {
    let auth = use_auth_state();
    let name = if about.is_empty() { form.to_owned() } else { [form, " ", &about].concat() };
    let owner = Memo::new(move |before: Option<&Option<String>>| match auth.session().get() {
        _ if auth.ended().with(Option::is_some) => None,
        Some(Ok(session)) => Some(session.user.id),
        Some(Err(ApiError::SignedOut { .. })) => None,
        // not being able to ask is no sign-out
        Some(Err(_)) | None => before.cloned().flatten(),
    });
    let keeper = use_draft(Opted { form: StoredValue::new(name), version, owner, sent });
    view! {
        <div class="slot" role="status" node_ref=keeper.mark>
            {move || keeper.offer.get().map(|found| view! { <Offer keeper saved_at=found.saved_at /> })}
        </div>
    }
}

#[component]
fn Offer(keeper: DraftKeeper, saved_at: i64) -> impl IntoView {
    let l = use_locale();
    let (time, is_today) = dom::local_time(saved_at);
    let said = if is_today { text!(l, draft.found, time) } else { text!(l, draft.found_yesterday, time) };
    view! {
        <div class="alert alert--note draft">
            <p>{said}</p>
            <div class="draft__ways">
                <button class="button button--quiet button--small" type="button" on:click=move |_| keeper.restore()>
                    {text!(l, draft.restore)}
                </button>
                <button class="button button--quiet button--small" type="button" on:click=move |_| keeper.discard_by_hand()>
                    {text!(l, draft.discard)}
                </button>
            </div>
        </div>
    }
}
