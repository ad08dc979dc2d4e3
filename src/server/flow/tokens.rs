//! Minting: the access token of a session at this moment, the cookies that carry it, and the ends that are told.

use std::{sync::Arc, time::Duration};

use crate::{
    api::{ApiResult, session::SessionEnds},
    domain::{
        access_claims::AccessClaims,
        ids::SessionId,
        revocation::{Revocation, Subject},
        session::{EndReason, Ends},
        time::Timestamp,
    },
    server::{
        context::{Actor, RequestContext},
        crypto::{access_token::Verified, refresh_token::RefreshToken},
        http::cookies::Name,
        state::Facts,
        store::{StoreError, sessions::Session, users::User},
    },
};

/// Clocks of requests that overlap a revocation may differ by this much.
const MARGIN: Duration = Duration::from_secs(60);

/// Mints an access token for a session as it is in its row, sets it and the refresh token as cookies.
///
/// # Errors
/// `unavailable` when a key is missing.
pub fn issue(cx: &RequestContext, session: &Session, user: &User) -> ApiResult<Actor> {
    let state = &cx.state;
    let key =
        state.keyring.mac(&session.mac_kid).ok_or(StoreError::Inconsistent { table: "sessions", column: "mac_kid" })?;
    let refresh = RefreshToken::derive(key, &session.secret, &session.id, session.chain.generation);
    let lifetimes = &state.config.lifetimes;
    let claims = AccessClaims {
        iss: state.access_tokens.issuer().to_owned(),
        aud: state.access_tokens.audience().to_owned(),
        sub: user.id.clone(),
        client_id: "sekisho".to_owned(),
        sid: session.id.clone(),
        generation: session.chain.generation,
        uv: user.version,
        jti: state.rng.uuid(cx.now),
        iat: cx.now.as_secs(),
        exp: lifetimes.access_end(session.ends, cx.now).as_secs(),
        idle_end: session.ends.idle_end_at.as_secs(),
        auth_time: session.signed_in_at.as_secs(),
        amr: vec!["pwd".to_owned()],
        role: user.role,
    };
    state.facts.insert(session.id.clone(), Arc::new(facts(session, user)));
    cx.reply.set(Name::Refresh, &refresh, cookie_life(session, cx.now));
    put(cx, claims, session)
}

/// The same token with a later idle end: same end, same generation.
///
/// # Errors
/// `unavailable` when it can't be signed.
pub fn reissue(cx: &RequestContext, actor: &Actor, session: &Session) -> ApiResult<Actor> {
    let claims = AccessClaims {
        jti: cx.state.rng.uuid(cx.now),
        iat: cx.now.as_secs(),
        idle_end: session.ends.idle_end_at.as_secs(),
        ..actor.claims().clone()
    };
    put(cx, claims, session)
}

fn put(cx: &RequestContext, claims: AccessClaims, session: &Session) -> ApiResult<Actor> {
    let token = cx.state.access_tokens.sign(&cx.state.keyring, &claims)?;
    cx.reply.set(Name::Access, &token, cookie_life(session, cx.now));
    Ok(Actor(Arc::new(Verified { kid: cx.state.keyring.signing().0.to_owned(), claims })))
}

/// Without "remember me" cookies end with the browser.
fn cookie_life(session: &Session, now: Timestamp) -> Option<Duration> {
    session.remembered.then(|| session.ends.expires_at.min(session.ends.absolute_end_at).since(now))
}

#[must_use]
pub fn facts(session: &Session, user: &User) -> Facts {
    Facts {
        email: user.email.clone(),
        display_name: user.display_name.clone(),
        remembered: session.remembered,
        ends: session.ends,
    }
}

#[must_use]
pub fn ends(claims: &AccessClaims, ends: Ends, now: Timestamp) -> SessionEnds {
    SessionEnds {
        server_now: now.0,
        access_ends_at: Timestamp::from_secs(claims.exp).0,
        idle_ends_at: Timestamp::from_secs(claims.idle_end).finite(),
        expires_at: ends.expires_at.finite(),
        absolute_ends_at: ends.absolute_end_at.finite(),
    }
}

/// When everything minted up to `now` has ended.
#[must_use]
pub fn last_end(cx: &RequestContext) -> Timestamp {
    cx.now.plus(cx.state.config.lifetimes.access_ttl).plus(MARGIN)
}

/// The end of one session, for the feed.
#[must_use]
pub fn session_ended(cx: &RequestContext, sid: &SessionId, reason: EndReason) -> Revocation {
    Revocation { subject: Subject::Session(sid.clone()), reason, until: last_end(cx) }
}
