//! A recent proof of the password, for acts that ask for one.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::ApiResult;

/// Until when the proof counts, as Unix milliseconds of the server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub server_now: i64,
    pub proved_until: i64,
}

/// Proves the password once more. The session stays, its credential is replaced.
///
/// # Errors
/// `invalid_credentials` for a wrong password, `throttled`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "step_up")]
pub async fn step_up(#[server(default)] password: String) -> ApiResult<Proof> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::step_up::step_up(&cx, cx.actor()?, password.into()).await
}
