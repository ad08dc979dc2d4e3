//! Rolling renewal of `jwt` and `database`: a request extends the session's life, at most every `update_age`.

use crate::{
    domain::{session::EndReason, strategy::Strategy},
    server::{
        context::{Actor, Authentication, RequestContext},
        flow::{database, jwt, tokens},
        http::cookies::Name,
        store::sessions,
    },
};

/// Renews if it is time to.
pub async fn renew_if_due(cx: &RequestContext, actor: &Actor) -> Option<Authentication> {
    if cx.state.config.strategy.rotates() || cx.bearer.is_some() {
        return None;
    }
    let lifetimes = &cx.state.config.lifetimes;
    let ends = actor.claims().ends(lifetimes.absolute_timeout);
    if lifetimes.renewal_due(ends, cx.now) { Some(Box::pin(renew(cx, actor)).await) } else { None }
}

/// Renews now.
pub async fn renew(cx: &RequestContext, actor: &Actor) -> Authentication {
    match cx.state.config.strategy {
        Strategy::Jwt => jwt::renew(cx, actor).await,
        Strategy::Database => roll(cx, actor).await,
        Strategy::Hybrid => Authentication::Actor(actor.clone()),
    }
}

async fn roll(cx: &RequestContext, actor: &Actor) -> Authentication {
    let claims = actor.claims();
    let ends = claims.ends(cx.state.config.lifetimes.absolute_timeout);
    let renewed = cx.state.config.lifetimes.renewed(ends, cx.now);
    let (sid, now) = (claims.sid.clone(), cx.now);
    let rolled = cx
        .state
        .db
        .write(move |tx| Box::pin(async move { sessions::roll(tx, &sid, renewed.expires_at, now).await }))
        .await;
    match (rolled, database::presented(cx)) {
        (Ok(true), Some(id)) => {
            cx.state.web_sessions.forget(&id).await;
            let life = tokens::cookie_life(claims.remembered, renewed, cx.now);
            cx.reply.set(Name::Session, &id.to_string(), life);
            Authentication::Actor(tokens::with_ends(actor, renewed))
        }
        (Ok(false), _) => Authentication::SignedOut(EndReason::None),
        // What there is goes on counting: a passing failure ends nothing.
        (Ok(true), None) | (Err(_), _) => Authentication::Actor(actor.clone()),
    }
}
