//! Changing what the own account says of one. No token carries it, so none is replaced and no session ends.

use crate::{
    api::{ApiError, ApiResult},
    domain::{
        audit::{Event, Outcome},
        session::EndReason,
    },
    server::{
        canonical,
        context::{Actor, RequestContext},
        store::{
            audit::{self, Entry},
            users,
        },
    },
};

/// # Errors
/// `invalid` (`display_name`), `signed_out` where the account is locked or gone, `unavailable`.
pub async fn update_account(cx: &RequestContext, actor: &Actor, display_name: &str) -> ApiResult<()> {
    let name = canonical::display_name(display_name).ok_or_else(|| ApiError::invalid("display_name", "too_long"))?;
    if name.is_empty() {
        return Err(ApiError::invalid("display_name", "empty"));
    }
    let id = actor.claims().sub.clone();
    let entry = Entry { target: Some(id.clone()), ..cx.audit(Event::AccountUpdate, Outcome::Done) };
    let standing = cx.state.db.write(move |tx| {
        Box::pin(async move {
            // Only a change is written down. Names stay out of the log: it outlives the account.
            if users::rename(tx, &id, &name).await? {
                audit::append(tx, &entry).await?;
            }
            users::find(tx.read(), &id).await
        })
    });
    match standing.await? {
        Some(user) if user.locked_at.is_none() => {
            // What this node remembers of the person's sessions says the former name.
            cx.state.facts.retain(|_, facts| facts.email != user.email);
            cx.state.known.retain(|_, known| known.user.id != user.id);
            Ok(())
        }
        _ => Err(ApiError::SignedOut { reason: EndReason::Locked }),
    }
}
