//! Strategy `database`: the session token is opaque and its row is read at each request, so that whatever changed there
//! holds at the next one.

use std::sync::Arc;

use tower_sessions::session::Id;

use crate::{
    domain::{
        access_claims::AccessClaims,
        revocation::Standing,
        session::{EndReason, SessionState},
        strategy::Strategy,
    },
    server::{
        context::{Actor, Authentication, By, RequestContext},
        crypto::access_token::Verified,
        http::cookies::Credential,
        store::web_sessions::SignedIn,
    },
};

/// The session token of the request, if it has the form of one.
#[must_use]
pub fn presented(cx: &RequestContext) -> Option<Id> {
    match &cx.cookies.session {
        Credential::One(text) if text.len() == 22 => text.parse().ok(),
        _ => None,
    }
}

/// Judges the session token of a request.
pub async fn authenticate(cx: &RequestContext) -> Authentication {
    let twice = |credential: &Credential| *credential == Credential::Twice;
    if cx.bearer.is_some() || [&cx.cookies.session, &cx.cookies.access, &cx.cookies.refresh].into_iter().any(twice) {
        return Authentication::SignedOut(EndReason::None);
    }
    let Some(id) = presented(cx) else { return voucher(cx) };
    match cx.state.web_sessions.read(&id).await {
        Err(_) => Authentication::Unavailable,
        Ok(None) => voucher(cx),
        Ok(Some(found)) => judge(cx, &id, found).await,
    }
}

async fn judge(cx: &RequestContext, id: &Id, found: SignedIn) -> Authentication {
    let claims = claims_of(cx, &found);
    let standing = cx.state.revoked.standing(&claims);
    let admitted = found.state(cx.now) == SessionState::Live && standing == Standing::Good && !found.locked;
    if !admitted && cx.state.web_sessions.forget(id).await {
        // It was a copy, which refuses nobody: the ledger decides.
        return match cx.state.web_sessions.read(id).await {
            Err(_) => Authentication::Unavailable,
            Ok(None) => Authentication::SignedOut(EndReason::None),
            Ok(Some(found)) => {
                let claims = claims_of(cx, &found);
                admit(cx, &found, claims)
            }
        };
    }
    admit(cx, &found, claims)
}

fn admit(cx: &RequestContext, found: &SignedIn, claims: AccessClaims) -> Authentication {
    if found.locked {
        return Authentication::SignedOut(found.ended.map_or(EndReason::Locked, EndReason::told));
    }
    if let SessionState::Ended(reason) = found.state(cx.now) {
        return Authentication::SignedOut(reason);
    }
    if found.outdated {
        return Authentication::Exchange;
    }
    if found.confirmed_generation < found.generation {
        cx.state.confirmations.note(&found.session_id, found.generation);
    }
    if cx.by != By::Listener && !cx.speculates {
        cx.state.confirmations.note_use(&found.session_id, found.last_active_at, cx.now);
    }
    Authentication::Actor(Actor(Arc::new(Verified { kid: String::new(), claims })))
}

/// A credential of a strategy that was in force before.
fn voucher(cx: &RequestContext) -> Authentication {
    let some = |credential: &Credential| matches!(credential, Credential::One(_));
    if some(&cx.cookies.refresh) || some(&cx.cookies.access) {
        Authentication::Exchange
    } else {
        Authentication::SignedOut(EndReason::None)
    }
}

/// What an access token of this session would say; nothing is signed with it.
fn claims_of(cx: &RequestContext, found: &SignedIn) -> AccessClaims {
    AccessClaims {
        iss: cx.state.access_tokens.issuer().to_owned(),
        aud: cx.state.access_tokens.audience().to_owned(),
        sub: found.user_id.clone(),
        client_id: "sekisho".to_owned(),
        sid: found.session_id.clone(),
        generation: found.generation,
        uv: found.user_version,
        jti: String::new(),
        iat: cx.now.as_secs(),
        exp: found.expires_at.min(found.absolute_end_at).as_secs(),
        idle_end: found.idle_end_at.as_secs(),
        auth_time: found.signed_in_at.as_secs(),
        proved_at: found.proved_at.as_secs(),
        amr: vec!["pwd".to_owned()],
        role: found.role,
        strategy: Strategy::Database,
        remembered: found.remembered,
    }
}
