//! The sessions whose credentials came along with a request, however old those are, as long as they verify.

use crate::{
    domain::{ids::SessionId, session::EndReason},
    server::{
        context::RequestContext,
        crypto::{access_token::Seen, refresh_token::RefreshToken},
        flow::tokens,
        http::cookies::Credential,
        store::{StoreResult, Tx, sessions},
    },
};

/// Ends them as signed out; those this call ended.
///
/// # Errors
/// When they can't be written.
pub async fn end(cx: &RequestContext, tx: &mut Tx) -> StoreResult<Vec<SessionId>> {
    let mut ended = Vec::new();
    for sid in named(cx, tx).await? {
        if sessions::end(tx, &sid, EndReason::None, cx.now).await? {
            tx.revoke(tokens::session_ended(cx, &sid, EndReason::None));
            ended.push(sid);
        }
    }
    Ok(ended)
}

async fn named(cx: &RequestContext, tx: &mut Tx) -> StoreResult<Vec<SessionId>> {
    let mut found = Vec::new();
    let access = match (&cx.bearer, &cx.cookies.access) {
        (Some(bearer), _) => Some(bearer),
        (None, Credential::One(access)) => Some(access),
        _ => None,
    };
    if let Some(Seen::Known(verified) | Seen::New(verified)) =
        access.map(|token| cx.state.access_tokens.look(&cx.state.keyring, token))
    {
        found.push(verified.claims.sid.clone());
    }
    if let Credential::One(text) = &cx.cookies.refresh
        && let Some(token) = RefreshToken::parse(text)
        && !found.contains(&token.sid)
        && let Some(session) = sessions::find(tx.read(), &token.sid).await?
        && cx.state.keyring.mac(&session.mac_kid).is_some_and(|key| token.verifies(key, &session.secret))
    {
        found.push(token.sid);
    }
    Ok(found)
}
