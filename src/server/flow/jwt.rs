//! Strategy `jwt`: the token is all there is. A request costs a signature check; nothing is listed, counted or ended, and
//! the pages and the API say so. What the server can still refuse is the renewal, for which the user's row is read.

use crate::{
    api::ApiError,
    domain::{access_claims::AccessClaims, session::EndReason, session::SessionState, strategy::Strategy},
    server::{
        context::{Actor, Authentication, RequestContext},
        crypto::access_token::Seen,
        flow::tokens,
        http::cookies::Credential,
        store::users,
    },
};

/// Judges the token of a request.
#[must_use]
pub fn authenticate(cx: &RequestContext) -> Authentication {
    let token = match (&cx.bearer, &cx.cookies.access) {
        (Some(bearer), _) => bearer,
        (None, Credential::Twice) => return Authentication::SignedOut(EndReason::None),
        (None, Credential::One(access)) => access,
        (None, Credential::Absent) => return voucher(cx),
    };
    match cx.state.access_tokens.look(&cx.state.keyring.now(), token) {
        Seen::Known(verified) | Seen::New(verified) if verified.claims.strategy == Strategy::Jwt => {
            match ends(cx, &verified.claims).state(None, cx.now) {
                SessionState::Live => Authentication::Actor(Actor(verified)),
                SessionState::Ended(reason) => Authentication::SignedOut(reason),
            }
        }
        _ if cx.bearer.is_none() => voucher(cx),
        _ => Authentication::SignedOut(EndReason::None),
    }
}

/// Nothing of our own, but perhaps something of a strategy that was in force before.
fn voucher(cx: &RequestContext) -> Authentication {
    let some = |credential: &Credential| matches!(credential, Credential::One(_));
    if some(&cx.cookies.refresh) || some(&cx.cookies.session) {
        Authentication::Exchange
    } else {
        Authentication::SignedOut(EndReason::None)
    }
}

/// Whether a token of this strategy still counts, here or as a voucher.
#[must_use]
pub fn is_live(cx: &RequestContext, claims: &AccessClaims) -> bool {
    claims.strategy == Strategy::Jwt && ends(cx, claims).state(None, cx.now) == SessionState::Live
}

fn ends(cx: &RequestContext, claims: &AccessClaims) -> crate::domain::session::Ends {
    claims.ends(cx.state.config.lifetimes.absolute_timeout)
}

/// Signs the token again with a later end, for the user as they are now.
pub async fn renew(cx: &RequestContext, actor: &Actor) -> Authentication {
    match try_renew(cx, actor).await {
        Ok(renewed) => Authentication::Actor(renewed),
        Err(ApiError::SignedOut { reason }) => Authentication::SignedOut(reason),
        // What there is goes on counting: a passing failure ends nothing.
        Err(_) => Authentication::Actor(actor.clone()),
    }
}

async fn try_renew(cx: &RequestContext, actor: &Actor) -> Result<Actor, ApiError> {
    let claims = actor.claims();
    let user = match users::find(cx.state.db.read(), &claims.sub).await? {
        Some(user) if user.locked_at.is_none() => user,
        _ => return Err(ApiError::SignedOut { reason: EndReason::Locked }),
    };
    if let Some(reason) = users::end_of_version(cx.state.db.read(), &claims.sub, claims.uv).await? {
        return Err(ApiError::SignedOut { reason });
    }
    let ends = cx.state.config.lifetimes.renewed(ends(cx, claims), cx.now);
    let renewed =
        AccessClaims { exp: ends.expires_at.as_secs(), role: user.role, uv: user.version, ..tokens::again(cx, claims) };
    tokens::put(cx, renewed, ends)
}
