//! How rows of `sessions` end, and what their people are told of it.

use std::time::Duration;

use super::{On, StoreResult, Tx, sql, user_id};
use crate::domain::{
    ids::{SessionId, UserId},
    session::EndReason,
    time::Timestamp,
};

/// What has been over for so long is over by any clock.
const LONG_OVER: Duration = Duration::from_secs(24 * 60 * 60);

/// An end that somebody makes.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    pub reason: EndReason,
    /// What the one who ends it has the person told.
    pub message: Option<&'a str>,
    pub at: Timestamp,
}

/// Ends a session that nobody has ended yet; whether this call did it.
///
/// # Errors
/// When the row can't be written.
pub async fn end(tx: &mut Tx, id: &SessionId, reason: EndReason, now: Timestamp) -> StoreResult<bool> {
    end_as(tx, id, Ending { reason, message: None, at: now }).await
}

/// # Errors
/// When the row can't be written.
pub async fn end_as(tx: &mut Tx, id: &SessionId, ending: Ending<'_>) -> StoreResult<bool> {
    let ended: Option<(String,)> = sql!(
        tx.on(),
        fetch_optional,
        "UPDATE sessions SET ended_at = $1, end_reason = $2, due_at = $4, end_message = $5
         WHERE id = $3 AND ended_at IS NULL RETURNING user_id",
        ending.at.0,
        ending.reason.as_str(),
        id.as_str(),
        Timestamp::NEVER.0,
        ending.message
    )?;
    let Some((user,)) = ended else { return Ok(false) };
    tx.changed(&user_id(&user, "sessions")?);
    Ok(true)
}

/// Ends all sessions of a user that nobody has ended yet, but for `except`; how many of them were live by the clock of who
/// ends them. That clock decides nothing else: what it takes to be over may be live by another's. What has been over for a
/// day by any clock keeps the reason it has, and is dead by its user's version all the same.
///
/// # Errors
/// When the rows can't be written.
pub async fn end_all(
    tx: &mut Tx,
    user: &UserId,
    except: Option<&SessionId>,
    reason: EndReason,
    now: Timestamp,
) -> StoreResult<u64> {
    end_all_as(tx, user, except, Ending { reason, message: None, at: now }).await
}

/// # Errors
/// When the rows can't be written.
pub async fn end_all_as(
    tx: &mut Tx,
    user: &UserId,
    except: Option<&SessionId>,
    ending: Ending<'_>,
) -> StoreResult<u64> {
    let ended: Vec<(i64, i64, i64)> = sql!(
        tx.on(),
        fetch_all,
        "UPDATE sessions SET ended_at = $1, end_reason = $2, due_at = $5, end_message = $6
         WHERE user_id = $3 AND id <> $4 AND ended_at IS NULL
           AND expires_at > $7 AND idle_end_at > $7 AND absolute_end_at > $7
         RETURNING expires_at, idle_end_at, absolute_end_at",
        ending.at.0,
        ending.reason.as_str(),
        user.as_str(),
        except.map_or("", SessionId::as_str),
        Timestamp::NEVER.0,
        ending.message,
        ending.at.minus(LONG_OVER).0
    )?;
    tx.changed(user);
    let live = |(expires, idle, absolute): &&(i64, i64, i64)| ending.at.0 < *expires.min(idle).min(absolute);
    Ok(ended.iter().filter(live).count() as u64)
}

/// Why somebody ended a session, and what they have its person told; `None` if nobody did.
///
/// # Errors
/// When the database can't be read.
pub async fn end_notice(db: On<'_>, id: &SessionId) -> StoreResult<Option<(EndReason, Option<String>)>> {
    let row: Option<(String, Option<String>)> = sql!(
        db,
        fetch_optional,
        "SELECT end_reason, end_message FROM sessions WHERE id = $1 AND ended_at IS NOT NULL",
        id.as_str()
    )?;
    Ok(row.and_then(|(reason, message)| Some((EndReason::of_row(&reason)?.told(), message))))
}
