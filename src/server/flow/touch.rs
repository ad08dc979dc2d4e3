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
    if is_due(cx, actor, last_act(cx, actor)) {
        let _ = act(cx, actor, cx.now).await;
    }
}

/// The same by a click on a page behind a proxy, which no cookie can be given: it is written down, and the token that
/// doesn't know of it brings the person to a renewal, which does.
pub async fn by_proxied_navigation(cx: &RequestContext, actor: &Actor) {
    let strategy = cx.state.config.strategy;
    let sid = &actor.claims().sid;
    let last = cx.state.proxied_acts.get(sid).map_or(last_act(cx, actor), |noted| noted.max(last_act(cx, actor)));
    if !strategy.keeps_sessions() || !is_due(cx, actor, last) || write_down(cx, actor, cx.now).await.is_err() {
        return;
    }
    cx.state.proxied_acts.insert(sid.clone(), cx.now);
    if let (Strategy::Database, Some(id)) = (strategy, database::presented(cx)) {
        cx.state.web_sessions.forget(&id).await;
    }
}

/// The last one that the token knows of.
fn last_act(cx: &RequestContext, actor: &Actor) -> Timestamp {
    let claims = actor.claims();
    let idle = cx.state.config.lifetimes.idle_of(claims.remembered);
    if idle.is_zero() { Timestamp::from_secs(claims.iat) } else { Timestamp::from_secs(claims.idle_end).minus(idle) }
}

fn is_due(cx: &RequestContext, actor: &Actor, last_act: Timestamp) -> bool {
    cx.now.since(last_act) >= cx.state.config.lifetimes.touch_interval(actor.claims().remembered)
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
    cx.state.sights.note(&claims.sub, acted_at);
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
