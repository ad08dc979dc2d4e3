//! The account name in forms that ask for a password only.

use leptos::prelude::*;

use crate::ui::auth_state::use_auth_state;

/// For password managers: they keep a password under it.
#[component]
pub fn HiddenName() -> impl IntoView {
    let auth = use_auth_state();
    view! {
        <Transition>
            {move || {
                auth.session()
                    .get()
                    .and_then(Result::ok)
                    .map(|session| {
                        view! {
                            <input
                                class="visually-hidden"
                                type="text"
                                name="username"
                                autocomplete="username"
                                value=session.user.email
                                readonly
                                tabindex="-1"
                                aria-hidden="true"
                            />
                        }
                    })
            }}
        </Transition>
    }
}
