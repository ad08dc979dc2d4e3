//! A human act moves the session's idle end, and nothing else: not the access token's end, not the generation.

use std::time::Duration;

use crate::{
    api::{ApiError, ApiResult, session::SessionEnds},
    domain::{
        session::{EndReason, SessionState},
        time::Timestamp,
    },
    server::{
        context::{Actor, RequestContext},
        flow::tokens,
        store::{
            StoreResult,
            sessions::{self, Session},
        },
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
    let session = act(cx, actor, cx.now.minus(Duration::from_millis(ago.min(86_400_000)))).await?;
    let moved = tokens::reissue(cx, actor, &session)?;
    Ok(tokens::ends(moved.claims(), session.ends, cx.now))
}

/// The same by a click that loads a page or sends a form, under the same interval; failing does no harm.
pub async fn by_navigation(cx: &RequestContext, actor: &Actor) {
    let lifetimes = &cx.state.config.lifetimes;
    let claims = actor.claims();
    let Some(facts) = cx.state.facts.get(&claims.sid) else {
        // Not known in memory yet: the row decides.
        return touch_quietly(cx, actor).await;
    };
    let idle = lifetimes.idle_of(facts.remembered);
    let last_act = if idle.is_zero() {
        Timestamp::from_secs(claims.iat)
    } else {
        Timestamp::from_secs(claims.idle_end).minus(idle)
    };
    if cx.now.since(last_act) >= lifetimes.touch_interval(facts.remembered) {
        touch_quietly(cx, actor).await;
    }
}

async fn touch_quietly(cx: &RequestContext, actor: &Actor) {
    if let Ok(session) = act(cx, actor, cx.now).await {
        let _ = tokens::reissue(cx, actor, &session);
    }
}

async fn act(cx: &RequestContext, actor: &Actor, acted_at: Timestamp) -> ApiResult<Session> {
    let (sid, now) = (actor.claims().sid.clone(), cx.now);
    let lifetimes = cx.state.config.lifetimes;
    let outcome: Result<Session, EndReason> = cx
        .state
        .db
        .write(move |tx| {
            Box::pin(async move {
                let Some(session) = sessions::find(tx.read(), &sid).await? else { return Ok(Err(EndReason::None)) };
                if let SessionState::Ended(reason) = session.state(now) {
                    return Ok(Err(reason));
                }
                let ends = lifetimes.touched(session.ends, session.remembered, acted_at);
                let touched: StoreResult<Option<Session>> =
                    sessions::touch(tx, &sid, acted_at, ends.idle_end_at, now).await;
                Ok(touched?.ok_or(EndReason::None))
            })
        })
        .await?;
    outcome.map_err(|reason| ApiError::SignedOut { reason })
}
