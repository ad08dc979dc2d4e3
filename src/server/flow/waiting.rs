//! Sign-ins that wait: the password was right, and something is to be chosen before a session begins (`choose.rs`,
//! `new_password.rs`).
//!
//! What waits is a record under the session cookie, of use for nothing but the choice it was made for. It holds the user's
//! version as it was when the password was proved: a password change or a lock in between makes it worthless.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tower_sessions::session::Record;

use crate::{
    api::{ApiError, ApiResult},
    domain::{ids::UserId, session::EndReason},
    server::{
        context::RequestContext,
        flow::{database, sign_in::Wishes, tokens},
        http::cookies::Name,
        store::users::{self, User},
    },
};

/// How long a choice may take.
const LIFE: Duration = Duration::from_secs(10 * 60);
/// There is no such sign-in (any more): begin anew.
pub const GONE: ApiError = ApiError::SignedOut { reason: EndReason::None };

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Waiting {
    pub user_id: UserId,
    pub user_version: i64,
    pub remembered: bool,
    pub return_to: String,
}

impl Waiting {
    /// What a record holds under the name of a choice; nothing under that of another.
    #[must_use]
    pub fn of(record: &Record, choice: &str) -> Option<Self> {
        record.data.get(choice).and_then(|value| Self::deserialize(value).ok())
    }
}

/// Keeps a sign-in whose password was right.
///
/// # Errors
/// `unavailable`.
pub async fn keep(cx: &RequestContext, choice: &str, user: &User, wishes: Wishes) -> ApiResult<()> {
    let Wishes { remembered, return_to } = wishes;
    let waiting = Waiting { user_id: user.id.clone(), user_version: user.version, remembered, return_to };
    let record = cx.state.web_sessions.before_sign_in(None, cx.now.plus(LIFE));
    let kept = match record.insert(choice, waiting).await {
        Ok(()) => record.save().await,
        failed => failed,
    };
    match (kept, record.id()) {
        (Ok(()), Some(id)) => {
            cx.reply.set(Name::Session, &id.to_string(), None);
            tokens::take_back(cx, &[Name::Access, Name::Refresh]);
            Ok(())
        }
        (kept, _) => Err(unavailable(&kept)),
    }
}

/// Who waits here, and with what.
///
/// # Errors
/// `signed_out` when nobody does, `unavailable`.
pub async fn read(cx: &RequestContext, choice: &str) -> ApiResult<(User, Waiting)> {
    let id = database::presented(cx).ok_or(GONE)?;
    let noted = cx.state.web_sessions.noted(&id).await.map_err(|error| unavailable(&error))?;
    let waiting = noted.as_ref().and_then(|record| Waiting::of(record, choice)).ok_or(GONE)?;
    let user = users::find(cx.state.db.read(), &waiting.user_id).await?;
    let proved = |user: &User| user.version == waiting.user_version && user.locked_at.is_none();
    Ok((user.filter(proved).ok_or(GONE)?, waiting))
}

fn unavailable(error: &dyn std::fmt::Debug) -> ApiError {
    tracing::error!(error = ?error, "a waiting sign-in could not be kept or read");
    ApiError::Unavailable
}
