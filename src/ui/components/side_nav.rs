//! The pages of the signed-in part: the own account, and the administration for those who have one.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{
    domain::role::{Action, Role},
    i18n::td_string as text,
    ui::{locale::use_locale, paths},
};

#[component]
pub fn SideNav(role: Role) -> impl IntoView {
    let l = use_locale();
    view! {
        <div class="side-nav">
            <nav class="side-nav__group" aria-label=text!(l, nav.account_pages)>
                <p class="side-nav__title" aria-hidden="true">
                    {text!(l, nav.account_pages)}
                </p>
                <A href=paths::DEVICES>{text!(l, nav.devices)}</A>
                <A href=paths::SECURITY>{text!(l, nav.security)}</A>
                <A href=paths::ACCOUNT>{text!(l, nav.account)}</A>
            </nav>
            {role
                .may(Action::ViewUsers)
                .then(|| {
                    view! {
                        <nav class="side-nav__group" aria-label=text!(l, nav.admin_pages)>
                            <p class="side-nav__title" aria-hidden="true">
                                {text!(l, nav.admin_pages)}
                            </p>
                            <A href=paths::OVERVIEW exact=true>
                                {text!(l, nav.overview)}
                            </A>
                            <A href=paths::USERS>{text!(l, nav.users)}</A>
                            <A href=paths::AUDIT>{text!(l, nav.audit)}</A>
                            {role
                                .may(Action::ViewWebhooks)
                                .then(|| view! { <A href=paths::WEBHOOKS>{text!(l, nav.webhooks)}</A> })}
                        </nav>
                    }
                })}
        </div>
    }
}
