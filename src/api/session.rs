//! The session of the caller: who, until when, and the two acts that move its ends.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::ApiResult;
use crate::domain::{role::Role, session::EndReason};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentUser {
    pub id: String,
    pub email: String,
    pub display_name: String,
    pub role: Role,
}

/// When things end, as Unix milliseconds of the server's clock; `null` is never.
///
/// A browser schedules from the difference to `server_now`, never from its own clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEnds {
    pub server_now: i64,
    /// The access token's end.
    pub access_ends_at: i64,
    /// The end of the session if nobody acts.
    pub idle_ends_at: Option<i64>,
    /// The end of the session if it is not renewed.
    pub expires_at: Option<i64>,
    /// The hard end, which nothing moves.
    pub absolute_ends_at: Option<i64>,
}

/// The lengths the browser's timers need, in milliseconds. `0` for `idle_timeout_ms` means there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerLengths {
    pub refresh_lead_ms: u64,
    pub idle_timeout_ms: u64,
    pub idle_warning_ms: u64,
    /// How often at most a human act is reported.
    pub touch_interval_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentSession {
    pub user: CurrentUser,
    pub session_id: String,
    pub strategy: String,
    pub remembered: bool,
    /// When the person proved who they are, Unix milliseconds.
    pub signed_in_at: i64,
    #[serde(flatten)]
    pub ends: SessionEnds,
    pub timers: TimerLengths,
}

/// # Errors
/// `renew`, `signed_out`, `unavailable`.
#[server(name = ReadCurrentSession, prefix = "/api", endpoint = "session", input = GetUrl)]
pub async fn current_session() -> ApiResult<CurrentSession> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::authenticate::describe(&cx, cx.actor()?).await
}

/// What the one who ended a session has its person told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndNotice {
    pub reason: EndReason,
    /// Plain text, of up to 200 characters.
    pub message: String,
}

/// What the caller is told of the session that was ended under them; `null` where nothing was said. The credential that came
/// along must be one of that session.
///
/// # Errors
/// `unavailable`.
#[server(name = ReadEndNotice, prefix = "/api", endpoint = "session/end", input = GetUrl)]
pub async fn end_notice() -> ApiResult<Option<EndNotice>> {
    use crate::server::{context, flow};
    flow::end_notice::read(&context::current()?).await
}

/// Exchanges the refresh cookie for a fresh access token, and for the successor of itself (RFC 9700 section 4.14.2).
///
/// # Errors
/// `signed_out` with its reason, `unavailable`.
#[server(prefix = "/api", endpoint = "refresh")]
pub async fn refresh() -> ApiResult<SessionEnds> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::refresh::refresh(&cx).await
}

/// A human acted `acted_ms_ago` milliseconds ago; moves the idle end and nothing else.
///
/// # Errors
/// `renew`, `signed_out`, `invalid` (`acted_ms_ago`), `unavailable`.
#[server(prefix = "/api", endpoint = "touch")]
pub async fn touch(#[server(default)] acted_ms_ago: String) -> ApiResult<SessionEnds> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::touch::touch(&cx, cx.actor()?, &acted_ms_ago).await
}
