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
    cx.state
        .db
        .write(move |tx| {
            Box::pin(async move {
                for sid in presented::end(&cloned, tx).await? {
                    let entry = Entry { session: Some(sid), ..cloned.audit(Event::SignOut, Outcome::Done) };
                    audit::append(tx, &entry).await?;
                }
                Ok(())
            })
        })
        .await?;
    cx.reply.clear(Name::Access);
    cx.reply.clear(Name::Refresh);
    cx.reply.clear(Name::Session);
    Ok(())
}
