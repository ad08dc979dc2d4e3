//! Step-up: the password once more, for what asks for a recent proof. The rule is `domain/step_up.rs`, the table of what
//! asks for it `domain/role.rs`.
//!
//! The proof belongs to a new credential, which replaces the one that was presented (`replace.rs`): whoever had a copy of that
//! has proved nothing, and holds nothing any more.

use crate::{
    api::{ApiError, ApiResult, step_up::Proof},
    domain::{
        access_claims::AccessClaims,
        audit::{Event, Outcome},
        revocation::{Revocation, Subject},
        session::EndReason,
        step_up::PROOF_HOLDS,
        strategy::Strategy,
    },
    server::{
        context::{Actor, RequestContext},
        flow::{
            database,
            own_password::{self, Proved},
            replace::{self, Own},
            tokens,
        },
        secret::Password,
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            sessions::Session,
            users::{self, User},
        },
    },
};

/// # Errors
/// `invalid_credentials`, `throttled`, `renew`, `signed_out`, `unavailable`.
pub async fn step_up(cx: &RequestContext, actor: &Actor, password: Password) -> ApiResult<Proof> {
    let proved = own_password::prove(cx, actor, password, Event::StepUp).await?;
    let (cloned, claims) = (cx.clone(), actor.claims().clone());
    let own =
        cx.state.db.write(move |tx| Box::pin(async move { transact(&cloned, tx, &proved, &claims).await })).await??;
    if let Some(id) = database::presented(cx) {
        cx.state.web_sessions.forget(&id).await;
    }
    own.issue(cx)?;
    Ok(Proof { server_now: cx.now.0, proved_until: cx.now.plus(PROOF_HOLDS).0 })
}

async fn transact(
    cx: &RequestContext,
    tx: &mut Tx,
    proved: &Proved,
    claims: &AccessClaims,
) -> StoreResult<ApiResult<Own>> {
    proved.reserved.forgive(tx).await?;
    let user = &proved.user;
    if !users::hold(tx, &user.id, user.version).await? {
        // Locked, or another password or role: what there is must be looked at anew.
        return Ok(Err(ApiError::Renew));
    }
    let ended = |reason| Ok(Err(ApiError::SignedOut { reason }));
    let own = match claims.strategy {
        Strategy::Jwt => match users::end_of_version(tx.read(), &user.id, claims.uv).await? {
            Some(reason) => return ended(reason),
            None => Own::signed(AccessClaims {
                proved_at: cx.now.as_secs(),
                role: user.role,
                uv: user.version,
                ..claims.clone()
            }),
        },
        Strategy::Hybrid | Strategy::Database => match replace::live(tx, &claims.sid, cx.now).await? {
            Err(reason) => return ended(reason),
            Ok(session) => {
                let Some(below) = users::raise_version(tx, &user.id).await? else { return ended(EndReason::Locked) };
                // What was minted before is stale from now on, a copy's too. The user's other sessions renew once more.
                let subject = Subject::Stale { user: user.id.clone(), below };
                tx.revoke(Revocation { subject, reason: EndReason::None, until: tokens::last_end(cx) });
                let session = Session { proved_at: cx.now, ..session };
                replace::replace(cx, tx, &session, &User { version: below, ..user.clone() }).await?
            }
        },
    };
    audit::append(tx, &Entry { target: Some(user.id.clone()), ..cx.audit(Event::StepUp, Outcome::Done) }).await?;
    Ok(Ok(own))
}
