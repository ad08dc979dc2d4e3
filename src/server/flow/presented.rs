//! The sessions whose credentials came along with a request, however old those are, as long as they verify.

use crate::{
    domain::{ids::SessionId, session::EndReason},
    server::{
        context::RequestContext,
        crypto::{access_token::Seen, refresh_token::RefreshToken, session_token},
        flow::{database, tokens},
        http::cookies::Credential,
        store::{StoreResult, Tx, sessions},
    },
};

/// Ends them as signed out; those this call ended, where nobody had before.
///
/// # Errors
/// When they can't be written.
pub async fn end(cx: &RequestContext, tx: &mut Tx) -> StoreResult<Vec<SessionId>> {
    let mut ended = Vec::new();
    for sid in named(cx, tx).await? {
        if sessions::end(tx, &sid, EndReason::SignedOut, cx.now).await? {
            tx.revoke(tokens::session_ended(cx, &sid, EndReason::None));
            ended.push(sid);
        }
    }
    Ok(ended)
}

/// Their ids.
///
/// # Errors
/// When they can't be read.
pub async fn named(cx: &RequestContext, tx: &mut Tx) -> StoreResult<Vec<SessionId>> {
    let mut found = Vec::new();
    let access = match (&cx.bearer, &cx.cookies.access) {
        (Some(bearer), _) => Some(bearer),
        (None, Credential::One(access)) => Some(access),
        _ => None,
    };
    if let Some(Seen::Known(verified) | Seen::New(verified)) =
        access.map(|token| cx.state.access_tokens.look(&cx.state.keyring.now(), token))
    {
        found.push(verified.claims.sid.clone());
    }
    if let Credential::One(text) = &cx.cookies.refresh
        && let Some(token) = RefreshToken::parse(text)
        && !found.contains(&token.sid)
        && let Some(session) = sessions::find(tx.read(), &token.sid).await?
        && tokens::is_genuine(cx, &token, &session)
    {
        found.push(token.sid);
    }
    if let Some(id) = database::presented(cx)
        && let Some((session, _)) = sessions::find_by_token(tx.read(), &session_token::hash(&id)).await?
        && !found.contains(&session.id)
    {
        found.push(session.id);
    }
    Ok(found)
}
