//! One act on several accounts: in one transaction, with an audit row for each, as if they were done one after the other.
//! Where that ends many sessions it is done in parts, so that nobody else's write waits for all of them: a part is whole, and
//! after a failure the act can be repeated.
//!
//! Who can't be acted on is named with the reason, and keeps nobody else waiting. Accounts are taken in the order of their
//! ids, so that two such acts never wait for each other.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;

use crate::{
    api::{
        ApiError, ApiResult,
        bulk::{BulkDone, Chosen, ChosenUser, Ids, MOST, NotDone, Why},
        devices::Ended,
    },
    domain::{
        account_act::AccountAct,
        audit::{Event, Outcome},
        device_limit::MOST as MOST_SESSIONS,
        ids::UserId,
        role::Action,
    },
    server::{
        context::{Actor, RequestContext},
        flow::{
            accounts::{self, By, Change},
            audit_log::allow,
            devices,
            kick::{self, Along},
            tokens,
        },
        node::nodes,
        store::{StoreResult, Tx, users},
    },
};

/// Sessions that end in one transaction: as many as one person may have.
const PART: u64 = MOST_SESSIONS as u64;

/// Those of them that there are, which may be none.
///
/// # Errors
/// `forbidden`, `invalid` (`user_ids`), `unavailable`.
pub async fn chosen(cx: &RequestContext, actor: &Actor, ids: &Ids) -> ApiResult<Chosen> {
    allow(cx, actor, Action::ViewUsers).await?;
    let mut chosen = Vec::new();
    let named = if ids.0.is_empty() { BTreeSet::new() } else { named(ids)? };
    for id in named.iter().filter_map(|id| UserId::parse(id)) {
        let Some(user) = users::find(cx.state.db.read(), &id).await? else { continue };
        chosen.push(ChosenUser {
            id: id.to_string(),
            email: user.email,
            display_name: user.display_name,
            role: user.role,
            locked: user.locked_at.is_some(),
        });
    }
    chosen.sort_by(|one, other| one.email.cmp(&other.email));
    Ok(Chosen { users: chosen, manageable: actor.claims().role.may(Action::ManageAccounts) })
}

/// Ends all sessions of each.
///
/// # Errors
/// `forbidden`, `invalid` (`user_ids`), `conflict` where no sessions are kept, `unavailable`.
pub async fn kick(cx: &RequestContext, actor: &Actor, ids: &Ids) -> ApiResult<BulkDone> {
    allow(cx, actor, Action::KickSessions).await?;
    devices::must_be_kept(cx)?;
    let began = cx.state.clock.uptime();
    let mut act = Act { left: named(ids)?, done: BulkDone::default() };
    while !act.left.is_empty() {
        let cloned = cx.clone();
        act = cx.state.db.write(move |tx| Box::pin(async move { kick_some(&cloned, tx, act).await })).await?;
    }
    Ok(told(cx, act.done, began).await)
}

/// How far an act has come.
struct Act {
    left: BTreeSet<String>,
    done: BulkDone,
}

impl Act {
    /// The next one, unless this part has ended enough since `before`.
    fn next(&mut self, before: u64) -> Option<String> {
        if self.done.ended - before >= PART { None } else { self.left.pop_first() }
    }
}

async fn kick_some(cx: &RequestContext, tx: &mut Tx, mut act: Act) -> StoreResult<Act> {
    let before = act.done.ended;
    while let Some(id) = act.next(before) {
        let ended = match UserId::parse(&id) {
            Some(user) => kick::kick_user(cx, tx, user, &Along::default()).await?,
            None => None,
        };
        count(&mut act.done, id, ended.ok_or(Why::NotFound));
    }
    Ok(act)
}

/// Locks each.
///
/// # Errors
/// `forbidden`, `step_up_required`, `invalid` (`user_ids`), `unavailable`.
pub async fn lock(cx: &RequestContext, actor: &Actor, ids: &Ids) -> ApiResult<BulkDone> {
    allow(cx, actor, Action::ManageAccounts).await?;
    let began = cx.state.clock.uptime();
    let mut act = Act { left: named(ids)?, done: BulkDone::default() };
    while !act.left.is_empty() {
        let (cloned, admin) = (cx.clone(), actor.claims().sub.clone());
        let part = cx.state.db.write(move |tx| {
            Box::pin(async move {
                if !accounts::may_manage(tx, Some(&admin)).await? {
                    return Ok(None);
                }
                lock_some(&cloned, tx, act).await.map(Some)
            })
        });
        act = part.await?.ok_or(ApiError::Forbidden)?;
    }
    Ok(told(cx, act.done, began).await)
}

async fn lock_some(cx: &RequestContext, tx: &mut Tx, mut act: Act) -> StoreResult<Act> {
    let before = act.done.ended;
    while let Some(id) = act.next(before) {
        let change = match UserId::parse(&id) {
            Some(user) => {
                let entry = cx.audit(Event::UserLock, Outcome::Done);
                let by = By { entry, detail: json!({}), last_end: tokens::last_end(cx) };
                accounts::change_next(tx, by, &user, AccountAct::Lock).await?
            }
            None => Change::NoUser,
        };
        let outcome = match change {
            Change::Done { ended } => Ok(ended),
            Change::AlreadySo => Err(Why::Unchanged),
            Change::Oneself => Err(Why::Oneself),
            Change::LastAdmin => Err(Why::LastAdmin),
            Change::NoUser | Change::NotAllowed => Err(Why::NotFound),
        };
        count(&mut act.done, id, outcome);
    }
    Ok(act)
}

/// Those who are meant, each once.
fn named(ids: &Ids) -> ApiResult<BTreeSet<String>> {
    match ids.0.len() {
        0 => Err(ApiError::invalid("user_ids", "empty")),
        1..=MOST => Ok(ids.0.iter().cloned().collect()),
        _ => Err(ApiError::invalid("user_ids", "too_many")),
    }
}

fn count(all: &mut BulkDone, user_id: String, outcome: Result<u64, Why>) {
    match outcome {
        Ok(ended) => {
            all.done += 1;
            all.ended += ended;
        }
        Err(why) => all.others.push(NotDone { user_id, why }),
    }
}

/// Once every node has heard of it, or some could not be waited for.
async fn told(cx: &RequestContext, done: BulkDone, began: Duration) -> BulkDone {
    let Ended { ended, everywhere, behind, took_ms } = nodes::ended(&cx.state, done.ended, began).await;
    BulkDone { ended, everywhere, behind, took_ms, ..done }
}
