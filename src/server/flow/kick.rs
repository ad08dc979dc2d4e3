//! An admin ends sessions: one, or all of a user.

use crate::{
    api::{ApiError, ApiResult, devices::Ended},
    domain::{
        activity::{Count, Kind},
        audit::{Event, Outcome},
        ids::{SessionId, UserId},
        revocation::{Revocation, Subject},
        role::Action,
        session::{EndReason, SessionState},
    },
    server::{
        context::{Actor, RequestContext},
        flow::{audit_log, devices, tokens},
        node::nodes,
        store::{
            StoreResult, Tx, activity,
            audit::{self, Entry},
            sessions, users,
        },
    },
};

/// Ends all sessions of a user, also those that are just beginning: their tokens carry a version that is too low.
///
/// # Errors
/// `forbidden`, `not_found`, `unavailable`.
pub async fn user(cx: &RequestContext, actor: &Actor, user_id: &str) -> ApiResult<Ended> {
    audit_log::allow(cx, actor, Action::KickSessions).await?;
    devices::must_be_kept(cx)?;
    let user = UserId::parse(user_id).ok_or(ApiError::NotFound)?;
    let cloned = cx.clone();
    let ended = cx.state.db.write(move |tx| Box::pin(async move { kick_user(&cloned, tx, user).await })).await?;
    let ended = ended.ok_or(ApiError::NotFound)?;
    Ok(nodes::ended(&cx.state, ended).await)
}

/// How many sessions that ended; `None` where there is no such user.
///
/// # Errors
/// When the rows can't be written.
pub async fn kick_user(cx: &RequestContext, tx: &mut Tx, user: UserId) -> StoreResult<Option<u64>> {
    let Some(below) = users::end_versions(tx, &user, EndReason::Kicked).await? else { return Ok(None) };
    let ended = sessions::end_all(tx, &user, None, EndReason::Kicked, cx.now).await?;
    let subject = Subject::User { user: user.clone(), below, except: None };
    tx.revoke(Revocation { subject, reason: EndReason::Kicked, until: tokens::last_end(cx) });
    let detail = Some(serde_json::json!({ "ended": ended }).to_string());
    audit::append(tx, &Entry { target: Some(user), detail, ..cx.audit(Event::Kick, Outcome::Done) }).await?;
    activity::count(tx, Count { at: cx.now, kind: Kind::Kicks, n: i64::try_from(ended).unwrap_or(i64::MAX) }).await?;
    Ok(Some(ended))
}

/// # Errors
/// `forbidden`, `not_found` where there is no such live session, `unavailable`.
pub async fn session(cx: &RequestContext, actor: &Actor, session_id: &str) -> ApiResult<Ended> {
    audit_log::allow(cx, actor, Action::KickSessions).await?;
    devices::must_be_kept(cx)?;
    let sid = SessionId::parse(session_id).ok_or(ApiError::NotFound)?;
    let cloned = cx.clone();
    let found = cx.state.db.write(move |tx| Box::pin(async move { kick_session(&cloned, tx, &sid).await })).await?;
    if found { Ok(nodes::ended(&cx.state, 1).await) } else { Err(ApiError::NotFound) }
}

async fn kick_session(cx: &RequestContext, tx: &mut Tx, sid: &SessionId) -> StoreResult<bool> {
    let Some(session) = sessions::find(tx.read(), sid).await? else { return Ok(false) };
    if session.state(cx.now) != SessionState::Live || !sessions::end(tx, sid, EndReason::Kicked, cx.now).await? {
        return Ok(false);
    }
    tx.revoke(tokens::session_ended(cx, sid, EndReason::Kicked));
    let detail = Some(serde_json::json!({ "ended_session": sid.as_str() }).to_string());
    let entry = Entry { target: Some(session.user_id), detail, ..cx.audit(Event::KickSession, Outcome::Done) };
    audit::append(tx, &entry).await?;
    activity::count(tx, Count { at: cx.now, kind: Kind::Kicks, n: 1 }).await?;
    Ok(true)
}
