//! Says where the service is to whoever opened it by another name or address: there no cookie stays, and no sign-in goes well.

use leptos::prelude::*;

use crate::{
    client::dom,
    i18n::td_string as text,
    platform,
    ui::{locale::use_locale, paths},
};

/// Where the service is, as configured, and whether the server was asked for the page by another address.
#[derive(Clone)]
struct PublicAddress(String, bool);

/// Provides it. In `App`, once.
pub fn provide_public_address() {
    let (url, elsewhere) = SharedValue::<(String, bool)>::new(platform::public_address).into_inner();
    provide_context(PublicAddress(url, elsewhere));
}

/// The note, where there is a reason for it. A proxy may have asked by a name of its own: what the browser says counts.
#[component]
pub fn WrongAddress() -> impl IntoView {
    let l = use_locale();
    let PublicAddress(url, elsewhere) = expect_context();
    let elsewhere = RwSignal::new(elsewhere);
    let (ours, link) = (url.clone(), format!("{url}{}", paths::here()));
    Effect::new(move |_| elsewhere.set(!ours.is_empty() && dom::origin() != ours));
    move || {
        elsewhere.get().then(|| {
            view! {
                <p class="alert alert--note">
                    {text!(l, login.elsewhere)} " " <a href=link.clone() rel="external">{url.clone()}</a>
                </p>
            }
        })
    }
}
