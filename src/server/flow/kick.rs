//! An admin ends sessions: one, or all of a user. Whoever is ended so may be told why in the admin's own words.

use crate::{
    api::{ApiError, ApiResult, devices::Ended},
    domain::{
        activity::{Count, Kind},
        alarm::Answer,
        audit::{Event, Outcome},
        ids::{SessionId, UserId},
        revocation::{Revocation, Subject},
        role::Action,
        session::EndReason,
    },
    server::{
        canonical,
        context::{Actor, RequestContext},
        flow::{audit_log, devices, tokens},
        node::nodes,
        store::{
            StoreResult, Tx, activity,
            alarms::{self, Answered},
            audit::{self, Entry},
            sessions::{self, Ending},
            users,
        },
    },
};

/// What goes with a kick of all sessions.
#[derive(Default)]
pub struct Along {
    pub message: Option<String>,
    /// The person's open alarms are dealt with by it.
    pub close_alarms: bool,
}

/// What is typed to be told, as it is told; `None` where nothing is.
///
/// # Errors
/// `invalid` (`message`).
pub fn message(typed: &str) -> ApiResult<Option<String>> {
    let message = canonical::message(typed).ok_or_else(|| ApiError::invalid("message", "too_long"))?;
    Ok((!message.is_empty()).then_some(message))
}

/// Ends all sessions of a user, also those that are just beginning: their tokens carry a version that is too low. What is
/// typed they are told; their open alarms may be closed by it.
///
/// # Errors
/// `forbidden`, `invalid` (`message`), `not_found`, `unavailable`.
pub async fn user(
    cx: &RequestContext,
    actor: &Actor,
    user_id: &str,
    (typed, close_alarms): (&str, bool),
) -> ApiResult<Ended> {
    let began = cx.state.clock.uptime();
    audit_log::allow(cx, actor, Action::KickSessions).await?;
    devices::must_be_kept(cx)?;
    let user = UserId::parse(user_id).ok_or(ApiError::NotFound)?;
    let along = Along { message: message(typed)?, close_alarms };
    let cloned = cx.clone();
    let ended =
        cx.state.db.write(move |tx| Box::pin(async move { kick_user(&cloned, tx, user, &along).await })).await?;
    let ended = ended.ok_or(ApiError::NotFound)?;
    Ok(nodes::ended(&cx.state, ended, began).await)
}

/// How many sessions that ended; `None` where there is no such user.
///
/// # Errors
/// When the rows can't be written.
pub async fn kick_user(cx: &RequestContext, tx: &mut Tx, user: UserId, along: &Along) -> StoreResult<Option<u64>> {
    let Some(below) = users::end_versions(tx, &user, EndReason::Kicked).await? else { return Ok(None) };
    let ending = Ending { reason: EndReason::Kicked, message: along.message.as_deref(), at: cx.now };
    let ended = sessions::end_all_as(tx, &user, None, ending).await?;
    let subject = Subject::User { user: user.clone(), below, except: None };
    tx.revoke(Revocation { subject, reason: EndReason::Kicked, until: tokens::last_end(cx) });
    let entry = cx.audit(Event::Kick, Outcome::Done);
    let mut detail = serde_json::json!({ "ended": ended });
    if let Some(message) = &along.message {
        detail["message"] = message.as_str().into();
    }
    if along.close_alarms {
        let answered = Answered { answer: Answer::Admin, by: entry.actor.as_ref(), at: cx.now };
        detail["alarms"] = alarms::answer_all(tx, &user, answered).await?.into();
    }
    audit::append(tx, &Entry { target: Some(user), detail: Some(detail.to_string()), ..entry }).await?;
    activity::count(tx, Count { at: cx.now, kind: Kind::Kicks, n: i64::try_from(ended).unwrap_or(i64::MAX) }).await?;
    Ok(Some(ended))
}

/// # Errors
/// `forbidden`, `invalid` (`message`), `not_found` where there is no such live session, `unavailable`.
pub async fn session(cx: &RequestContext, actor: &Actor, session_id: &str, typed: &str) -> ApiResult<Ended> {
    let began = cx.state.clock.uptime();
    audit_log::allow(cx, actor, Action::KickSessions).await?;
    devices::must_be_kept(cx)?;
    let sid = SessionId::parse(session_id).ok_or(ApiError::NotFound)?;
    let message = message(typed)?;
    let cloned = cx.clone();
    let kicked =
        cx.state.db.write(move |tx| Box::pin(async move { kick_session(&cloned, tx, &sid, message.as_deref()).await }));
    if kicked.await? { Ok(nodes::ended(&cx.state, 1, began).await) } else { Err(ApiError::NotFound) }
}

async fn kick_session(cx: &RequestContext, tx: &mut Tx, sid: &SessionId, message: Option<&str>) -> StoreResult<bool> {
    let Some(session) = sessions::find(tx.read(), sid).await? else { return Ok(false) };
    let ending = Ending { reason: EndReason::Kicked, message, at: cx.now };
    // Whether it is over by this node's clock is no matter.
    if !sessions::end_as(tx, sid, ending).await? {
        return Ok(false);
    }
    tx.revoke(tokens::session_ended(cx, sid, EndReason::Kicked));
    let mut detail = serde_json::json!({ "ended_session": sid.as_str() });
    if let Some(message) = message {
        detail["message"] = message.into();
    }
    let detail = Some(detail.to_string());
    let entry = Entry { target: Some(session.user_id), detail, ..cx.audit(Event::KickSession, Outcome::Done) };
    audit::append(tx, &entry).await?;
    activity::count(tx, Count { at: cx.now, kind: Kind::Kicks, n: 1 }).await?;
    Ok(true)
}
