//! Tokens for the programs behind a proxy: each for one audience alone, which no endpoint of ours takes, so that a program
//! that passes its own on can't be somebody here.

use std::sync::Arc;

use axum::http::HeaderValue;
use quick_cache::sync::Cache;

use crate::{
    api::{ApiError, ApiResult},
    domain::{access_claims::AccessClaims, ids::SessionId},
    server::context::{Actor, RequestContext},
};

const CACHED: usize = 4_096;

/// What was signed last for a session and an audience: a signature costs more than all else that verify does.
pub struct AudienceTokens(Cache<(SessionId, usize), Arc<Minted>>);

struct Minted {
    kid: String,
    claims: AccessClaims,
    header: HeaderValue,
}

impl Default for AudienceTokens {
    fn default() -> Self {
        Self(Cache::new(CACHED))
    }
}

/// The place of a configured audience.
///
/// # Errors
/// `forbidden` for any other.
pub fn find(cx: &RequestContext, name: &str) -> ApiResult<usize> {
    cx.state.config.audiences.iter().position(|known| known == name).ok_or(ApiError::Forbidden)
}

/// `Bearer` and a token for the audience at that place: what the access token says, and never for longer than that.
///
/// # Errors
/// `unavailable` when it can't be signed.
pub fn bearer(cx: &RequestContext, actor: &Actor, place: usize) -> ApiResult<HeaderValue> {
    let claims = actor.claims();
    let ttl = cx.state.config.lifetimes.access_ttl;
    let wanted = AccessClaims {
        aud: cx.state.config.audiences.get(place).cloned().ok_or(ApiError::Forbidden)?,
        // The other strategies' credentials live for weeks, and nobody tells those programs of a kick.
        exp: claims.exp.min(cx.now.plus(ttl).as_secs()),
        ..claims.clone()
    };
    let keyring = cx.state.keyring.now();
    let name = (claims.sid.clone(), place);
    let known = cx.state.audience_tokens.0.get(&name).filter(|minted| keyring.verifying(&minted.kid).is_some());
    if let Some(minted) = known.filter(|minted| serves(&minted.claims, &wanted, cx.now.plus(ttl / 2).as_secs())) {
        return Ok(minted.header.clone());
    }
    let claims = AccessClaims { jti: cx.state.rng.uuid(cx.now), iat: cx.now.as_secs(), ..wanted };
    let token = cx.state.access_tokens.sign(&keyring, &claims)?;
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ApiError::Unavailable)?;
    header.set_sensitive(true);
    let kid = keyring.signing(cx.now).kid.clone();
    cx.state.audience_tokens.0.insert(name, Arc::new(Minted { kid, claims, header: header.clone() }));
    Ok(header)
}

/// Whether a token that was signed earlier says all that is wanted now, and will for as long or until `soon`.
fn serves(minted: &AccessClaims, wanted: &AccessClaims, soon: i64) -> bool {
    let (jti, iat, exp) = (wanted.jti.clone(), wanted.iat, wanted.exp);
    let is_alike = AccessClaims { jti, iat, exp, ..minted.clone() } == *wanted;
    is_alike && minted.exp <= wanted.exp && minted.exp >= wanted.exp.min(soon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access_claims::tests::claims;

    #[test]
    fn an_earlier_token_serves_until_it_says_something_else_or_ends_too_soon() {
        let minted = AccessClaims { jti: "a".into(), iat: 900, ..claims() };
        assert!(serves(&minted, &claims(), 1_500));
        assert!(serves(&minted, &AccessClaims { exp: 2_400, ..claims() }, 1_900));
        assert!(!serves(&minted, &AccessClaims { exp: 2_400, ..claims() }, 1_901), "it ends too soon");
        assert!(!serves(&minted, &AccessClaims { exp: 1_899, ..claims() }, 1_500), "it would live too long");
        assert!(!serves(&minted, &AccessClaims { uv: 1, ..claims() }, 1_500));
        assert!(!serves(&minted, &AccessClaims { idle_end: 1_700, ..claims() }, 1_500));
        assert!(!serves(&minted, &AccessClaims { generation: 2, ..claims() }, 1_500));
    }
}
