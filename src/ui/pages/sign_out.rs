//! The sign-out form, wherever it stands. Not a page: `POST /api/logout` is followed by the sign-in page.

use leptos::prelude::*;

use crate::{
    api::auth::Logout,
    client::{dom::go_to, tab_sync},
    i18n::td_string as text,
    ui::{
        act::{ActForm, on_success, use_act},
        components::alert::ErrorSlot,
        locale::use_locale,
        paths,
    },
};

#[component]
pub fn SignOutForm(
    /// Class of the form.
    #[prop(optional)]
    class: &'static str,
    /// Classes of its button.
    #[prop(default = "button button--danger-quiet")]
    button: &'static str,
    #[prop(optional)] label: Option<&'static str>,
) -> impl IntoView {
    let l = use_locale();
    let act = use_act::<Logout>();
    on_success(act, |()| {
        tab_sync::announce_sign_out();
        go_to(paths::LOGIN);
    });
    let error = move || act.value().get().and_then(Result::err);
    view! {
        <ActForm act page=paths::here() class>
            <button class=button type="submit" disabled=move || act.pending().get()>
                {label.unwrap_or(text!(l, nav.sign_out))}
            </button>
            <ErrorSlot error=Signal::derive(error) />
        </ActForm>
    }
}
