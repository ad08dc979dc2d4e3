//! Someone who is signed in proves their password again: at the cost of a sign-in, under a counter of their session, so that
//! they wait for their own failures and for nobody else's. A failure is written down under the act that it was asked for.

use crate::{
    api::{ApiError, ApiResult},
    domain::{
        audit::{Event, Outcome},
        email::Email,
        session::EndReason,
    },
    server::{
        canonical,
        context::{Actor, RequestContext},
        crypto::password_hash::Match,
        flow::throttling::{Counters, Reserved},
        secret::Password,
        store::{
            audit::Entry,
            users::{self, User, WithPassword},
        },
    },
};

/// What was proved.
pub struct Proved {
    pub user: User,
    pub email: Email,
    /// The hash that the password was compared with.
    pub stored: String,
    /// Forgiven in the transaction of what was asked for.
    pub reserved: Reserved,
}

/// # Errors
/// `invalid_credentials`, `throttled`, `signed_out` where the account is gone, `unavailable`.
pub async fn prove(cx: &RequestContext, actor: &Actor, password: Password, event: Event) -> ApiResult<Proved> {
    let gone = ApiError::SignedOut { reason: EndReason::Locked };
    let user = users::find(cx.state.db.read(), &actor.claims().sub).await?.ok_or(gone.clone())?;
    let email = canonical::email(&user.email).ok_or(gone.clone())?;
    let WithPassword { user, password_hash: stored } =
        users::find_with_password(cx.state.db.read(), &email).await?.ok_or(gone)?;
    let reserved = Counters::of_session(&user.id, &actor.claims().sid).reserve(cx).await?;
    let (matched, _) = reserved.verify(password, Some(&stored)).await?;
    if matched == Match::No {
        return reserved.refuse(cx, Entry { target: Some(user.id), ..cx.audit(event, Outcome::Refused) }).await;
    }
    Ok(Proved { user, email, stored, reserved })
}
