//! Issuing: what the strategy in force gives a browser for its session, the cookies that carry it, and the ends that are told.

use std::{sync::Arc, time::Duration};

use tower_sessions::session::Id;

use crate::{
    api::{ApiResult, session::SessionEnds},
    domain::{
        access_claims::AccessClaims,
        ids::SessionId,
        revocation::{Revocation, Subject},
        session::{EndReason, Ends},
        strategy::Strategy,
        time::Timestamp,
    },
    server::{
        config::Config,
        context::{Actor, RequestContext},
        crypto::{access_token::Verified, refresh_token::RefreshToken, session_token},
        http::cookies::{Credential, Name},
        secret::SecretBytes,
        state::Facts,
        store::{StoreError, StoreResult, sessions::Session, users::User},
    },
};

/// Clocks of requests that overlap a revocation may differ by this much.
const MARGIN: Duration = Duration::from_secs(60);

/// Issues what a session, as it is in its row, is presented by, and takes back what another strategy left.
///
/// # Errors
/// `unavailable` when a key is missing.
pub fn issue(cx: &RequestContext, session: &Session, user: &User) -> ApiResult<Actor> {
    issue_as_read(cx, (session, user), cx.now)
}

/// The same where the user was read earlier.
///
/// # Errors
/// `unavailable` when a key is missing.
pub fn issue_as_read(cx: &RequestContext, (session, user): (&Session, &User), read_at: Timestamp) -> ApiResult<Actor> {
    let claims = claims(cx, session, user);
    let life = cookie_life(session.remembered, session.ends, cx.now);
    cx.state.facts.insert(session.id.clone(), Arc::new(facts(session, user, read_at)));
    match claims.strategy {
        Strategy::Hybrid => {
            let key = mac(cx, session)?;
            let refresh = RefreshToken::derive(&key, &session.secret, &session.id, session.chain.generation);
            cx.reply.set(Name::Refresh, &refresh, life);
            take_back(cx, &[Name::Session]);
            put(cx, claims, session.ends)
        }
        Strategy::Jwt => {
            take_back(cx, &[Name::Session, Name::Refresh]);
            put(cx, claims, session.ends)
        }
        Strategy::Database => {
            let token = session_token(cx, session, session.chain.generation)?;
            cx.reply.set(Name::Session, &token.to_string(), life);
            take_back(cx, &[Name::Access, Name::Refresh]);
            Ok(Actor(Arc::new(Verified { kid: String::new(), claims })))
        }
    }
}

/// Issues an access token and nothing that lasts, where the strategy has one.
///
/// # Errors
/// `unavailable` when a key is missing.
pub fn issue_access(cx: &RequestContext, session: &Session, user: &User) -> ApiResult<()> {
    let claims = claims(cx, session, user);
    if claims.strategy != Strategy::Hybrid {
        return Ok(());
    }
    cx.state.facts.insert(session.id.clone(), Arc::new(facts(session, user, cx.now)));
    put(cx, claims, session.ends).map(drop)
}

/// Signs claims and sets them as the access cookie.
///
/// # Errors
/// `unavailable` when they can't be signed.
pub fn put(cx: &RequestContext, claims: AccessClaims, ends: Ends) -> ApiResult<Actor> {
    let keyring = cx.state.keyring.now();
    let token = cx.state.access_tokens.sign(&keyring, &claims)?;
    cx.reply.set(Name::Access, &token, cookie_life(claims.remembered, ends, cx.now));
    let kid = keyring.signing(Timestamp::from_secs(claims.iat)).kid.clone();
    Ok(Actor(Arc::new(Verified { kid, claims })))
}

/// The claims of a token, to be signed once more now.
#[must_use]
pub fn again(cx: &RequestContext, claims: &AccessClaims) -> AccessClaims {
    AccessClaims { jti: cx.state.rng.uuid(cx.now), iat: cx.now.as_secs(), ..claims.clone() }
}

/// What a token minted now for a session, as it is in its row, says.
#[must_use]
pub fn claims(cx: &RequestContext, session: &Session, user: &User) -> AccessClaims {
    let state = &cx.state;
    let strategy = state.config.strategy;
    let ends = session.ends;
    let (jti, iat, exp) = match strategy {
        Strategy::Hybrid => (state.rng.uuid(cx.now), cx.now, state.config.lifetimes.access_end(ends, cx.now)),
        // The same for everyone who is given the successor of one generation.
        Strategy::Jwt | Strategy::Database => (
            format!("{}.{}", session.id, session.chain.generation),
            session.chain.rotated_at.max(session.signed_in_at),
            ends.expires_at.min(ends.absolute_end_at),
        ),
    };
    AccessClaims {
        iss: state.access_tokens.issuer().to_owned(),
        aud: state.access_tokens.audience().to_owned(),
        sub: user.id.clone(),
        client_id: "sekisho".to_owned(),
        sid: session.id.clone(),
        generation: session.chain.generation,
        uv: user.version,
        jti,
        iat: iat.as_secs(),
        exp: exp.as_secs(),
        idle_end: ends.idle_end_at.as_secs(),
        auth_time: session.signed_in_at.as_secs(),
        proved_at: session.proved_at.as_secs(),
        amr: vec!["pwd".to_owned()],
        role: user.role,
        strategy,
        remembered: session.remembered,
    }
}

/// The session token of a generation.
///
/// # Errors
/// When the key it is derived under is missing.
pub fn session_token(cx: &RequestContext, session: &Session, generation: u64) -> StoreResult<Id> {
    Ok(session_token::derive(&mac(cx, session)?, &session.secret, &session.id, generation))
}

/// Whether a refresh token is of this session.
#[must_use]
pub fn is_genuine(cx: &RequestContext, token: &RefreshToken, session: &Session) -> bool {
    cx.state.keyring.now().mac(&session.mac_kid).is_some_and(|key| token.verifies(key, &session.secret))
}

fn mac(cx: &RequestContext, session: &Session) -> StoreResult<SecretBytes> {
    let missing = StoreError::Inconsistent { table: "sessions", column: "mac_kid" };
    cx.state.keyring.now().mac(&session.mac_kid).cloned().ok_or(missing)
}

/// Takes cookies back that came along.
pub fn take_back(cx: &RequestContext, names: &[Name]) {
    for name in names {
        let sent = match name {
            Name::Access => &cx.cookies.access,
            Name::Refresh => &cx.cookies.refresh,
            Name::Session => &cx.cookies.session,
            Name::Device => &cx.cookies.device,
            Name::Form => &cx.cookies.form,
        };
        if *sent != Credential::Absent {
            cx.reply.clear(*name);
        }
    }
}

/// Without "remember me" cookies end with the browser.
#[must_use]
pub fn cookie_life(remembered: bool, ends: Ends, now: Timestamp) -> Option<Duration> {
    remembered.then(|| ends.expires_at.min(ends.absolute_end_at).since(now))
}

/// The same actor, their session's ends having moved.
#[must_use]
pub fn with_ends(actor: &Actor, ends: Ends) -> Actor {
    let claims = AccessClaims {
        exp: ends.expires_at.min(ends.absolute_end_at).as_secs(),
        idle_end: ends.idle_end_at.as_secs(),
        ..actor.claims().clone()
    };
    Actor(Arc::new(Verified { kid: actor.0.kid.clone(), claims }))
}

fn facts(session: &Session, user: &User, read_at: Timestamp) -> Facts {
    let (email, display_name) = (user.email.clone(), user.display_name.clone());
    Facts { email, display_name, ends: session.ends, read_at }
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
    cx.now.plus(longest_life(&cx.state.config))
}

/// For how long a token that can be ended counts at most.
#[must_use]
pub fn longest_life(config: &Config) -> Duration {
    config.lifetimes.access_ttl + MARGIN
}

/// The end of one session, for the feed.
#[must_use]
pub fn session_ended(cx: &RequestContext, sid: &SessionId, reason: EndReason) -> Revocation {
    Revocation { subject: Subject::Session(sid.clone()), reason, until: last_end(cx) }
}
