//! A sign-in that waits for another password: an admin requires one, or the person said that somebody else used their
//! session. No session begins, and no token is made, before there is one; what waits is `waiting.rs`.

use tower_sessions::session::Id;

use crate::{
    api::{ApiError, ApiResult, auth::WaitingForPassword},
    domain::{
        activity::Kind,
        audit::{Event, Outcome},
        revocation::{Revocation, Subject},
        session::EndReason,
    },
    server::{
        canonical,
        context::RequestContext,
        crypto::password_hash::Match,
        flow::{
            choose, database, device_limit,
            password_check::NewPassword,
            sign_in::{self, NewSession, Wishes},
            throttling::{Counters, Reserved},
            tokens,
            waiting::{self, GONE, Waiting},
        },
        secret::Password,
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            password_due,
            sessions::Session,
            users::{self, User},
            web_sessions,
        },
    },
};

/// Under this name the record holds a [`Waiting`].
const WAITING: &str = "new_password";

/// Keeps a sign-in whose password was right; what its caller is told.
pub async fn wait(cx: &RequestContext, user: &User, wishes: Wishes) -> ApiError {
    waiting::keep(cx, WAITING, user, wishes).await.map_or_else(|error| error, |()| ApiError::PasswordChangeRequired)
}

/// Whose sign-in waits.
///
/// # Errors
/// `signed_out` when none does, `unavailable`.
pub async fn waiting(cx: &RequestContext) -> ApiResult<WaitingForPassword> {
    let (user, _) = waiting::read(cx, WAITING).await?;
    Ok(WaitingForPassword { email: user.email })
}

/// Takes the new password and lets the waiting sign-in go on with it. Gives the new session and where it was to lead.
///
/// # Errors
/// `signed_out` when none waits, `invalid` (`new_password`), `limit`, `throttled`, `unavailable`.
pub async fn choose(cx: &RequestContext, new: Password) -> ApiResult<(NewSession, String)> {
    let id = database::presented(cx).ok_or(GONE)?;
    let (user, _) = waiting::read(cx, WAITING).await?;
    let email = canonical::email(&user.email).ok_or(GONE)?;
    let judged = NewPassword { email: &email, display_name: &user.display_name, field: "new_password" };
    judged.glance(&cx.state.config, &new)?;
    let former = password_due::hash_of(cx.state.db.read(), &user.id).await?.ok_or(GONE)?;
    let reserved = Counters::of_waiting(&user.id, &id.to_string()).reserve(cx).await?;
    let new = judged.judge(&cx.state.config, new, &reserved).await?;
    let (matched, new) = reserved.verify(new, Some(&former)).await?;
    if matched != Match::No {
        // Unless another who waited was faster, and made it the password.
        waiting::read(cx, WAITING).await?;
        return Err(ApiError::invalid("new_password", "same"));
    }
    let hash = reserved.hash(new).await?;
    let cloned = cx.clone();
    let change = Change { id, former, hash, reserved };
    let changed = cx.state.db.write(move |tx| Box::pin(async move { transact(&cloned, tx, &change).await })).await?;
    match changed? {
        Begun { user, wishes, session: Some(session) } => {
            tokens::issue(cx, &session, &user)?;
            cx.state.tally.count(Kind::SignIns, cx.now);
            cx.state.sights.note(&user.id, cx.now);
            Ok((NewSession { user_id: user.id, session_id: session.id }, wishes.return_to))
        }
        // The password is another now; the sign-in waits for a place instead.
        Begun { user, wishes, session: None } => Err(choose::wait(cx, &user, wishes).await),
    }
}

struct Change {
    id: Id,
    /// The hash of the password that was proved to begin with.
    former: String,
    hash: String,
    reserved: Reserved,
}

struct Begun {
    user: User,
    wishes: Wishes,
    /// `None` where there is no place for one yet.
    session: Option<Session>,
}

/// Counters apart, taking the record comes first: of several at once one goes on.
async fn transact(cx: &RequestContext, tx: &mut Tx, change: &Change) -> StoreResult<ApiResult<Begun>> {
    change.reserved.forgive(tx).await?;
    let Some(record) = web_sessions::take(tx, &change.id, cx.now).await? else { return Ok(Err(GONE)) };
    let Some(waiting) = Waiting::of(&record, WAITING) else {
        web_sessions::insert(tx, &record).await?;
        return Ok(Err(GONE));
    };
    if !users::hold(tx, &waiting.user_id, waiting.user_version).await?
        || !password_due::change(tx, &waiting.user_id, &change.former, &change.hash).await?
    {
        return Ok(Err(GONE));
    }
    let Some(user) = end_former(cx, tx, &waiting).await? else { return Ok(Err(GONE)) };
    let wishes = Wishes { remembered: waiting.remembered, return_to: waiting.return_to };
    let session = sign_in::new_session(cx, &user, wishes.remembered);
    Ok(match device_limit::begin(cx, tx, &user, &session).await? {
        Ok(()) => Ok(Begun { user, wishes, session: Some(session) }),
        Err(ApiError::Limit { choose: true }) => Ok(Begun { user, wishes, session: None }),
        Err(refused) => Err(refused),
    })
}

/// Whatever was minted or waits under the former password is worth nothing. Gives the user as they are then.
async fn end_former(cx: &RequestContext, tx: &mut Tx, waiting: &Waiting) -> StoreResult<Option<User>> {
    let id = &waiting.user_id;
    let Some(below) = users::end_versions(tx, id, EndReason::Password).await? else { return Ok(None) };
    let subject = Subject::User { user: id.clone(), below, except: None };
    tx.revoke(Revocation { subject, reason: EndReason::Password, until: tokens::last_end(cx) });
    let detail = Some(serde_json::json!({ "required": true }).to_string());
    let entry = cx.audit(Event::PasswordChange, Outcome::Done);
    audit::append(tx, &Entry { actor: Some(id.clone()), target: Some(id.clone()), detail, ..entry }).await?;
    users::find(tx.read(), id).await
}
