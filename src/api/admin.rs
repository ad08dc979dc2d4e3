//! The admin's reads and acts. Every flow behind these asks the role table in `domain/role.rs`.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::{ApiResult, devices::Ended};
use crate::domain::{device_label::DeviceLabel, role::Role, session::EndReason, user_filter::Asked};

/// Where the list of users is had as CSV, under the same filter.
pub const EXPORT: &str = "/api/admin/users/export";

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

/// A page of the list of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPage {
    pub items: Vec<UserRow>,
    pub next: Option<String>,
    /// How many the filter finds; `null` where they are too many to be counted for a look.
    pub total: Option<i64>,
    /// The role of the one who asks lets them change accounts, and take the list out.
    pub manageable: bool,
    pub exportable: bool,
    pub server_now: i64,
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
    /// What its person was told beside the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What an act on an account came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// `false` where it was so already.
    pub changed: bool,
    /// How many live sessions ended with it.
    pub ended: u64,
}

/// Users, narrowed by the beginning of an e-mail or a name, by `role`, `locked` and `live` (`yes`, `no`) and `seen` (`day`,
/// `week`, `month`, `longer`, `never`), sorted by `email`, `name`, `seen` or `created`; `limit` is 1 to 100 and 25 when empty.
///
/// # Errors
/// `forbidden`, `invalid` (the field), `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/users", input = GetUrl)]
pub async fn list_users(
    #[server(flatten)] asked: Asked,
    #[server(default)] cursor: String,
    #[server(default)] limit: String,
) -> ApiResult<UserPage> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::admin_users::list(&cx, cx.actor()?, &asked, (&cursor, &limit)).await
}

/// Ends all sessions of a user. They are told `message`, of up to 200 characters; with `close_alarms` = `true` their open
/// alarms are closed by it.
///
/// # Errors
/// `forbidden`, `invalid` (`message`), `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/kick_user")]
pub async fn kick_user(
    #[server(default)] user_id: String,
    #[server(default)] message: String,
    #[server(default)] close_alarms: String,
) -> ApiResult<Ended> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::kick::user(&cx, cx.actor()?, &user_id, (&message, close_alarms == "true")).await
}

/// Ends one session of any user, who is told `message`.
///
/// # Errors
/// `forbidden`, `invalid` (`message`), `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/kick_session")]
pub async fn kick_session(
    #[server(default)] session_id: String,
    #[server(default)] message: String,
) -> ApiResult<Ended> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::kick::session(&cx, cx.actor()?, &session_id, &message).await
}

/// Gives a user another role, which holds at their next request. The last admin stays one.
///
/// # Errors
/// `forbidden`, `step_up_required`, `invalid` (`role`), `not_found`, `conflict`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/set_role")]
pub async fn set_role(#[server(default)] user_id: String, #[server(default)] role: String) -> ApiResult<Changed> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::accounts::set_role(&cx, cx.actor()?, &user_id, &role).await
}

/// Refuses sign-in and ends all sessions of a user, who is told `message`. Not of the last admin, nor of oneself.
///
/// # Errors
/// `forbidden`, `step_up_required`, `invalid` (`message`), `not_found`, `conflict`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/lock_user")]
pub async fn lock_user(#[server(default)] user_id: String, #[server(default)] message: String) -> ApiResult<Changed> {
    use crate::{
        domain::account_act::AccountAct,
        server::{context, flow},
    };
    let cx = context::current()?;
    flow::accounts::act_saying(&cx, cx.actor()?, &user_id, AccountAct::Lock, &message).await
}

/// Lets a user sign in again. No session comes back.
///
/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/unlock_user")]
pub async fn unlock_user(#[server(default)] user_id: String) -> ApiResult<Changed> {
    use crate::{
        domain::account_act::AccountAct,
        server::{context, flow},
    };
    let cx = context::current()?;
    flow::accounts::act(&cx, cx.actor()?, &user_id, AccountAct::Unlock).await
}

/// Deletes a user with all that belongs to them, for good. Not the last admin, nor oneself.
///
/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `conflict`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/delete_user")]
pub async fn delete_user(#[server(default)] user_id: String) -> ApiResult<Changed> {
    use crate::{
        domain::account_act::AccountAct,
        server::{context, flow},
    };
    let cx = context::current()?;
    let deleted = flow::accounts::act(&cx, cx.actor()?, &user_id, AccountAct::Delete).await?;
    // The page the form stands on has gone with the account.
    context::redirect("/admin/users");
    Ok(deleted)
}
