//! The admin's reads and acts. Every flow behind these asks the role table in `domain/role.rs`.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::{ApiResult, devices::Ended};
use crate::domain::{device_label::DeviceLabel, role::Role, session::EndReason};

/// A page of a longer list. `next` is the cursor of the following page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
    pub server_now: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    pub id: String,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    pub locked: bool,
    pub live_sessions: i64,
    pub created_at: i64,
    pub last_active_at: Option<i64>,
}

/// A session as an admin sees it: live, or ended with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    pub session_id: String,
    pub label: DeviceLabel,
    pub address: String,
    pub signed_in_at: i64,
    pub last_active_at: i64,
    /// When it ends if nothing renews it; `null` is never.
    pub ends_at: Option<i64>,
    pub life_left_percent: u8,
    pub ended: Option<EndReason>,
    pub ended_at: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDetail {
    pub user: UserRow,
    /// Live ones first, newest first; at most 100.
    pub sessions: Vec<SessionRow>,
    pub server_now: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub id: String,
    pub at: i64,
    pub action: String,
    pub outcome: String,
    /// E-mail of who did it, where it was a known user; `system` for the command line and the first start.
    pub actor: Option<String>,
    /// E-mail of whom it was done to.
    pub target: Option<String>,
    pub session_id: Option<String>,
    pub address: Option<String>,
    pub device: Option<DeviceLabel>,
    /// As the browser named itself.
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// Evidence, as JSON text.
    pub detail: Option<String>,
}

/// Users by e-mail or name prefix; `limit` is 1 to 100 and 25 when empty.
///
/// # Errors
/// `forbidden`, `invalid` (`limit`, `cursor`), `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/users", input = GetUrl)]
pub async fn list_users(
    #[server(default)] query: String,
    #[server(default)] cursor: String,
    #[server(default)] limit: String,
) -> ApiResult<Page<UserRow>> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::admin_users::list(&cx, cx.actor()?, &query, &cursor, &limit).await
}

/// # Errors
/// `forbidden`, `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(name = ReadUserDetail, prefix = "/api", endpoint = "admin/user", input = GetUrl)]
pub async fn user_detail(#[server(default)] user_id: String) -> ApiResult<UserDetail> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::admin_users::detail(&cx, cx.actor()?, &user_id).await
}

/// Ends all sessions of a user.
///
/// # Errors
/// `forbidden`, `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/kick_user")]
pub async fn kick_user(#[server(default)] user_id: String) -> ApiResult<Ended> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::kick::user(&cx, cx.actor()?, &user_id).await
}

/// Ends one session of any user.
///
/// # Errors
/// `forbidden`, `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/kick_session")]
pub async fn kick_session(#[server(default)] session_id: String) -> ApiResult<Ended> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::kick::session(&cx, cx.actor()?, &session_id).await
}

/// The audit log, newest first; `query` matches an action, an e-mail or a session id.
///
/// # Errors
/// `forbidden`, `invalid` (`limit`, `cursor`), `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/audit", input = GetUrl)]
pub async fn list_audit(
    #[server(default)] query: String,
    #[server(default)] cursor: String,
    #[server(default)] limit: String,
) -> ApiResult<Page<AuditRow>> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::audit_log::list(&cx, cx.actor()?, &query, &cursor, &limit).await
}
