//! Who asks. Under `hybrid` without a query: signature or cache, key, lifetimes, then what has been revoked; the other
//! strategies are `jwt.rs` and `database.rs`.

use std::{sync::Arc, time::Duration};

use crate::{
    api::{
        ApiError, ApiResult,
        session::{CurrentSession, CurrentUser, SessionEnds, TimerLengths},
    },
    domain::{
        access_claims::{AccessClaims, Freshness},
        revocation::Standing,
        session::{EndReason, Ends, SessionState},
        strategy::Strategy,
        time::Timestamp,
    },
    server::{
        context::{Actor, Authentication, RequestContext},
        crypto::access_token::{Seen, Verified},
        flow::{database, jwt, tokens},
        http::cookies::Credential,
        node::revocation_feed,
        state::Facts,
        store::{sessions, users},
    },
};

/// For how long a node tells someone what it read of them.
const FACTS_HOLD: Duration = Duration::from_secs(60);

/// Judges the credentials of a request. Where this node hasn't heard for long what was revoked, it asks first.
pub async fn authenticate(cx: &RequestContext) -> Authentication {
    let has_credential = cx.bearer.is_some() || cx.cookies.credential();
    if has_credential && !revocation_feed::is_fresh(&cx.state).await {
        return Authentication::Unavailable;
    }
    match cx.state.config.strategy {
        Strategy::Hybrid => hybrid(cx),
        Strategy::Jwt => jwt::authenticate(cx),
        Strategy::Database => Box::pin(database::authenticate(cx)).await,
    }
}

fn hybrid(cx: &RequestContext) -> Authentication {
    let has_refresh = cx.bearer.is_none() && matches!(cx.cookies.refresh, Credential::One(_));
    let token = match (&cx.bearer, &cx.cookies.access, &cx.cookies.refresh) {
        (Some(bearer), _, _) => bearer,
        // Two cookies of one name: someone planted one of them.
        (None, Credential::Twice, _) | (None, _, Credential::Twice) => {
            return Authentication::SignedOut(EndReason::None);
        }
        (None, Credential::One(access), _) => access,
        (None, Credential::Absent, Credential::One(_)) => return Authentication::Renew,
        (None, Credential::Absent, Credential::Absent) if database::presented(cx).is_some() => {
            return Authentication::Exchange;
        }
        (None, Credential::Absent, Credential::Absent) => return Authentication::SignedOut(EndReason::None),
    };
    match cx.state.access_tokens.look(&cx.state.keyring.now(), token) {
        Seen::Known(verified) if verified.claims.strategy == Strategy::Hybrid => admit(cx, verified, false),
        Seen::New(verified) if verified.claims.strategy == Strategy::Hybrid => admit(cx, verified, true),
        _ if has_refresh => Authentication::Renew,
        Seen::Known(verified) | Seen::New(verified) => voucher(cx, &verified.claims),
        Seen::Invalid => Authentication::SignedOut(EndReason::None),
    }
}

fn admit(cx: &RequestContext, verified: Arc<Verified>, first_sight: bool) -> Authentication {
    match cx.state.revoked.standing(&verified.claims) {
        Standing::Dead(reason) => return Authentication::SignedOut(reason),
        Standing::Stale => return Authentication::Renew,
        Standing::Good => {}
    }
    if verified.claims.freshness(cx.now, cx.state.config.lifetimes.access_ttl) == Freshness::Ended {
        return Authentication::Renew;
    }
    if first_sight {
        cx.state.confirmations.note(&verified.claims.sid, verified.claims.generation);
    }
    Authentication::Actor(Actor(verified))
}

/// A cookie of `jwt`, from before the strategy was changed.
fn voucher(cx: &RequestContext, claims: &AccessClaims) -> Authentication {
    if claims.strategy != Strategy::Jwt || cx.bearer.is_some() {
        return Authentication::SignedOut(EndReason::None);
    }
    match claims.ends(cx.state.config.lifetimes.absolute_timeout).state(None, cx.now) {
        SessionState::Live => Authentication::Exchange,
        SessionState::Ended(reason) => Authentication::SignedOut(reason),
    }
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
        strategy: claims.strategy.as_str().to_owned(),
        remembered: claims.remembered,
        signed_in_at: Timestamp::from_secs(claims.auth_time).0,
        ends: tokens::ends(claims, session_ends(cx, actor, &facts), cx.now),
        timers: TimerLengths {
            refresh_lead_ms: millis(lifetimes.refresh_lead),
            idle_timeout_ms: millis(lifetimes.idle_of(claims.remembered)),
            idle_warning_ms: millis(lifetimes.idle_warning),
            touch_interval_ms: millis(lifetimes.touch_interval(claims.remembered)),
        },
    })
}

/// When the caller's session ends.
///
/// # Errors
/// `signed_out` when the session is gone, `unavailable`.
pub async fn ends(cx: &RequestContext, actor: &Actor) -> ApiResult<SessionEnds> {
    let facts = facts(cx, actor).await?;
    Ok(tokens::ends(actor.claims(), session_ends(cx, actor, &facts), cx.now))
}

/// An access token ends before its session does; what the other strategies present ends with it.
fn session_ends(cx: &RequestContext, actor: &Actor, facts: &Facts) -> Ends {
    if actor.claims().strategy.rotates() {
        facts.ends
    } else {
        actor.claims().ends(cx.state.config.lifetimes.absolute_timeout)
    }
}

/// What the rows say of a session and its user; read at most once a minute per session and node, so that a node hears
/// soon of a name that was changed at another. While they can't be read, what they said last stands.
///
/// # Errors
/// `signed_out` when the session is gone, `unavailable`.
pub async fn facts(cx: &RequestContext, actor: &Actor) -> ApiResult<Arc<Facts>> {
    let known = cx.state.facts.get(&actor.claims().sid);
    if let Some(facts) = &known
        && cx.now.since(facts.read_at) < FACTS_HOLD
    {
        return Ok(Arc::clone(facts));
    }
    match (Box::pin(read_facts(cx, actor)).await, known) {
        (Err(ApiError::Unavailable), Some(facts)) => Ok(facts),
        (read, _) => read,
    }
}

async fn read_facts(cx: &RequestContext, actor: &Actor) -> ApiResult<Arc<Facts>> {
    let claims = actor.claims();
    let gone = ApiError::SignedOut { reason: EndReason::None };
    let user = users::find(cx.state.db.read(), &claims.sub).await?.ok_or(gone.clone())?;
    let ends = if claims.strategy.rotates() {
        sessions::find(cx.state.db.read(), &claims.sid).await?.ok_or(gone)?.ends
    } else {
        claims.ends(cx.state.config.lifetimes.absolute_timeout)
    };
    let facts = Arc::new(Facts { email: user.email, display_name: user.display_name, ends, read_at: cx.now });
    cx.state.facts.insert(claims.sid.clone(), Arc::clone(&facts));
    Ok(facts)
}
