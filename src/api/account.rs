//! What one's own account says of one.

use leptos::prelude::*;

use super::ApiResult;

/// Changes how one is called.
///
/// # Errors
/// `invalid` (`display_name`), `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "account/update")]
pub async fn update_account(#[server(default)] display_name: String) -> ApiResult<()> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::update_account::update_account(&cx, cx.actor()?, &display_name).await
}
