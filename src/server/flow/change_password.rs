//! Changing the own password: proves the current one, and ends every other session in the same transaction.

use crate::{
    api::{ApiError, ApiResult, devices::Ended},
    domain::{
        audit::{Event, Outcome},
        session::EndReason,
    },
    server::{
        context::{Actor, RequestContext},
        flow::{
            devices,
            own_password::{self, Proved},
            password_check::NewPassword,
        },
        node::nodes,
        secret::Password,
        store::{
            audit::{self, Entry},
            password_due,
        },
    },
};

/// # Errors
/// `invalid_credentials`, `invalid` (`new_password`), `throttled`, `signed_out`, `unavailable`.
pub async fn change_password(cx: &RequestContext, actor: &Actor, current: Password, new: Password) -> ApiResult<Ended> {
    let began = cx.state.clock.uptime();
    let same = current.expose() == new.expose();
    let Proved { user, email, stored, reserved } =
        own_password::prove(cx, actor, current, Event::PasswordChange).await?;
    let judged = NewPassword { email: &email, display_name: &user.display_name, field: "new_password" };
    judged.glance(&cx.state.config, &new)?;
    if same {
        return Err(ApiError::invalid("new_password", "same"));
    }
    let new = judged.judge(&cx.state.config, new, &reserved).await?;
    let hash = reserved.hash(new).await?;
    let cloned = cx.clone();
    let claims = actor.claims().clone();
    let outcome = cx
        .state
        .db
        .write(move |tx| {
            Box::pin(async move {
                reserved.forgive(tx).await?;
                if !password_due::change(tx, &claims.sub, &stored, &hash).await? {
                    // Changed by someone else in between: what was proved is no longer the password.
                    return Ok(Err(ApiError::InvalidCredentials));
                }
                match devices::end_others(&cloned, tx, &claims, EndReason::Password).await? {
                    Ok((ended, own)) => {
                        let entry =
                            Entry { target: Some(claims.sub), ..cloned.audit(Event::PasswordChange, Outcome::Done) };
                        audit::append(tx, &entry).await?;
                        Ok(Ok((ended, own)))
                    }
                    Err(_) => Err(crate::server::store::StoreError::NotWritten),
                }
            })
        })
        .await?;
    let (ended, own) = outcome?;
    own.issue(cx)?;
    Ok(nodes::ended(&cx.state, ended, began).await)
}
