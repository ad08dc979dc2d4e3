//! A human act moves the session's idle end, and nothing else: not the access token's end, not the generation.

use std::time::Duration;

use crate::{
    api::{ApiError, ApiResult, session::SessionEnds},
    domain::{
        access_claims::AccessClaims,
        session::{EndReason, Ends, SessionState},
        strategy::Strategy,
        time::Timestamp,
    },
    server::{
        context::{Actor, RequestContext},
        flow::{database, tokens},
        store::sessions,
    },
};

/// `acted_ms_ago` is the caller's word, so it can only make an act older, and not older than the idle timeout matters.
///
/// # Errors
/// `invalid` (`acted_ms_ago`), `signed_out`, `unavailable`.
pub async fn touch(cx: &RequestContext, actor: &Actor, acted_ms_ago: &str) -> ApiResult<SessionEnds> {
    let ago = match acted_ms_ago.trim() {
        "" => 0,
        text => text.parse::<u64>().map_err(|_| ApiError::invalid("acted_ms_ago", "not_a_number"))?,
    };
    let (moved, ends) = act(cx, actor, cx.now.minus(Duration::from_millis(ago.min(86_400_000)))).await?;
    Ok(tokens::ends(moved.claims(), ends, cx.now))
}

/// The same by a click that loads a page or sends a form, under the same interval; failing does no harm.
pub async fn by_navigation(cx: &RequestContext, actor: &Actor) {
    let lifetimes = &cx.state.config.lifetimes;
    let claims = actor.claims();
    let idle = lifetimes.idle_of(claims.remembered);
    let last_act = if idle.is_zero() {
        Timestamp::from_secs(claims.iat)
    } else {
        Timestamp::from_secs(claims.idle_end).minus(idle)
    };
    if cx.now.since(last_act) >= lifetimes.touch_interval(claims.remembered) {
        let _ = act(cx, actor, cx.now).await;
    }
}

async fn act(cx: &RequestContext, actor: &Actor, acted_at: Timestamp) -> ApiResult<(Actor, Ends)> {
    let claims = actor.claims();
    let ends = match cx.state.config.strategy {
        Strategy::Jwt => {
            let known = claims.ends(cx.state.config.lifetimes.absolute_timeout);
            cx.state.config.lifetimes.touched(known, claims.remembered, acted_at)
        }
        Strategy::Hybrid | Strategy::Database => write_down(cx, actor, acted_at).await?,
    };
    let moved = AccessClaims { idle_end: ends.idle_end_at.as_secs(), ..tokens::again(cx, claims) };
    match cx.state.config.strategy {
        Strategy::Hybrid | Strategy::Jwt => Ok((tokens::put(cx, moved, ends)?, ends)),
        Strategy::Database => {
            if let Some(id) = database::presented(cx) {
                cx.state.web_sessions.forget(&id).await;
            }
            Ok((tokens::with_ends(actor, ends), ends))
        }
    }
}

async fn write_down(cx: &RequestContext, actor: &Actor, acted_at: Timestamp) -> ApiResult<Ends> {
    let (sid, now) = (actor.claims().sid.clone(), cx.now);
    let lifetimes = cx.state.config.lifetimes;
    let outcome: Result<Ends, EndReason> = cx
        .state
        .db
        .write(move |tx| {
            Box::pin(async move {
                let Some(session) = sessions::find(tx.read(), &sid).await? else { return Ok(Err(EndReason::None)) };
                if let SessionState::Ended(reason) = session.state(now) {
                    return Ok(Err(reason));
                }
                let ends = lifetimes.touched(session.ends, session.remembered, acted_at);
                let touched = sessions::touch(tx, &sid, acted_at, ends.idle_end_at, now).await?;
                Ok(touched.map(|session| session.ends).ok_or(EndReason::None))
            })
        })
        .await?;
    outcome.map_err(|reason| ApiError::SignedOut { reason })
}
