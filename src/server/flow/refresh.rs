//! The rotation contract's transaction. The rule is `domain/rotation.rs`; here it is read, decided and written in one
//! go, before any token is minted. What ends the session on the way is committed although the answer is a refusal.

use crate::{
    api::{ApiError, ApiResult, session::SessionEnds},
    domain::{
        audit::{Event, Outcome},
        rotation::{self, Presented, Rotation},
        session::{EndReason, SessionState},
    },
    server::{
        context::{Actor, Authentication, RequestContext},
        crypto::refresh_token::RefreshToken,
        flow::tokens,
        http::cookies::Credential,
        store::{
            StoreResult, Tx, audit,
            sessions::{self, Renewal, Session},
            users::{self, User},
        },
    },
};

/// What the transaction came to.
enum Exchange {
    Renewed(Box<(Session, User)>),
    Ended(EndReason),
    /// Another request moved the chain between the read and the write: look again.
    Overtaken,
}

/// Exchanges the refresh cookie.
///
/// # Errors
/// `signed_out` with its reason; `unavailable`, which burns no token and clears no cookie.
pub async fn refresh(cx: &RequestContext) -> ApiResult<SessionEnds> {
    let (actor, session) = renew(cx).await?;
    Ok(tokens::ends(actor.claims(), session.ends, cx.now))
}

/// The same, for a page or a scriptless form whose access token has ended.
pub async fn in_process(cx: &RequestContext) -> Authentication {
    match renew(cx).await {
        Ok((actor, _)) => Authentication::Actor(actor),
        Err(ApiError::SignedOut { reason }) => Authentication::SignedOut(reason),
        Err(_) => Authentication::Unavailable,
    }
}

async fn renew(cx: &RequestContext) -> ApiResult<(Actor, Session)> {
    let Credential::One(text) = &cx.cookies.refresh else { return Err(signed_out(EndReason::None)) };
    // Each turn is lost only to another request that moved this chain; a few are more than any honest browser makes.
    for _ in 0..4 {
        let Some(token) = RefreshToken::parse(text) else { return Err(signed_out(EndReason::None)) };
        let cloned = cx.clone();
        let exchange =
            cx.state.db.write(move |tx| Box::pin(async move { exchange(&cloned, tx, &token).await })).await?;
        match exchange {
            Exchange::Renewed(both) => {
                let (session, user) = *both;
                return Ok((tokens::issue(cx, &session, &user)?, session));
            }
            Exchange::Ended(reason) => return Err(signed_out(reason)),
            Exchange::Overtaken => {}
        }
    }
    Err(ApiError::Unavailable)
}

fn signed_out(reason: EndReason) -> ApiError {
    ApiError::SignedOut { reason }
}

async fn exchange(cx: &RequestContext, tx: &mut Tx, token: &RefreshToken) -> StoreResult<Exchange> {
    let Some(session) = sessions::find(tx.read(), &token.sid).await? else {
        return Ok(Exchange::Ended(EndReason::None));
    };
    let genuine = cx.state.keyring.mac(&session.mac_kid).is_some_and(|key| token.verifies(key, &session.secret));
    if !genuine {
        return Ok(Exchange::Ended(EndReason::None));
    }
    if let SessionState::Ended(reason) = session.state(cx.now) {
        return Ok(Exchange::Ended(reason));
    }
    let Some(user) = users::find(tx.read(), &session.user_id).await? else {
        return Ok(Exchange::Ended(EndReason::Locked));
    };
    if user.locked_at.is_some() {
        return Ok(Exchange::Ended(EndReason::Locked));
    }
    let device_kind = cx.device().kind();
    let presented = Presented { generation: token.generation, device_kind: &device_kind, now: cx.now };
    let lifetimes = &cx.state.config.lifetimes;
    let rotation = rotation::decide(&session.chain, presented, lifetimes.rotation_grace);
    let Some(chain) = session.chain.after(rotation, presented) else {
        return end_for_reuse(cx, tx, &session, token).await;
    };
    if rotation == (Rotation::Repeated { late: true }) {
        audit::append(tx, &evidence(cx, &session, token, Event::RefreshRepeatedLate)).await?;
    }
    let moved = matches!(rotation, Rotation::Rotated | Rotation::Advanced);
    let renewal = Renewal {
        chain: &chain,
        ends: lifetimes.renewed(session.ends, cx.now),
        user_agent: if moved { &cx.user_agent } else { &session.user_agent },
        address: &if moved { cx.address.to_string() } else { session.address.clone() },
    };
    if !sessions::renew(tx, &session, &renewal, cx.now).await? {
        return Ok(Exchange::Overtaken);
    }
    let ends = renewal.ends;
    Ok(Exchange::Renewed(Box::new((Session { chain, ends, ..session }, user))))
}

async fn end_for_reuse(
    cx: &RequestContext,
    tx: &mut Tx,
    session: &Session,
    token: &RefreshToken,
) -> StoreResult<Exchange> {
    if !sessions::end(tx, &session.id, EndReason::Reuse, cx.now).await? {
        return Ok(Exchange::Overtaken);
    }
    tx.revoke(tokens::session_ended(cx, &session.id, EndReason::Reuse));
    audit::append(tx, &evidence(cx, session, token, Event::RefreshReuse)).await?;
    Ok(Exchange::Ended(EndReason::Reuse))
}

/// Both uses: this one in the row's own columns, the one that rotated last in its detail.
fn evidence(cx: &RequestContext, session: &Session, token: &RefreshToken, event: Event) -> audit::Entry {
    let detail = serde_json::json!({
        "presented_generation": token.generation,
        "current_generation": session.chain.generation,
        "confirmed_generation": session.chain.confirmed_generation,
        "rotated_at": session.chain.rotated_at.0,
        "rotated_address": session.address,
        "rotated_device": session.user_agent,
    });
    audit::Entry {
        target: Some(session.user_id.clone()),
        session: Some(session.id.clone()),
        detail: Some(detail.to_string()),
        ..cx.audit(event, if event == Event::RefreshReuse { Outcome::Refused } else { Outcome::Done })
    }
}
