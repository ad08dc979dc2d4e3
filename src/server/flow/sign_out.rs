//! Sign-out: ends what the cookies name, and only then takes them back.

use crate::{
    api::ApiResult,
    domain::audit::{Event, Outcome},
    server::{
        context::RequestContext,
        flow::presented,
        http::cookies::Name,
        store::audit::{self, Entry},
    },
};

/// # Errors
/// `unavailable` when the end could not be committed; the cookies stay.
pub async fn sign_out(cx: &RequestContext) -> ApiResult<()> {
    let cloned = cx.clone();
    let ended = cx
        .state
        .db
        .write(move |tx| {
            Box::pin(async move {
                let ended = presented::end(&cloned, tx).await?;
                for sid in &ended {
                    let entry = Entry { session: Some(sid.clone()), ..cloned.audit(Event::SignOut, Outcome::Done) };
                    audit::append(tx, &entry).await?;
                }
                Ok(ended.len())
            })
        })
        .await?;
    if ended == 0 && cx.cookies.credential() {
        // Another node may have ended it just now, and this one not have heard of it: what is answered is so here too.
        Box::pin(cx.state.feed.catch_up(&cx.state.revoked, &cx.state.db, &cx.state.clock)).await?;
    }
    cx.reply.clear(Name::Access);
    cx.reply.clear(Name::Refresh);
    cx.reply.clear(Name::Session);
    Ok(())
}
