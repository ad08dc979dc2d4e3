//! Registration: a new account, signed in at once.

use crate::{
    api::{ApiError, ApiResult},
    domain::{audit::Event, role::Role, throttle::Scope},
    server::{
        canonical,
        config::Registration,
        context::RequestContext,
        flow::{
            create_user::NewUser,
            password_check, presented,
            sign_in::{self, NewSession},
            throttling::Quota,
            tokens,
        },
        secret::Password,
        store::{StoreError, audit, users},
    },
};

/// # Errors
/// `forbidden` when closed, `invalid` (`email`, `display_name`, `password`), `conflict`, `throttled`, `unavailable`.
pub async fn register(
    cx: &RequestContext,
    email: &str,
    password: Password,
    display_name: &str,
) -> ApiResult<NewSession> {
    if cx.state.config.registration == Registration::Closed {
        return Err(ApiError::Forbidden);
    }
    let email = canonical::email(email).ok_or_else(|| ApiError::invalid("email", "not_an_address"))?;
    let display_name =
        canonical::display_name(display_name).ok_or_else(|| ApiError::invalid("display_name", "too_long"))?;
    let display_name = if display_name.is_empty() { email.local().to_owned() } else { display_name };
    password_check::check(&cx.state.config, &email, &display_name, &password)?;
    let quota = Quota { scope: Scope::Address, name: format!("register {}", cx.address) };
    quota.check(&cx.state.db, cx.now).await?;
    let new = NewUser { email, display_name, role: Role::User, password };
    let user = new.row(&cx.state, cx.now);
    let hash = cx.state.hasher.hash(new.password).await?;
    let session = sign_in::new_session(cx, &user, false);
    let (cloned, row, begun) = (cx.clone(), user.clone(), session.clone());
    let made: ApiResult<()> = cx
        .state
        .db
        .write(move |tx| {
            Box::pin(async move {
                quota.count(tx, cloned.now).await?;
                match users::insert(tx, &row, &hash).await {
                    // Counted all the same, so that asking after addresses has a price.
                    Err(StoreError::Conflict) => return Ok(Err(ApiError::conflict())),
                    other => other?,
                }
                let replaced = presented::end(&cloned, tx).await?;
                sign_in::record(&cloned, tx, &begun).await?;
                audit::append(tx, &sign_in::signed_in(&cloned, Event::Register, (&begun, &replaced))).await?;
                Ok(Ok(()))
            })
        })
        .await?;
    made?;
    tokens::issue(cx, &session, &user)?;
    cx.state.sights.note(&user.id, cx.now);
    Ok(NewSession { user_id: user.id, session_id: session.id })
}
