//! What a browser is told of the session that somebody ended under it, in the words of whoever ended it.
//!
//! Only to the bearer of a credential of that session that verifies, however old: the words are for that person, and never
//! stand in an address, where anyone could write them.

use crate::{
    api::{ApiResult, session::EndNotice},
    domain::ids::SessionId,
    server::{
        context::RequestContext,
        crypto::{access_token::Seen, refresh_token::RefreshToken, session_token},
        flow::{database, tokens},
        http::cookies::Credential,
        store::{StoreResult, sessions},
    },
};

/// `None` where nothing was ended by anybody, or nothing was said.
///
/// # Errors
/// `unavailable`.
pub async fn read(cx: &RequestContext) -> ApiResult<Option<EndNotice>> {
    // Whoever is signed in has nothing to be told of a session before.
    if cx.actor().is_ok() {
        return Ok(None);
    }
    for sid in presented(cx).await? {
        if let Some((reason, Some(message))) = sessions::end_notice(cx.state.db.read(), &sid).await? {
            return Ok(Some(EndNotice { reason, message }));
        }
    }
    Ok(None)
}

/// The sessions whose credentials came along and verify.
async fn presented(cx: &RequestContext) -> StoreResult<Vec<SessionId>> {
    let mut found = Vec::new();
    if let Credential::One(access) = &cx.cookies.access
        && let Seen::Known(verified) | Seen::New(verified) =
            cx.state.access_tokens.look(&cx.state.keyring.now(), access)
    {
        found.push(verified.claims.sid.clone());
    }
    if let Credential::One(text) = &cx.cookies.refresh
        && let Some(token) = RefreshToken::parse(text)
        && !found.contains(&token.sid)
        && let Some(session) = sessions::find(cx.state.db.read(), &token.sid).await?
        && tokens::is_genuine(cx, &token, &session)
    {
        found.push(token.sid);
    }
    if let Some(id) = database::presented(cx)
        && let Some((session, _)) = sessions::find_by_token(cx.state.db.read(), &session_token::hash(&id)).await?
        && !found.contains(&session.id)
    {
        found.push(session.id);
    }
    Ok(found)
}
