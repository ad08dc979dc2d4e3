//! The devices a person is signed in on.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::{ApiResult, alarms::Alarm};
use crate::domain::device_label::DeviceLabel;

/// A live session, as its owner sees it. Instants are Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub session_id: String,
    /// The session that asks.
    pub current: bool,
    pub label: DeviceLabel,
    pub address: String,
    pub signed_in_at: i64,
    pub last_active_at: i64,
    /// When it ends if nothing renews it: the earliest of its ends; `null` is never.
    pub ends_at: Option<i64>,
    /// How much of its life is left, 0 to 100.
    pub life_left_percent: u8,
    pub remembered: bool,
    /// Its refresh token came back late several times in a row: worth a look.
    pub suspect: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// The current one first on every page, then the last active first.
    pub devices: Vec<Device>,
    /// How many there are on all pages together.
    #[serde(default)]
    pub total: u64,
    /// The cursor of the following page.
    #[serde(default)]
    pub next: Option<String>,
    /// Those that wait for an answer.
    pub alarms: Vec<Alarm>,
    /// Whether the strategy keeps account of sessions; otherwise the own one is all there is to tell.
    #[serde(default = "yes")]
    pub kept: bool,
    pub server_now: i64,
}

fn yes() -> bool {
    true
}

/// How many sessions an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub ended: u64,
    /// Whether that is in force on every node already; a node that can't be reached refuses within five seconds.
    pub everywhere: bool,
    /// How many other nodes had not said so yet when the answer was given; `null` where that could not be found out.
    #[serde(default)]
    pub behind: Option<u64>,
    /// From the act until that was known, in milliseconds by the server's clock.
    #[serde(default)]
    pub took_ms: u64,
}

/// A page of a hundred; `cursor` is a `next`, empty for the first.
///
/// # Errors
/// `invalid` (`cursor`), `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "devices", input = GetUrl)]
pub async fn list_devices(#[server(default)] cursor: String) -> ApiResult<Devices> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::devices::list(&cx, cx.actor()?, &cursor).await
}

/// Signs out one device. The own one is signed out too, and its cookies taken back.
///
/// # Errors
/// `not_found` for a session of someone else as for one that doesn't exist; `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "devices/revoke")]
pub async fn revoke_device(#[server(default)] session_id: String) -> ApiResult<Ended> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::devices::revoke(&cx, cx.actor()?, &session_id).await
}

/// Signs out every device but this one.
///
/// # Errors
/// `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "devices/revoke_others")]
pub async fn revoke_other_devices() -> ApiResult<Ended> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::devices::revoke_others(&cx, cx.actor()?).await
}
