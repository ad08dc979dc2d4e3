//! A promise that only some strategies keep, and what is said in its place where it would be untrue.

use leptos::prelude::*;

use crate::{api::session::CurrentSession, domain::strategy::Strategy, ui::auth_state::use_auth_state};

/// One of two texts: `kept` where sessions are listed and can be ended, `unkept` where the signed token is all there is.
#[component]
pub fn KeptText(kept: &'static str, unkept: &'static str) -> impl IntoView {
    let auth = use_auth_state();
    view! {
        <Transition>
            {move || {
                auth.session().get().and_then(Result::ok).map(|session| if keeps_sessions(&session) { kept } else { unkept })
            }}
        </Transition>
    }
}

/// Whether the strategy of this session keeps account of it.
pub fn keeps_sessions(session: &CurrentSession) -> bool {
    Strategy::parse(&session.strategy).is_none_or(Strategy::keeps_sessions)
}
