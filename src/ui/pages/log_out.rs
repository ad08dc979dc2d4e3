//! `/logout`, where programs send people who want to sign out. It asks: a link by itself ends nothing, because anyone can
//! put one in a page. The form is sent by the browser itself, so that the server alone decides where it leads.

use leptos::{prelude::*, server_fn::ServerFn as _};

use crate::{
    api::auth::Logout,
    client::sign_out::{leave_by_form, sign_out},
    i18n::td_string as text,
    ui::{
        act::use_act_by,
        auth_state::use_auth_state,
        components::{alert::ErrorSlot, page_title::PageTitle, seal::Seal},
        locale::use_locale,
        pages::sign_in::return_address,
        paths,
    },
};

#[component]
pub fn LogOut() -> impl IntoView {
    let l = use_locale();
    let return_to = return_address();
    // For what the form came to when it could not be carried out.
    let act = use_act_by(|form: Logout| sign_out(form.return_to));
    let error = move || act.value().get().and_then(Result::err);
    view! {
        <PageTitle text=text!(l, logout.title) />
        <div class="entry">
            <div class="entry__mark">
                <Seal />
            </div>
            <h1 class="entry__title" tabindex="-1">
                {text!(l, logout.title)}
            </h1>
            <Who />
            <form method="post" action=Logout::url() class="form" on:submit=|_| leave_by_form()>
                <input type="hidden" name="page" value=paths::keeping(paths::LOGOUT, &return_to) />
                <input type="hidden" name="return_to" value=return_to />
                <ErrorSlot error=Signal::derive(error) />
                <button class="button button--primary button--wide" type="submit">
                    {text!(l, logout.submit)}
                </button>
            </form>
            <p class="entry__else">
                <a href=paths::HOME>{text!(l, logout.stay)}</a>
            </p>
        </div>
    }
}

/// Whose session it is; or that there is none.
#[component]
fn Who() -> impl IntoView {
    let l = use_locale();
    let auth = use_auth_state();
    let words = move || {
        auth.session().get().map(|session| match session {
            Ok(session) => text!(l, logout.lead, name = session.user.display_name),
            Err(_) => text!(l, logout.nobody).to_owned(),
        })
    };
    view! {
        <Transition>
            <p class="alert alert--note">{words}</p>
        </Transition>
    }
}
