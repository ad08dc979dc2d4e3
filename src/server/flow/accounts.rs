//! Lock, unlock, delete an account, or give it another role: one transaction, whoever asks.

use serde_json::{Value, json};

use crate::{
    api::{ApiError, ApiResult, admin::Changed},
    domain::{
        account_act::{Account, AccountAct, Verdict},
        audit::{Event, Outcome},
        ids::UserId,
        revocation::{Revocation, Subject},
        role::{Action, Role},
        session::EndReason,
        time::Timestamp,
    },
    server::{
        context::{Actor, RequestContext},
        flow::{audit_log, kick, tokens},
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            guards::{self, Guard},
            password_due,
            sessions::{self, Ending},
            users::{self, User},
        },
    },
};

/// Who asks, and what is written down of it.
pub struct By {
    /// The audit row, to be filled in. Without an actor it is the machine's operator who asks.
    pub entry: Entry,
    /// Its evidence, to be added to. Of `message` those are told whose sessions end.
    pub detail: Value,
    /// When every token minted up to now has ended.
    pub last_end: Timestamp,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Done, and so many live sessions ended with it.
    Done {
        ended: u64,
    },
    AlreadySo,
    Oneself,
    LastAdmin,
    NoUser,
    /// The one who asks is no longer allowed to.
    NotAllowed,
}

/// # Errors
/// `invalid` (`role`), and those of [`act`].
pub async fn set_role(cx: &RequestContext, actor: &Actor, user_id: &str, role: &str) -> ApiResult<Changed> {
    audit_log::allow(cx, actor, Action::ManageAccounts).await?;
    let role = Role::parse(role).ok_or_else(|| ApiError::invalid("role", "unknown"))?;
    act(cx, actor, user_id, AccountAct::SetRole(role)).await
}

/// # Errors
/// `forbidden`, `not_found`, `conflict` for the last admin and for shutting oneself out, `unavailable`.
pub async fn act(cx: &RequestContext, actor: &Actor, user_id: &str, act: AccountAct) -> ApiResult<Changed> {
    act_saying(cx, actor, user_id, act, "").await
}

/// The same; those whose sessions end by it are told `message`.
///
/// # Errors
/// Those of [`act`], and `invalid` (`message`).
pub async fn act_saying(
    cx: &RequestContext,
    actor: &Actor,
    user_id: &str,
    act: AccountAct,
    message: &str,
) -> ApiResult<Changed> {
    audit_log::allow(cx, actor, Action::ManageAccounts).await?;
    let message = kick::message(message)?;
    let user = UserId::parse(user_id).ok_or(ApiError::NotFound)?;
    let entry = cx.audit(event(act), Outcome::Done);
    let detail = message.map_or_else(|| json!({}), |message| json!({ "message": message }));
    let by = By { entry, detail, last_end: tokens::last_end(cx) };
    let change = cx.state.db.write(move |tx| Box::pin(async move { change(tx, by, &user, act).await })).await?;
    match change {
        Change::Done { ended } => Ok(Changed { changed: true, ended }),
        Change::AlreadySo => Ok(Changed { changed: false, ended: 0 }),
        Change::Oneself | Change::LastAdmin => Err(ApiError::conflict()),
        Change::NoUser => Err(ApiError::NotFound),
        Change::NotAllowed => Err(ApiError::Forbidden),
    }
}

#[must_use]
pub fn event(act: AccountAct) -> Event {
    match act {
        AccountAct::SetRole(_) => Event::RoleChange,
        AccountAct::Lock => Event::UserLock,
        AccountAct::Unlock => Event::UserUnlock,
        AccountAct::RequirePassword => Event::PasswordRequire,
        AccountAct::Delete => Event::UserDelete,
    }
}

/// Acts on an account. Whatever changes who is an admin waits here for its turn, so that two who demote each other
/// leave one, and who was demoted a moment ago changes nothing more.
///
/// # Errors
/// When the rows can't be written.
pub async fn change(tx: &mut Tx, by: By, id: &UserId, act: AccountAct) -> StoreResult<Change> {
    if may_manage(tx, by.entry.actor.as_ref()).await? {
        change_next(tx, by, id, act).await
    } else {
        Ok(Change::NotAllowed)
    }
}

/// Waits for the turn of whoever changes accounts, and says whether the one who asks still may then; nobody is the operator.
///
/// # Errors
/// When the guard can't be held.
pub async fn may_manage(tx: &mut Tx, actor: Option<&UserId>) -> StoreResult<bool> {
    guards::hold(tx, Guard::Admins).await?;
    let Some(actor) = actor else { return Ok(true) };
    Ok(users::find(tx.read(), actor).await?.is_some_and(|actor| manages(&actor)))
}

/// The same for one who was asked already: it is still their turn.
///
/// # Errors
/// When the rows can't be written.
pub async fn change_next(tx: &mut Tx, by: By, id: &UserId, act: AccountAct) -> StoreResult<Change> {
    let Some(user) = users::find(tx.read(), id).await? else { return Ok(Change::NoUser) };
    let account = Account {
        role: user.role,
        locked: user.locked_at.is_some(),
        password_due: password_due::since(tx.read(), id).await?.is_some(),
        own: by.entry.actor.as_ref() == Some(id),
        admins: users::count_admins(tx.read()).await?,
    };
    match act.judge(account) {
        Verdict::Go => carry_out(tx, by, &user, act).await,
        Verdict::AlreadySo => Ok(Change::AlreadySo),
        Verdict::Oneself => Ok(Change::Oneself),
        Verdict::LastAdmin => Ok(Change::LastAdmin),
    }
}

fn manages(actor: &User) -> bool {
    actor.locked_at.is_none() && actor.role.may(Action::ManageAccounts)
}

/// Takes the user's row first, as every transaction on a user and their sessions does.
async fn carry_out(tx: &mut Tx, mut by: By, user: &User, act: AccountAct) -> StoreResult<Change> {
    let ended = match act {
        AccountAct::RequirePassword => {
            let Some(ended) = end_all(tx, &mut by, user, EndReason::Kicked).await? else { return Ok(Change::NoUser) };
            password_due::require(tx, &user.id, by.entry.at).await?;
            ended
        }
        AccountAct::Unlock => {
            users::unlock(tx, &user.id).await?;
            0
        }
        AccountAct::SetRole(role) => {
            let Some(below) = users::raise_version(tx, &user.id).await? else { return Ok(Change::NoUser) };
            users::set_role(tx, &user.id, role).await?;
            (by.detail["from"], by.detail["to"]) = (json!(user.role), json!(role));
            let subject = Subject::Stale { user: user.id.clone(), below };
            tx.revoke(Revocation { subject, reason: EndReason::None, until: by.last_end });
            0
        }
        AccountAct::Lock | AccountAct::Delete => {
            let Some(ended) = end_all(tx, &mut by, user, EndReason::Locked).await? else { return Ok(Change::NoUser) };
            if act == AccountAct::Lock {
                users::lock(tx, &user.id, by.entry.at).await?;
            } else {
                users::delete(tx, &user.id).await?;
            }
            ended
        }
    };
    let detail = Some(by.detail.to_string());
    audit::append(tx, &Entry { target: Some(user.id.clone()), detail, ..by.entry }).await?;
    Ok(Change::Done { ended })
}

/// Ends all sessions of a user, with what they are told; `None` if there is no such user any more.
async fn end_all(tx: &mut Tx, by: &mut By, user: &User, reason: EndReason) -> StoreResult<Option<u64>> {
    let Some(below) = users::end_versions(tx, &user.id, reason).await? else { return Ok(None) };
    let ending = Ending { reason, message: by.detail["message"].as_str(), at: by.entry.at };
    let ended = sessions::end_all_as(tx, &user.id, None, ending).await?;
    by.detail["ended"] = json!(ended);
    let subject = Subject::User { user: user.id.clone(), below, except: None };
    tx.revoke(Revocation { subject, reason, until: by.last_end });
    Ok(Some(ended))
}
