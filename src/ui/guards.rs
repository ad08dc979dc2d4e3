//! The parents of private pages. Whoever may not be here is sent to sign-in or told so kindly; the flows enforce.

use leptos::{either::EitherOf5, prelude::*};
use leptos_router::components::{Outlet, Redirect};

use crate::{
    api::{ApiError, ApiResult, session::CurrentSession},
    domain::{
        role::{Action, Role},
        session::EndReason,
    },
    i18n::td_string as text,
    platform,
    ui::{
        auth_state::use_auth_state,
        components::{
            side_nav::SideNav,
            sign_in_again::AfterEnd,
            states::{ErrorPage, Loading, MessagePage},
        },
        locale::use_locale,
        paths, texts,
    },
};

/// For everyone who is signed in.
#[component]
pub fn SettingsArea() -> impl IntoView {
    view! { <Area need=None /> }
}

/// For those whose role may look at users.
#[component]
pub fn AdminArea() -> impl IntoView {
    view! { <Area need=Some(Action::ViewUsers) /> }
}

/// What the session lets one do here. Compared before anything is drawn again: a session that is read anew does not
/// rebuild the page under the person's hands.
#[derive(Clone, PartialEq)]
enum Access {
    Granted(Role),
    Refused {
        name: String,
        role: Role,
    },
    SignedOut(EndReason),
    Unknown(ApiError),
    /// It was granted until the session of this page ended.
    Ended(EndReason),
}

impl Access {
    fn of(session: ApiResult<CurrentSession>, need: Option<Action>) -> Self {
        match session {
            Ok(CurrentSession { user, .. }) if need.is_none_or(|need| user.role.may(need)) => Self::Granted(user.role),
            Ok(CurrentSession { user, .. }) => Self::Refused { name: user.display_name, role: user.role },
            Err(ApiError::SignedOut { reason }) => Self::SignedOut(reason),
            Err(error) => Self::Unknown(error),
        }
    }
}

#[component]
fn Area(need: Option<Action>) -> impl IntoView {
    let auth = use_auth_state();
    view! {
        <Transition fallback=Loading>
            {
                let access = Memo::new(move |before: Option<&Option<Access>>| {
                    let now = match auth.ended().get() {
                        Some(reason) => Some(Access::Ended(reason)),
                        None => auth.session().get().map(|session| Access::of(session, need)),
                    };
                    match (&now, before) {
                        // not being able to ask again takes nothing away
                        (Some(Access::Unknown(_)), Some(known @ Some(Access::Granted(_)))) => known.clone(),
                        _ => now,
                    }
                });
                move || {
                    access
                        .get()
                        .map(|access| match access {
                            Access::Ended(reason) => EitherOf5::A(view! { <AfterEnd reason /> }),
                            Access::Granted(role) => EitherOf5::B(view! { <Inside role /> }),
                            Access::Refused { name, role } => EitherOf5::C(view! { <Forbidden name role /> }),
                            Access::SignedOut(reason) => {
                                EitherOf5::D(view! { <Redirect path=paths::login(&paths::here(), reason) /> })
                            }
                            Access::Unknown(error) => EitherOf5::E(view! { <ErrorPage error /> }),
                        })
                }
            }
        </Transition>
    }
}

#[component]
fn Inside(role: Role) -> impl IntoView {
    view! {
        <div class="area">
            <SideNav role />
            <div class="area__content">
                <Outlet />
            </div>
        </div>
    }
}

#[component]
fn Forbidden(name: String, role: Role) -> impl IntoView {
    let l = use_locale();
    platform::set_forbidden();
    let text = text!(l, forbidden.text, name, role = texts::role(l, role));
    view! { <MessagePage title=text!(l, forbidden.title) text action=text!(l, forbidden.home) /> }
}
