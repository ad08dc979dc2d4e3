//! Which sessions are live, known without looking at all of them: column `due_at` of table `sessions`.
//!
//! A session is looked at when the end it had when last looked at has come. If that has moved meanwhile, by acts and
//! renewals, it is looked at again then; if not, it is over. So each costs one look in its idle time or its life, acts write
//! nothing for it, and what is yet to be looked at are the live ones and those that died since the last look.

use super::{On, StoreResult, Tx, sql};
use crate::domain::time::Timestamp;

/// Looks at no more than `most` sessions that are due at `now`; how many were.
///
/// # Errors
/// When the rows can't be written.
pub async fn look(tx: &mut Tx, now: Timestamp, most: u32) -> StoreResult<u64> {
    // Judged by the row as it is when it is written: on PostgreSQL an act may come in between.
    sql!(
        tx.on(),
        execute,
        "UPDATE sessions SET due_at = CASE
           WHEN ended_at IS NOT NULL OR expires_at <= $1 OR idle_end_at <= $1 OR absolute_end_at <= $1 THEN $2
           WHEN idle_end_at < expires_at AND idle_end_at < absolute_end_at THEN idle_end_at
           WHEN expires_at < absolute_end_at THEN expires_at
           ELSE absolute_end_at END
         WHERE due_at <= $1 AND id IN (SELECT id FROM sessions WHERE due_at <= $1 ORDER BY due_at LIMIT $3)",
        now.0,
        Timestamp::NEVER.0,
        i64::from(most)
    )
}

/// How many are not over, as far as has been looked.
///
/// # Errors
/// When the database can't be read.
pub async fn live(db: On<'_>) -> StoreResult<i64> {
    let (live,): (i64,) = sql!(db, fetch_one, "SELECT COUNT(*) FROM sessions WHERE due_at < $1", Timestamp::NEVER.0)?;
    Ok(live)
}
