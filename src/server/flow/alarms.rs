//! Alarms: a credential came twice, the evidence of both uses is kept, and somebody says what it was.
//!
//! "It wasn't me" is believed at once, whoever says it: everything of that person ends, this session too, since it may be
//! the thief's; browsers that were known are known no more, and the next sign-in takes the password and then another one.

use crate::{
    api::{
        ApiError, ApiResult,
        alarms::{Alarm, AlarmAnswered, Used},
    },
    domain::{
        alarm::{AlarmKind, Answer, Evidence, Use},
        audit::{Event, Outcome},
        ids::UserId,
        revocation::{Revocation, Subject},
        role::Action,
        session::EndReason,
    },
    server::{
        context::{Actor, RequestContext},
        device,
        flow::{audit_log::allow, tokens},
        http::cookies::Name,
        store::{
            Db, StoreResult, Tx,
            alarms::{self, Answered, New, Row, Which},
            audit::{self, Entry},
            known_devices, password_due,
            sessions::{self, Session},
            users,
        },
    },
};

const SHOWN: i64 = 20;

/// Raises an alarm in the transaction that found its cause. The session is as it was before this request.
///
/// # Errors
/// When the row can't be written.
pub async fn raise(cx: &RequestContext, tx: &mut Tx, session: &Session, kind: AlarmKind) -> StoreResult<()> {
    let (address, user_agent) = (session.address.clone(), session.user_agent.clone());
    let evidence = Evidence {
        first: Use { at: session.chain.rotated_at.0, address, user_agent },
        second: Use { at: cx.now.0, address: cx.address.to_string(), user_agent: cx.user_agent() },
    };
    let id = cx.state.rng.uuid(cx.now);
    let alarm = New { id: &id, user: &session.user_id, session: &session.id, kind, at: cx.now, evidence: &evidence };
    alarms::insert(tx, &alarm).await
}

/// The open alarms of the caller.
///
/// # Errors
/// `unavailable`.
pub async fn own(cx: &RequestContext, actor: &Actor) -> ApiResult<Vec<Alarm>> {
    let rows = alarms::list(cx.state.db.read(), &actor.claims().sub, Which::Open, SHOWN).await?;
    Ok(rows.into_iter().filter_map(|row| shown(row, false)).collect())
}

/// The alarms of a user for the desk, answered ones too.
///
/// # Errors
/// When the database can't be read.
pub async fn of_user(db: &Db, user: &UserId) -> StoreResult<Vec<Alarm>> {
    let rows = alarms::list(db.read(), user, Which::All, SHOWN).await?;
    Ok(rows.into_iter().filter_map(|row| shown(row, true)).collect())
}

/// An alarm as it is told; how a browser named itself is for the desk only.
fn shown(row: Row, to_desk: bool) -> Option<Alarm> {
    let Evidence { first, second } = Evidence::parse(&row.evidence)?;
    let used = |used: Use| Used {
        at: used.at,
        address: used.address,
        label: device::label(&used.user_agent),
        user_agent: to_desk.then_some(used.user_agent),
    };
    Some(Alarm {
        kind: AlarmKind::parse(&row.kind)?,
        id: row.id,
        session_id: row.session_id,
        at: row.at,
        first: used(first),
        second: used(second),
        answered_at: row.answered_at,
        answer: row.answer.as_deref().and_then(Answer::parse),
    })
}

/// The caller says what it was.
///
/// # Errors
/// `invalid` (`answer`), `not_found` for an alarm of someone else as for one that is answered, `unavailable`.
pub async fn answer(cx: &RequestContext, actor: &Actor, alarm_id: &str, answer: &str) -> ApiResult<AlarmAnswered> {
    let answer = Answer::parse_own(answer).ok_or_else(|| ApiError::invalid("answer", "unknown"))?;
    let id = UserId::parse(alarm_id).ok_or(ApiError::NotFound)?.to_string();
    let (cloned, owner) = (cx.clone(), actor.claims().sub.clone());
    let given = Given { id, owner, answer };
    let ended = cx.state.db.write(move |tx| Box::pin(async move { transact(&cloned, tx, &given).await })).await?;
    let ended = ended.ok_or(ApiError::NotFound)?;
    if answer == Answer::NotMine {
        for name in [Name::Access, Name::Refresh, Name::Session] {
            cx.reply.clear(name);
        }
    }
    Ok(AlarmAnswered { ended, signed_out: answer == Answer::NotMine })
}

struct Given {
    id: String,
    owner: UserId,
    answer: Answer,
}

async fn transact(cx: &RequestContext, tx: &mut Tx, given: &Given) -> StoreResult<Option<u64>> {
    let Given { id, owner, answer } = given;
    // First, as in every transaction on a user and their sessions.
    if !users::hold_any(tx, owner).await? {
        return Ok(None);
    }
    let answered = Answered { answer: *answer, by: Some(owner), at: cx.now };
    if alarms::answer(tx, id, Some(owner), answered).await?.is_none() {
        return Ok(None);
    }
    let ended = match answer {
        Answer::NotMine => {
            alarms::answer_all(tx, owner, answered).await?;
            end_everything(cx, tx, owner).await?
        }
        Answer::Mine | Answer::Admin => 0,
    };
    let detail = serde_json::json!({ "alarm": id, "answer": answer.as_str(), "ended": ended }).to_string();
    let entry = cx.audit(Event::AlarmAnswer, Outcome::Done);
    audit::append(tx, &Entry { target: Some(owner.clone()), detail: Some(detail), ..entry }).await?;
    Ok(Some(ended))
}

async fn end_everything(cx: &RequestContext, tx: &mut Tx, user: &UserId) -> StoreResult<u64> {
    let Some(below) = users::end_versions(tx, user, EndReason::Revoked).await? else { return Ok(0) };
    let ended = sessions::end_all(tx, user, None, EndReason::Revoked, cx.now).await?;
    known_devices::forget_all(tx, user).await?;
    password_due::require(tx, user, cx.now).await?;
    let subject = Subject::User { user: user.clone(), below, except: None };
    tx.revoke(Revocation { subject, reason: EndReason::Revoked, until: tokens::last_end(cx) });
    Ok(ended)
}

/// The desk has dealt with an alarm otherwise.
///
/// # Errors
/// `forbidden`, `not_found` for an alarm that is answered, `unavailable`.
pub async fn close(cx: &RequestContext, actor: &Actor, alarm_id: &str) -> ApiResult<()> {
    allow(cx, actor, Action::KickSessions).await?;
    let id = UserId::parse(alarm_id).ok_or(ApiError::NotFound)?.to_string();
    let entry = cx.audit(Event::AlarmAnswer, Outcome::Done);
    let closed = cx.state.db.write(move |tx| Box::pin(async move { close_in(tx, &id, entry).await }));
    if closed.await? { Ok(()) } else { Err(ApiError::NotFound) }
}

/// Closes an alarm for the desk or the machine's operator; whether this call did it.
///
/// # Errors
/// When the rows can't be written.
pub async fn close_in(tx: &mut Tx, id: &str, entry: Entry) -> StoreResult<bool> {
    let answered = Answered { answer: Answer::Admin, by: entry.actor.as_ref(), at: entry.at };
    let Some(user) = alarms::answer(tx, id, None, answered).await? else { return Ok(false) };
    let mut detail = serde_json::json!({ "alarm": id, "answer": Answer::Admin.as_str() });
    if entry.actor.is_none() {
        detail["by"] = "cli".into();
    }
    audit::append(tx, &Entry { target: Some(user), detail: Some(detail.to_string()), ..entry }).await?;
    Ok(true)
}
