//! Register, sign in, sign out.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::{ApiResult, devices::Device};

/// A fresh sign-in. The tokens travel in cookies only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    pub user_id: String,
    pub session_id: String,
    /// Where the browser goes next: a path of this site, or an address on a host that the operator has named.
    pub return_to: String,
}

/// A sign-in whose password was right, and which waits for a place among the user's devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingSignIn {
    /// The live sessions, the last active first.
    pub devices: Vec<Device>,
    /// How many there may be.
    pub max: u32,
    /// Whether there is a place by now, so that none has to end.
    pub room: bool,
    pub server_now: i64,
}

/// A sign-in whose password was right, and which waits for another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingForPassword {
    pub email: String,
}

/// Makes an account and signs it in. `invite` is the token of an invitation, or empty.
///
/// # Errors
/// `invalid` (`email`, `password`, `display_name`, `invite`), `conflict`, `forbidden` where an invitation is needed, `throttled`,
/// `unavailable`.
#[server(prefix = "/api", endpoint = "register")]
pub async fn register(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] display_name: String,
    #[server(default)] invite: String,
    #[server(default)] return_to: String,
) -> ApiResult<SignedIn> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    let applicant = flow::register::Applicant { email: &email, display_name: &display_name, invite: &invite };
    let signed_in = flow::register::register(&cx, applicant, password.into()).await?;
    Ok(context::arrive(&cx, signed_in, &return_to))
}

/// Signs in. `remember` is `true` or empty: whether the cookies outlive the browser.
///
/// # Errors
/// `invalid_credentials`, `throttled`, `unavailable`; `limit`, which with `choose` is put to the user at `/login/choose`;
/// `password_change_required`, which is at `/login/password`.
#[server(prefix = "/api", endpoint = "login")]
pub async fn login(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] remember: String,
    #[server(default)] return_to: String,
) -> ApiResult<SignedIn> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    let remembered = remember == "true" || remember == "on";
    let wishes = flow::sign_in::Wishes { remembered, return_to: return_to.clone() };
    let signed_in = flow::sign_in::sign_in(&cx, &email, password.into(), wishes).await;
    match signed_in {
        Err(crate::api::ApiError::Limit { choose: true }) => context::redirect("/login/choose"),
        Err(crate::api::ApiError::PasswordChangeRequired) => context::redirect("/login/password"),
        _ => {}
    }
    Ok(context::arrive(&cx, signed_in?, &return_to))
}

/// What there is to choose from, for the browser whose sign-in waits.
///
/// # Errors
/// `signed_out` when none does, `unavailable`.
#[server(prefix = "/api", endpoint = "login/waiting", input = GetUrl)]
pub async fn choosable_devices() -> ApiResult<WaitingSignIn> {
    use crate::server::{context, flow};
    flow::choose::waiting(&context::current()?).await
}

/// Ends a session so that the waiting sign-in takes its place. An empty `session_id` ends none: there may be room by now.
///
/// # Errors
/// `signed_out` when no sign-in waits, `not_found` for what is no live session of that user, `limit`, `unavailable`.
#[server(prefix = "/api", endpoint = "login/choose")]
pub async fn choose_device(#[server(default)] session_id: String) -> ApiResult<SignedIn> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    let chosen = flow::choose::choose(&cx, &session_id).await;
    if let Err(crate::api::ApiError::SignedOut { .. }) = chosen {
        context::redirect("/login");
    }
    let (signed_in, return_to) = chosen?;
    Ok(context::arrive(&cx, signed_in, &return_to))
}

/// Whose sign-in waits for another password, in this browser.
///
/// # Errors
/// `signed_out` when none does, `unavailable`.
#[server(name = ReadWaitingForPassword, prefix = "/api", endpoint = "login/password", input = GetUrl)]
pub async fn waiting_for_password() -> ApiResult<WaitingForPassword> {
    use crate::server::{context, flow};
    flow::new_password::waiting(&context::current()?).await
}

/// Takes another password, with which the waiting sign-in goes on.
///
/// # Errors
/// `signed_out` when none waits, `invalid` (`new_password`, with `same` for the one that was), `limit`, `unavailable`.
#[server(prefix = "/api", endpoint = "login/new_password")]
pub async fn choose_new_password(#[server(default)] new_password: String) -> ApiResult<SignedIn> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    let chosen = flow::new_password::choose(&cx, new_password.into()).await;
    match chosen {
        Err(crate::api::ApiError::SignedOut { .. }) => context::redirect("/login"),
        Err(crate::api::ApiError::Limit { choose: true }) => context::redirect("/login/choose"),
        _ => {}
    }
    let (signed_in, return_to) = chosen?;
    Ok(context::arrive(&cx, signed_in, &return_to))
}

/// Ends the session of any credential that came along and verifies, and takes the cookies back. Fine to repeat. A form is led
/// to `return_to` if sign-in may lead there, else to sign-in.
///
/// # Errors
/// `unavailable` when the end could not be committed; the cookies stay then.
#[server(prefix = "/api", endpoint = "logout")]
pub async fn logout(#[server(default)] return_to: String) -> ApiResult<()> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::sign_out::sign_out(&cx).await?;
    context::redirect(cx.state.config.return_hosts.allowed(&return_to).unwrap_or("/login"));
    Ok(())
}
