//! The sign-out form, wherever it stands. Not a page: `POST /api/logout` is followed by the sign-in page, or by the one it names.

use leptos::prelude::*;

use crate::{
    api::auth::Logout,
    client::sign_out::sign_out,
    i18n::td_string as text,
    ui::{
        act::{ActForm, use_act_by},
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
    /// A page of this site to go on with; the sign-in page without one.
    #[prop(optional, into)]
    return_to: String,
) -> impl IntoView {
    let l = use_locale();
    let act = use_act_by(|form: Logout| sign_out(form.return_to));
    let error = move || act.value().get().and_then(Result::err);
    view! {
        <ActForm act page=paths::here() class>
            {(!return_to.is_empty()).then(|| view! { <input type="hidden" name="return_to" value=return_to /> })}
            <button class=button type="submit" disabled=move || act.pending().get()>
                {label.unwrap_or(text!(l, nav.sign_out))}
            </button>
            <ErrorSlot error=Signal::derive(error) />
        </ActForm>
    }
}
