//! Changing the own password.

use leptos::prelude::*;

use super::{ApiResult, devices::Ended};

/// Changes the password and ends every other session.
///
/// # Errors
/// `invalid_credentials` for a wrong current password, `invalid` (`new_password`), `throttled`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "password/change")]
pub async fn change_password(
    #[server(default)] current_password: String,
    #[server(default)] new_password: String,
) -> ApiResult<Ended> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::change_password::change_password(&cx, cx.actor()?, current_password.into(), new_password.into()).await
}
