//! The own devices: list, end one, end all others.

use crate::{
    api::{
        ApiError, ApiResult,
        devices::{Device, Devices, Ended},
    },
    domain::{
        access_claims::AccessClaims,
        audit::{Event, Outcome},
        ids::{SessionId, UserId},
        lifetimes::first_end,
        revocation::{Revocation, Subject},
        session::{EndReason, SessionState},
        strategy::Strategy,
        time::Timestamp,
    },
    server::{
        context::{Actor, RequestContext},
        device,
        flow::{
            alarms,
            paging::{live_cursor, live_place, next_cursor},
            replace::{self, Own},
            tokens,
        },
        http::cookies::Name,
        node::nodes,
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            sessions::{self, LivePage, Session},
            users,
        },
    },
};

/// The own device first on every page.
const SHOWN: i64 = 100;

/// # Errors
/// `invalid` (`cursor`), `unavailable`.
pub async fn list(cx: &RequestContext, actor: &Actor, cursor: &str) -> ApiResult<Devices> {
    let claims = actor.claims();
    let kept = claims.strategy.keeps_sessions();
    if !kept {
        let devices = vec![unrecorded(cx, actor)];
        return Ok(Devices { devices, total: 1, next: None, alarms: Vec::new(), server_now: cx.now.0, kept });
    }
    let after = live_place(cursor)?;
    // Where the first page has it among the others, one read is enough.
    let first = after.is_none();
    let except = (!first).then_some(&claims.sid);
    let page = LivePage { after: after.as_ref(), except, limit: SHOWN + 1 + i64::from(first) };
    let mut others = sessions::list_live_some(cx.state.db.read(), &claims.sub, cx.now, page).await?;
    let own = if let Some(at) = others.iter().position(|session| session.id == claims.sid) {
        Some(others.remove(at))
    } else {
        let own = sessions::find(cx.state.db.read(), &claims.sid).await?;
        own.filter(|own| own.user_id == claims.sub && own.state(cx.now) == SessionState::Live)
    };
    let next = next_cursor(&mut others, SHOWN, live_cursor);
    let devices: Vec<Device> =
        own.iter().map(|own| shown(cx, own, true)).chain(others.iter().map(|other| shown(cx, other, false))).collect();
    let total = match (&after, &next) {
        (None, None) => devices.len() as u64,
        _ => sessions::count_live(cx.state.db.read(), &claims.sub, cx.now).await?.unsigned_abs(),
    };
    let alarms = alarms::own(cx, actor).await?;
    Ok(Devices { devices, total, next, alarms, server_now: cx.now.0, kept })
}

/// The caller's own device, of which nothing is known but its token.
fn unrecorded(cx: &RequestContext, actor: &Actor) -> Device {
    let (claims, lifetimes) = (actor.claims(), &cx.state.config.lifetimes);
    let ends = claims.ends(lifetimes.absolute_timeout);
    let signed_in_at = Timestamp::from_secs(claims.auth_time);
    Device {
        session_id: claims.sid.to_string(),
        current: true,
        label: cx.device(),
        address: cx.address.to_string(),
        signed_in_at: signed_in_at.0,
        last_active_at: cx.now.0,
        ends_at: first_end(ends).finite(),
        life_left_percent: lifetimes.life_left_percent(ends, claims.remembered, cx.now),
        remembered: claims.remembered,
        suspect: false,
    }
}

/// Refuses what takes a list of sessions where none is kept, and says until when a token may live.
///
/// # Errors
/// `conflict` with `lives_until`.
pub fn must_be_kept(cx: &RequestContext) -> ApiResult<()> {
    if cx.state.config.strategy.keeps_sessions() {
        return Ok(());
    }
    Err(ApiError::Conflict { lives_until: Some(cx.now.plus(cx.state.config.lifetimes.max_age).0) })
}

/// A session as its owner sees it.
#[must_use]
pub fn shown(cx: &RequestContext, session: &Session, current: bool) -> Device {
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
    let began = cx.state.clock.uptime();
    must_be_kept(cx)?;
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
        cx.reply.clear(Name::Session);
    }
    Ok(nodes::ended(&cx.state, 1, began).await)
}

async fn revoke_one(cx: &RequestContext, tx: &mut Tx, owner: &UserId, sid: &SessionId) -> StoreResult<bool> {
    let Some(session) = sessions::find(tx.read(), sid).await? else { return Ok(false) };
    // Whether it is over by this node's clock is no matter.
    if session.user_id != *owner || !sessions::end(tx, sid, EndReason::Revoked, cx.now).await? {
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
    let began = cx.state.clock.uptime();
    must_be_kept(cx)?;
    let cloned = cx.clone();
    let claims = actor.claims().clone();
    let outcome = cx
        .state
        .db
        .write(move |tx| {
            Box::pin(async move {
                let outcome = end_others(&cloned, tx, &claims, EndReason::Revoked).await?;
                if let Ok((ended, _)) = outcome {
                    let entry =
                        Entry { target: Some(claims.sub), ..cloned.audit(Event::SessionsRevokeOthers, Outcome::Done) };
                    audit::append(tx, &Entry { detail: Some(format!("{{\"ended\":{ended}}}")), ..entry }).await?;
                }
                Ok(outcome)
            })
        })
        .await?;
    let (ended, own) = outcome.map_err(|reason| ApiError::SignedOut { reason })?;
    own.issue(cx)?;
    Ok(nodes::ended(&cx.state, ended, began).await)
}

/// Ends every session of a user but the one of `claims`, which must be live itself, and raises the user's version: what
/// that one holds is replaced, what the others hold is dead. Gives how many were ended, and the one to go on.
///
/// # Errors
/// When the rows can't be written.
pub async fn end_others(
    cx: &RequestContext,
    tx: &mut Tx,
    claims: &AccessClaims,
    reason: EndReason,
) -> StoreResult<Result<(u64, Own), EndReason>> {
    let (user, sid) = (&claims.sub, &claims.sid);
    // Of two devices that end each other at once, the one that comes second finds itself ended.
    if !users::hold_any(tx, user).await? {
        return Ok(Err(EndReason::Locked));
    }
    let own = match claims.strategy {
        Strategy::Jwt => None,
        Strategy::Hybrid | Strategy::Database => match replace::live(tx, sid, cx.now).await? {
            Ok(session) => Some(session),
            Err(reason) => return Ok(Err(reason)),
        },
    };
    let Some(below) = users::end_versions(tx, user, reason).await? else { return Ok(Err(EndReason::Locked)) };
    let user = match users::find(tx.read(), user).await? {
        Some(user) if user.locked_at.is_none() => user,
        _ => return Ok(Err(EndReason::Locked)),
    };
    let ended = sessions::end_all(tx, &user.id, Some(sid), reason, cx.now).await?;
    let subject = Subject::User { user: user.id.clone(), below, except: Some(sid.clone()) };
    tx.revoke(Revocation { subject, reason, until: tokens::last_end(cx) });
    let Some(session) = own else {
        return Ok(Ok((ended, Own::signed(AccessClaims { uv: below, ..claims.clone() }))));
    };
    Ok(Ok((ended, replace::replace(cx, tx, &session, &user).await?)))
}
