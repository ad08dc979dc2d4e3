//! Calling the server from a page: a token that has just ended is renewed and the call repeated, unseen.

use std::{future::Future, pin::Pin};

use super::{
    dom::IN_BROWSER,
    silent_refresh,
    tab_sync::{self, News},
};
use crate::{
    api::{ApiError, ApiResult},
    domain::program::Program,
    platform::COMPILED,
};

/// Calls; on `renew` performs one refresh (shared by all who need it) and calls once more.
///
/// On the server it only calls: cookies can't be renewed from within a page being rendered, so the answer stands. So it does where
/// nobody is signed in.
///
/// Behind a pointer, so that what polls it exists once in the browser's program and not for each who asks.
///
/// # Errors
/// Those of the call, and those of `POST /api/refresh`. `signed_out` also ends the page's session, in all tabs.
pub fn with_renewal<T, F, Fut>(call: F) -> Pin<Box<dyn Future<Output = ApiResult<T>> + Send>>
where
    T: Send + 'static,
    F: Fn() -> Fut + Send + 'static,
    Fut: Future<Output = ApiResult<T>> + Send + 'static,
{
    // Not within one future: what a program never does would stand in it as a state.
    if IN_BROWSER && COMPILED.has(Program::Person) { Box::pin(renewing(call)) } else { Box::pin(call()) }
}

async fn renewing<T, F, Fut>(call: F) -> ApiResult<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = ApiResult<T>>,
{
    let known_end = silent_refresh::known_end();
    let session_id = tab_sync::session_id();
    let reply = match call().await {
        Err(ApiError::Renew) => {
            let renewed = silent_refresh::renew(known_end).await?;
            tab_sync::tell_here(News::Ends(renewed));
            call().await
        }
        other => other,
    };
    // An answer about a session that has gone meanwhile says nothing about the one that came after it.
    let counts = session_id.is_none() || session_id == tab_sync::session_id();
    if let Err(ApiError::SignedOut { reason }) = reply
        && counts
    {
        tab_sync::tell_all(News::SignedOut { reason });
    }
    reply
}
