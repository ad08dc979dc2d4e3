//! Table `alarms`: a credential came twice, and nobody has said yet what that was.

use sqlx::FromRow;

use super::{On, StoreResult, Tx, sql};
use crate::domain::{
    alarm::{AlarmKind, Answer, Evidence},
    ids::{SessionId, UserId},
    time::Timestamp,
};

pub struct New<'a> {
    pub id: &'a str,
    pub user: &'a UserId,
    pub session: &'a SessionId,
    pub kind: AlarmKind,
    pub at: Timestamp,
    pub evidence: &'a Evidence,
}

/// An alarm that is open, or how it was answered.
#[derive(Debug, FromRow)]
pub struct Row {
    pub id: String,
    pub user_id: String,
    pub session_id: String,
    pub kind: String,
    pub at: i64,
    /// [`Evidence`] as JSON text.
    pub evidence: String,
    pub answered_at: Option<i64>,
    pub answer: Option<String>,
    /// E-mail of the user.
    pub email: String,
    pub display_name: String,
}

/// # Errors
/// When the row can't be written.
pub async fn insert(tx: &mut Tx, alarm: &New<'_>) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO alarms (id, user_id, session_id, kind, at, evidence) VALUES ($1, $2, $3, $4, $5, $6)",
        alarm.id,
        alarm.user.as_str(),
        alarm.session.as_str(),
        alarm.kind.as_str(),
        alarm.at.0,
        alarm.evidence.to_text()
    )?;
    tx.changed(alarm.user);
    Ok(())
}

/// Which alarms are listed; the empty id is of all users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Open,
    All,
}

/// The newest alarms of a user.
///
/// # Errors
/// When the database can't be read.
pub async fn list(db: On<'_>, user: &UserId, which: Which, limit: i64) -> StoreResult<Vec<Row>> {
    sql!(
        db,
        fetch_all,
        "SELECT alarm.id, alarm.user_id, alarm.session_id, alarm.kind, alarm.at, alarm.evidence, alarm.answered_at,
           alarm.answer, owner.email, owner.display_name
         FROM alarms alarm JOIN users owner ON owner.id = alarm.user_id
         WHERE alarm.user_id = $1 AND ($2 OR alarm.answered_at IS NULL) ORDER BY alarm.id DESC LIMIT $3",
        user.as_str(),
        which == Which::All,
        limit
    )
}

/// The newest open alarms of anybody.
///
/// # Errors
/// When the database can't be read.
pub async fn list_open(db: On<'_>, limit: i64) -> StoreResult<Vec<Row>> {
    sql!(
        db,
        fetch_all,
        "SELECT alarm.id, alarm.user_id, alarm.session_id, alarm.kind, alarm.at, alarm.evidence, alarm.answered_at,
           alarm.answer, owner.email, owner.display_name
         FROM alarms alarm JOIN users owner ON owner.id = alarm.user_id
         WHERE alarm.answered_at IS NULL ORDER BY alarm.id DESC LIMIT $1",
        limit
    )
}

/// How many alarms are open, `most` at most: what is looked at often must not grow with a neglected list.
///
/// # Errors
/// When the database can't be read.
pub async fn count_open(db: On<'_>, most: i64) -> StoreResult<i64> {
    let (count,): (i64,) = sql!(
        db,
        fetch_one,
        "SELECT COUNT(*) FROM (SELECT id FROM alarms WHERE answered_at IS NULL LIMIT $1) waiting",
        most
    )?;
    Ok(count)
}

/// Whose an open alarm is.
///
/// # Errors
/// When the database can't be read.
pub async fn owner(db: On<'_>, id: &str) -> StoreResult<Option<UserId>> {
    let row: Option<(String,)> =
        sql!(db, fetch_optional, "SELECT user_id FROM alarms WHERE id = $1 AND answered_at IS NULL", id)?;
    row.map(|(user,)| super::user_id(&user, "alarms")).transpose()
}

/// An answer, and who gives it; `None` is the machine's operator.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    pub answer: Answer,
    pub by: Option<&'a UserId>,
    pub at: Timestamp,
}

/// Closes an open alarm and gives whose it is: of several answers at once one counts. `owner` is whose it must be.
///
/// # Errors
/// When the row can't be written.
pub async fn answer(
    tx: &mut Tx,
    id: &str,
    owner: Option<&UserId>,
    answered: Answered<'_>,
) -> StoreResult<Option<UserId>> {
    let closed: Option<(String,)> = sql!(
        tx.on(),
        fetch_optional,
        "UPDATE alarms SET answered_at = $1, answer = $2, answered_by = $3
         WHERE id = $4 AND answered_at IS NULL AND ($5 = '' OR user_id = $5) RETURNING user_id",
        answered.at.0,
        answered.answer.as_str(),
        answered.by.map(UserId::as_str),
        id,
        owner.map_or("", UserId::as_str)
    )?;
    let Some((user,)) = closed else { return Ok(None) };
    let user = super::user_id(&user, "alarms")?;
    tx.changed(&user);
    Ok(Some(user))
}

/// Closes what alarms of a user are open; how many there were.
///
/// # Errors
/// When the rows can't be written.
pub async fn answer_all(tx: &mut Tx, user: &UserId, answered: Answered<'_>) -> StoreResult<u64> {
    let closed = sql!(
        tx.on(),
        execute,
        "UPDATE alarms SET answered_at = $1, answer = $2, answered_by = $3 WHERE user_id = $4 AND answered_at IS NULL",
        answered.at.0,
        answered.answer.as_str(),
        answered.by.map(UserId::as_str),
        user.as_str()
    )?;
    if closed > 0 {
        tx.changed(user);
    }
    Ok(closed)
}
