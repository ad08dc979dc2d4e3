//! Register, sign in, sign out.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::ApiResult;

/// A fresh sign-in. The tokens travel in cookies only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    pub user_id: String,
    pub session_id: String,
    /// Where the browser goes next: a path of this site.
    pub return_to: String,
}

/// Makes an account and signs it in.
///
/// # Errors
/// `invalid` (`email`, `password`, `display_name`), `conflict`, `forbidden` when registration is closed, `throttled`, `unavailable`.
#[server(prefix = "/api", endpoint = "register")]
pub async fn register(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] display_name: String,
    #[server(default)] return_to: String,
) -> ApiResult<SignedIn> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    let signed_in = flow::register::register(&cx, &email, password.into(), &display_name).await?;
    Ok(context::arrive(&cx, signed_in, &return_to))
}

/// Signs in. `remember` is `true` or empty: whether the cookies outlive the browser.
///
/// # Errors
/// `invalid_credentials`, `throttled`, `unavailable`.
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
    let signed_in = flow::sign_in::sign_in(&cx, &email, password.into(), remembered).await?;
    Ok(context::arrive(&cx, signed_in, &return_to))
}

/// Ends the session of any credential that came along and verifies, and takes the cookies back. Fine to repeat.
///
/// # Errors
/// `unavailable` when the end could not be committed; the cookies stay then.
#[server(prefix = "/api", endpoint = "logout")]
pub async fn logout() -> ApiResult<()> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::sign_out::sign_out(&cx).await?;
    context::redirect("/login");
    Ok(())
}
