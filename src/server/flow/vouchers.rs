//! What is exchanged for a session that this server never wrote down: the token of a strategy that keeps nothing.

use crate::{
    domain::{
        access_claims::AccessClaims,
        rotation::{self, Chain},
        session::{EndReason, Ends},
        strategy::Strategy,
        time::Timestamp,
    },
    server::{
        context::RequestContext,
        crypto::refresh_token::SessionSecret,
        flow::{device_limit, exchange::Found},
        store::{
            StoreResult, Tx,
            sessions::{self, Session},
            users,
        },
    },
};

/// A token of a strategy that kept nothing names its session, which is written down now; one that was ended since
/// then stays ended.
///
/// # Errors
/// When its rows can't be read or written.
pub async fn redeem(cx: &RequestContext, tx: &mut Tx, claims: &AccessClaims) -> StoreResult<Result<Found, EndReason>> {
    // Held, so that a kick beside this comes before, and is seen here, or after, and finds the row.
    if !users::hold_any(tx, &claims.sub).await? {
        return Ok(Err(EndReason::Locked));
    }
    if let Some(reason) = users::end_of_version(tx.read(), &claims.sub, claims.uv).await? {
        return Ok(Err(reason));
    }
    let ends = claims.ends(cx.state.config.lifetimes.absolute_timeout);
    let inserted = sessions::insert(tx, &unrecorded(cx, claims, ends)).await?;
    if inserted {
        device_limit::cap(cx, tx, &claims.sub).await?;
    } else {
        sessions::extend(tx, &claims.sid, ends).await?;
    }
    if rotation::is_unrecorded_replacement(claims.generation) {
        sessions::replaced(tx, &claims.sid, claims.generation, Timestamp::from_secs(claims.proved_at)).await?;
    }
    let found = sessions::find_with_user(tx.read(), &claims.sid).await?;
    let found = found.filter(|(session, _)| session.user_id == claims.sub);
    Ok(found.map(|(session, user)| (session, user, claims.generation)).ok_or(EndReason::None))
}

fn unrecorded(cx: &RequestContext, claims: &AccessClaims, ends: Ends) -> Session {
    let state = &cx.state;
    let signed_in_at = Timestamp::from_secs(claims.auth_time);
    Session {
        id: claims.sid.clone(),
        user_id: claims.sub.clone(),
        secret: SessionSecret::new(state.rng.bytes()),
        mac_kid: state.keyring.now().deriving().0.to_owned(),
        chain: Chain { generation: claims.generation, ..Chain::start(cx.device().kind()) },
        ends,
        user_agent: cx.user_agent(),
        address: cx.address.to_string(),
        remembered: claims.remembered,
        signed_in_at,
        proved_at: Timestamp::from_secs(claims.proved_at),
        last_active_at: signed_in_at,
        ended: None,
        issued_as: Strategy::Jwt,
        token_hash: None,
        former_token_hash: None,
        user_version: claims.uv,
        voucher_ends_at: ends.expires_at,
    }
}
