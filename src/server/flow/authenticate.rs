//! Who asks, without a query: signature or cache, key, lifetimes, then what has been revoked.

use std::sync::Arc;

use crate::{
    api::{
        ApiError, ApiResult,
        session::{CurrentSession, CurrentUser, TimerLengths},
    },
    domain::{access_claims::Freshness, revocation::Standing, session::EndReason, time::Timestamp},
    server::{
        context::{Actor, Authentication, RequestContext},
        crypto::access_token::Seen,
        flow::tokens,
        http::cookies::Credential,
        state::Facts,
        store::{sessions, users},
    },
};

/// Judges the credentials of a request.
#[must_use]
pub fn authenticate(cx: &RequestContext) -> Authentication {
    let token = match (&cx.bearer, &cx.cookies.access, &cx.cookies.refresh) {
        (Some(bearer), _, _) => bearer,
        // Two cookies of one name: someone planted one of them.
        (None, Credential::Twice, _) | (None, _, Credential::Twice) => {
            return Authentication::SignedOut(EndReason::None);
        }
        (None, Credential::One(access), _) => access,
        (None, Credential::Absent, Credential::One(_)) => return Authentication::Renew,
        (None, Credential::Absent, Credential::Absent) => return Authentication::SignedOut(EndReason::None),
    };
    let state = &cx.state;
    let (verified, first_sight) = match state.access_tokens.look(&state.keyring, token) {
        Seen::Known(verified) => (verified, false),
        Seen::New(verified) => (verified, true),
        Seen::Invalid if cx.bearer.is_none() && matches!(cx.cookies.refresh, Credential::One(_)) => {
            return Authentication::Renew;
        }
        Seen::Invalid => return Authentication::SignedOut(EndReason::None),
    };
    match state.revoked.standing(&verified.claims) {
        Standing::Dead(reason) => return Authentication::SignedOut(reason),
        Standing::Stale => return Authentication::Renew,
        Standing::Good => {}
    }
    if verified.claims.freshness(cx.now, state.config.lifetimes.access_ttl) == Freshness::Ended {
        return Authentication::Renew;
    }
    if first_sight {
        state.confirmations.note(&verified.claims.sid, verified.claims.generation);
    }
    Authentication::Actor(Actor(verified))
}

/// What a person is told of their own session.
///
/// # Errors
/// `signed_out` when the session is gone, `unavailable`.
pub async fn describe(cx: &RequestContext, actor: &Actor) -> ApiResult<CurrentSession> {
    let claims = actor.claims();
    let facts = facts(cx, actor).await?;
    let lifetimes = &cx.state.config.lifetimes;
    let millis = |length: std::time::Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    Ok(CurrentSession {
        user: CurrentUser {
            id: claims.sub.to_string(),
            email: facts.email.clone(),
            display_name: facts.display_name.clone(),
            role: claims.role,
        },
        session_id: claims.sid.to_string(),
        strategy: "hybrid".to_owned(),
        remembered: facts.remembered,
        signed_in_at: Timestamp::from_secs(claims.auth_time).0,
        ends: tokens::ends(claims, facts.ends, cx.now),
        timers: TimerLengths {
            refresh_lead_ms: millis(lifetimes.refresh_lead),
            idle_timeout_ms: millis(lifetimes.idle_of(facts.remembered)),
            idle_warning_ms: millis(lifetimes.idle_warning),
            touch_interval_ms: millis(lifetimes.touch_interval(facts.remembered)),
        },
    })
}

/// What the rows say of a session; read once per session and node, then from memory.
async fn facts(cx: &RequestContext, actor: &Actor) -> ApiResult<Arc<Facts>> {
    let sid = &actor.claims().sid;
    if let Some(facts) = cx.state.facts.get(sid) {
        return Ok(facts);
    }
    let gone = ApiError::SignedOut { reason: EndReason::None };
    let session = sessions::find(cx.state.db.read(), sid).await?.ok_or(gone.clone())?;
    let user = users::find(cx.state.db.read(), &session.user_id).await?.ok_or(gone)?;
    let facts = Arc::new(tokens::facts(&session, &user));
    cx.state.facts.insert(sid.clone(), Arc::clone(&facts));
    Ok(facts)
}
