//! A renewal that was asked for: by the browser's schedule, or by a page whose credential has ended or is due.

use crate::{
    api::{ApiError, ApiResult, session::SessionEnds},
    domain::{session::EndReason, strategy::Strategy},
    server::{
        context::{Authentication, RequestContext},
        crypto::{access_token::Seen, refresh_token::RefreshToken},
        flow::{
            authenticate, database,
            exchange::{self, Proof},
            jwt, rolling, tokens,
        },
        http::cookies::Credential,
    },
};

/// Renews the session of the caller.
///
/// # Errors
/// `signed_out` with its reason; `renew` where the credential was replaced a moment ago; `unavailable`, which burns no token and clears no cookie.
pub async fn refresh(cx: &RequestContext) -> ApiResult<SessionEnds> {
    if cx.exchanged() {
        return authenticate::ends(cx, cx.actor()?).await;
    }
    if cx.state.config.strategy == Strategy::Hybrid {
        let Some(proof) = refresh_token(cx) else { return Err(ApiError::SignedOut { reason: EndReason::None }) };
        let (actor, session) = exchange::exchange(cx, proof).await?;
        return Ok(tokens::ends(actor.claims(), session.ends, cx.now));
    }
    let actor = cx.actor()?;
    match rolling::renew(cx, actor).await {
        Authentication::Actor(renewed) => authenticate::ends(cx, &renewed).await,
        Authentication::SignedOut(reason) => Err(ApiError::SignedOut { reason }),
        Authentication::Renew | Authentication::Exchange | Authentication::Unavailable => Err(ApiError::Unavailable),
    }
}

/// Exchanges what the request carries, in process: an access token that has ended for a page, a session token that is
/// due, a credential of a former strategy.
pub async fn in_process(cx: &RequestContext) -> Authentication {
    let Some(proof) = best_proof(cx) else { return Authentication::SignedOut(EndReason::None) };
    match exchange::exchange(cx, proof).await {
        Ok((actor, _)) => Authentication::Actor(actor),
        Err(ApiError::SignedOut { reason }) => Authentication::SignedOut(reason),
        Err(ApiError::Renew) => Authentication::Renew,
        Err(_) => Authentication::Unavailable,
    }
}

fn refresh_token(cx: &RequestContext) -> Option<Proof> {
    match &cx.cookies.refresh {
        Credential::One(text) => RefreshToken::parse(text).map(|token| Proof::Refresh(token.into())),
        _ => None,
    }
}

/// That of the strategy in force first.
fn best_proof(cx: &RequestContext) -> Option<Proof> {
    let session_token = || database::presented(cx).map(Proof::Session);
    let signed = || match &cx.cookies.access {
        Credential::One(token) => match cx.state.access_tokens.look(&cx.state.keyring.now(), token) {
            Seen::Known(verified) | Seen::New(verified) if jwt::is_live(cx, &verified.claims) => {
                Some(Proof::Jwt(verified))
            }
            _ => None,
        },
        _ => None,
    };
    match cx.state.config.strategy {
        Strategy::Database => session_token().or_else(|| refresh_token(cx)).or_else(signed),
        Strategy::Hybrid | Strategy::Jwt => refresh_token(cx).or_else(session_token).or_else(signed),
    }
}
