//! Pages through all users, and through all sessions that nobody has ended, for acts on everybody.

use super::{On, StoreResult, session_id, sql, user_id};
use crate::domain::{
    ids::{SessionId, UserId},
    time::Timestamp,
};

/// Users in the order of their ids, from after this one on; from the first for an empty text.
///
/// # Errors
/// When the database can't be read.
pub async fn users(db: On<'_>, after: &str, limit: u32) -> StoreResult<Vec<UserId>> {
    let rows: Vec<(String,)> =
        sql!(db, fetch_all, "SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2", after, i64::from(limit))?;
    rows.iter().map(|(id,)| user_id(id, "users")).collect()
}

/// Sessions that began at `since` or later and that nobody has ended, in the order of their ids, from after this one on.
///
/// # Errors
/// When the database can't be read.
pub async fn sessions(db: On<'_>, since: Timestamp, after: &str, limit: u32) -> StoreResult<Vec<SessionId>> {
    let rows: Vec<(String,)> = sql!(
        db,
        fetch_all,
        "SELECT id FROM sessions WHERE id > $1 AND signed_in_at >= $2 AND ended_at IS NULL ORDER BY id LIMIT $3",
        after,
        since.0,
        i64::from(limit)
    )?;
    rows.iter().map(|(id,)| session_id(id, "sessions")).collect()
}
