//! Behind a proxy nobody renews: a page there runs none of our client. So for one more life of the access token the
//! refresh cookie stands in for it, by one read, and nothing rotates. After that the proxy leads over sign-in, where a
//! renewal takes place, and generations advance as they should.

use std::sync::Arc;

use crate::{
    api::{ApiError, ApiResult},
    domain::{
        access_claims::AccessClaims,
        revocation::Standing,
        rotation::{self, Presented},
        session::{EndReason, SessionState},
        strategy::Strategy,
    },
    server::{
        context::{Actor, RequestContext},
        crypto::{access_token::Verified, refresh_token::RefreshToken},
        flow::tokens,
        http::cookies::Credential,
        store::sessions::{self, Session},
    },
};

/// Whom the refresh cookie of a request stands for.
///
/// # Errors
/// `renew` where only a renewal helps, `signed_out` with its reason, `unavailable`.
pub async fn actor(cx: &RequestContext) -> ApiResult<Actor> {
    let token = match &cx.cookies.refresh {
        Credential::One(text) if cx.state.config.strategy == Strategy::Hybrid && cx.bearer.is_none() => {
            RefreshToken::parse(text)
        }
        _ => None,
    };
    let token = token.ok_or(ApiError::Renew)?;
    let signed_out = |reason| ApiError::SignedOut { reason };
    let found = sessions::find_with_user(cx.state.db.read(), &token.sid).await?;
    let genuine = found.filter(|(session, _)| tokens::is_genuine(cx, &token, session));
    let (session, user) = genuine.ok_or(signed_out(EndReason::None))?;
    if let SessionState::Ended(reason) = session.state(cx.now) {
        return Err(signed_out(reason));
    }
    if user.locked_at.is_some() {
        return Err(signed_out(EndReason::Locked));
    }
    let device_kind = cx.device().kind();
    let presented = Presented { generation: token.generation, device_kind: &device_kind, now: cx.now };
    let minted_at = session.chain.rotated_at.max(session.signed_in_at);
    let end = rotation::stand_in_end(&session.chain, presented, &cx.state.config.lifetimes, minted_at);
    let end = end.ok_or(ApiError::Renew)?;
    let claims = tokens::claims(cx, &session, &user);
    if let Standing::Dead(reason) = cx.state.revoked.standing(&claims) {
        return Err(signed_out(reason));
    }
    note_arrival(cx, &session, token.generation);
    let claims = AccessClaims { exp: claims.exp.min(end.as_secs()), ..claims };
    Ok(Actor(Arc::new(Verified { kid: String::new(), claims })))
}

/// A token that is presented has reached its browser.
fn note_arrival(cx: &RequestContext, session: &Session, generation: u64) {
    let chain = &session.chain;
    if generation == chain.generation && chain.confirmed_generation < generation {
        cx.state.confirmations.note(&session.id, generation);
    }
}
