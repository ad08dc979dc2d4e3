//! What the desk shows of one person, and does for them: their page, notes, and alarms.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::{
    ApiResult,
    admin::{Changed, SessionRow, UserRow},
    alarms::Alarm,
    audit::AuditRow,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDetail {
    pub user: UserRow,
    /// A page of the live ones, the last active first, 100 at most; then those that are over, the newest sign-in first, 20 at most.
    pub sessions: Vec<SessionRow>,
    /// The cursor of the following page of those that are over.
    pub next_ended: Option<String>,
    /// The cursor of the following page of live ones.
    #[serde(default)]
    pub next_live: Option<String>,
    /// Since when another password is asked for at the next sign-in.
    pub password_due_at: Option<i64>,
    /// How the newest sign-ins came out.
    pub sign_ins: Vec<AuditRow>,
    /// The newest acts by this person and on them.
    pub trail: Vec<AuditRow>,
    /// Newest first, answered ones too.
    pub alarms: Vec<Alarm>,
    /// None on the one who asks.
    pub notes: Vec<Note>,
    /// The one who asks looks at their own account.
    pub own: bool,
    /// The role of the one who asks lets them change it.
    pub manageable: bool,
    /// Whether the strategy keeps account of sessions at all.
    pub kept: bool,
    pub server_now: i64,
}

/// What someone at the desk wrote down of a person. They never see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub id: String,
    pub at: i64,
    pub text: String,
    /// E-mail of the author, or their id where their account is gone; `null` is the command line.
    pub author: Option<String>,
    /// The one who asks may delete it.
    pub deletable: bool,
}

/// `cursor` is a `next_ended`, `live` a `next_live`, empty for the first of them.
///
/// # Errors
/// `forbidden`, `invalid` (`cursor`), `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(name = ReadUserDetail, prefix = "/api", endpoint = "admin/user", input = GetUrl)]
pub async fn user_detail(
    #[server(default)] user_id: String,
    #[server(default)] cursor: String,
    #[server(default)] live: String,
) -> ApiResult<UserDetail> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::user_page::read(&cx, cx.actor()?, &user_id, (&cursor, &live)).await
}

/// Ends all sessions of a user, and asks for another password at their next sign-in before anything else. They are told
/// `message`.
///
/// # Errors
/// `forbidden`, `step_up_required`, `invalid` (`message`), `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/require_password_change")]
pub async fn require_password_change(
    #[server(default)] user_id: String,
    #[server(default)] message: String,
) -> ApiResult<Changed> {
    use crate::{
        domain::account_act::AccountAct,
        server::{context, flow},
    };
    let cx = context::current()?;
    flow::accounts::act_saying(&cx, cx.actor()?, &user_id, AccountAct::RequirePassword, &message).await
}

/// Writes a note on a user, of up to 2,000 characters. Not on oneself.
///
/// # Errors
/// `forbidden`, `invalid` (`text`), `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/note/add")]
pub async fn add_note(#[server(default)] user_id: String, #[server(default)] text: String) -> ApiResult<()> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::notes::add(&cx, cx.actor()?, &user_id, &text).await
}

/// Deletes a note of one's own; an admin also one of others.
///
/// # Errors
/// `forbidden`, `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/note/delete")]
pub async fn delete_note(#[server(default)] note_id: String) -> ApiResult<()> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::notes::delete(&cx, cx.actor()?, &note_id).await
}

/// Closes an alarm that was dealt with otherwise than by a kick.
///
/// # Errors
/// `forbidden`, `not_found` for one that was answered, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/close_alarm")]
pub async fn close_alarm(#[server(default)] alarm_id: String) -> ApiResult<()> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::alarms::close(&cx, cx.actor()?, &alarm_id).await
}
