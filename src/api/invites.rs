//! Invitations: links that let someone make an account.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::{ApiResult, admin::Changed};
use crate::domain::role::Role;

/// An invitation that was just given. The link is told this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    pub invite_id: String,
    /// `null` where the page that follows shows it.
    pub link: Option<String>,
    pub email: Option<String>,
    pub role: Role,
    pub expires_at: i64,
}

/// An open invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteRow {
    pub invite_id: String,
    /// Whose account it makes; `null` is anyone's.
    pub email: Option<String>,
    pub display_name: String,
    pub role: Role,
    /// E-mail of who gave it, if they have an account still.
    pub by: Option<String>,
    /// It was given on the command line.
    pub by_operator: bool,
    pub created_at: i64,
    pub expires_at: i64,
    /// `false` where who gave it may not give that role any more: then nobody gets in by it.
    pub counts: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invites {
    /// Newest first; at most 200.
    pub items: Vec<InviteRow>,
    /// The role of the one who asks lets them give and revoke.
    pub manageable: bool,
    /// Only once, on the page that follows a form sent without scripts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Invited>,
    pub server_now: i64,
}

/// Whether an account can be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// By anyone.
    #[default]
    Open,
    /// By this invitation.
    Invited,
    /// Not without an invitation.
    InviteOnly,
    Closed,
    /// Not by this invitation: it was used, revoked, has expired, or never was.
    NotValid,
}

/// How the form of registration begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub admission: Admission,
    /// Whose account it will be, where the invitation says so.
    pub email: Option<String>,
    pub display_name: String,
}

/// Invites someone: answers with a link that makes one account with this role. Without an `email` it is for whoever has it.
///
/// # Errors
/// `forbidden`, `step_up_required`, `invalid` (`email`, `display_name`, `role`), `conflict` for an e-mail that has an account, `renew`,
/// `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/invite")]
pub async fn invite(
    #[server(default)] email: String,
    #[server(default)] display_name: String,
    #[server(default)] role: String,
) -> ApiResult<Invited> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    let given = flow::invites::give(&cx, cx.actor()?, (&email, &display_name), &role).await?;
    // The page shows the link. It never stands in an address, where histories and logs keep it.
    context::redirect("/admin/users/new");
    Ok(given)
}

/// The open invitations.
///
/// # Errors
/// `forbidden`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/invites", input = GetUrl)]
pub async fn list_invites() -> ApiResult<Invites> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::invites::list(&cx, cx.actor()?).await
}

/// Makes the link of an invitation worthless.
///
/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/revoke_invite")]
pub async fn revoke_invite(#[server(default)] invite_id: String) -> ApiResult<Changed> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::invites::revoke(&cx, cx.actor()?, &invite_id).await
}

/// On what terms an account can be made. Asking uses nothing up.
///
/// # Errors
/// `unavailable`.
#[server(prefix = "/api", endpoint = "register/terms", input = GetUrl)]
pub async fn registration_terms(#[server(default)] invite: String) -> ApiResult<Terms> {
    use crate::server::{context, flow};
    flow::register::terms(&context::current()?, &invite).await
}
