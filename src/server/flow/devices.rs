//! The own devices: list, end one, end all others.

use std::time::Duration;

use crate::{
    api::{
        ApiError, ApiResult,
        devices::{Device, Devices, Ended, ReuseAlarm},
    },
    domain::{
        audit::{Event, Outcome},
        ids::{SessionId, UserId},
        lifetimes::first_end,
        revocation::{Revocation, Subject},
        session::{EndReason, SessionState},
    },
    server::{
        context::{Actor, RequestContext},
        device,
        flow::tokens,
        http::cookies::Name,
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            sessions::{self, Session},
            users,
        },
    },
};

const ALARMS_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// # Errors
/// `unavailable`.
pub async fn list(cx: &RequestContext, actor: &Actor) -> ApiResult<Devices> {
    let claims = actor.claims();
    let mut devices: Vec<Device> = sessions::list_live(cx.state.db.read(), &claims.sub, cx.now)
        .await?
        .into_iter()
        .map(|session| shown(cx, &session, session.id == claims.sid))
        .collect();
    // Stable: the rest stays in the order of its last act.
    devices.sort_by_key(|device| !device.current);
    let alarms = audit::reuse_alarms(cx.state.db.read(), &claims.sub, cx.now.minus(ALARMS_KEPT))
        .await?
        .into_iter()
        .map(|(at, address, user_agent)| ReuseAlarm {
            at,
            label: device::label(user_agent.as_deref().unwrap_or_default()),
            address: address.unwrap_or_default(),
        })
        .collect();
    Ok(Devices { devices, alarms, server_now: cx.now.0 })
}

fn shown(cx: &RequestContext, session: &Session, current: bool) -> Device {
    Device {
        session_id: session.id.to_string(),
        current,
        label: device::label(&session.user_agent),
        address: session.address.clone(),
        signed_in_at: session.signed_in_at.0,
        last_active_at: session.last_active_at.0,
        ends_at: first_end(session.ends).finite(),
        life_left_percent: cx.state.config.lifetimes.life_left_percent(session.ends, session.remembered, cx.now),
        remembered: session.remembered,
        suspect: session.chain.suspect(),
    }
}

/// # Errors
/// `not_found` for a session of someone else as for none, `unavailable`.
pub async fn revoke(cx: &RequestContext, actor: &Actor, session_id: &str) -> ApiResult<Ended> {
    let sid = SessionId::parse(session_id).ok_or(ApiError::NotFound)?;
    let own = sid == actor.claims().sid;
    let (cloned, owner) = (cx.clone(), actor.claims().sub.clone());
    let found =
        cx.state.db.write(move |tx| Box::pin(async move { revoke_one(&cloned, tx, &owner, &sid).await })).await?;
    if !found {
        return Err(ApiError::NotFound);
    }
    if own {
        cx.reply.clear(Name::Access);
        cx.reply.clear(Name::Refresh);
    }
    Ok(Ended { ended: 1 })
}

async fn revoke_one(cx: &RequestContext, tx: &mut Tx, owner: &UserId, sid: &SessionId) -> StoreResult<bool> {
    let Some(session) = sessions::find(tx.read(), sid).await? else { return Ok(false) };
    let mine = session.user_id == *owner && session.state(cx.now) == SessionState::Live;
    if !mine || !sessions::end(tx, sid, EndReason::Revoked, cx.now).await? {
        return Ok(false);
    }
    tx.revoke(tokens::session_ended(cx, sid, EndReason::Revoked));
    let entry = Entry {
        target: Some(owner.clone()),
        detail: Some(serde_json::json!({ "ended_session": sid.as_str() }).to_string()),
        ..cx.audit(Event::SessionRevoke, Outcome::Done)
    };
    audit::append(tx, &entry).await?;
    Ok(true)
}

/// # Errors
/// `signed_out` when this session was ended meanwhile, `unavailable`.
pub async fn revoke_others(cx: &RequestContext, actor: &Actor) -> ApiResult<Ended> {
    let cloned = cx.clone();
    let (user, sid) = (actor.claims().sub.clone(), actor.claims().sid.clone());
    let outcome = cx
        .state
        .db
        .write(move |tx| {
            Box::pin(async move {
                let outcome = end_others(&cloned, tx, (&user, &sid), EndReason::Revoked).await?;
                if let Ok((ended, ..)) = outcome {
                    let entry =
                        Entry { target: Some(user), ..cloned.audit(Event::SessionsRevokeOthers, Outcome::Done) };
                    audit::append(tx, &Entry { detail: Some(format!("{{\"ended\":{ended}}}")), ..entry }).await?;
                }
                Ok(outcome)
            })
        })
        .await?;
    let (ended, session, user) = outcome.map_err(|reason| ApiError::SignedOut { reason })?;
    tokens::issue(cx, &session, &user)?;
    Ok(Ended { ended })
}

/// Ends every session of a user but one, which must be live itself, and raises the user's version: the tokens of that
/// one are stale from then on, those of the others dead. Gives how many were ended, and what to issue a new token from.
///
/// # Errors
/// When the rows can't be written.
pub async fn end_others(
    cx: &RequestContext,
    tx: &mut Tx,
    (user, sid): (&UserId, &SessionId),
    reason: EndReason,
) -> StoreResult<Result<(u64, Session, users::User), EndReason>> {
    let Some(session) = sessions::find(tx.read(), sid).await? else { return Ok(Err(EndReason::None)) };
    if let SessionState::Ended(reason) = session.state(cx.now) {
        return Ok(Err(reason));
    }
    let Some(below) = users::raise_version(tx, user).await? else { return Ok(Err(EndReason::Locked)) };
    let ended = sessions::end_all(tx, user, Some(sid), reason, cx.now).await?;
    let subject = Subject::User { user: user.clone(), below, except: Some(sid.clone()) };
    tx.revoke(Revocation { subject, reason, until: tokens::last_end(cx) });
    match users::find(tx.read(), user).await? {
        Some(user) if user.locked_at.is_none() => Ok(Ok((ended, session, user))),
        _ => Ok(Err(EndReason::Locked)),
    }
}
