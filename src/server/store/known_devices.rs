//! Table `known_devices`: which browsers have signed in to which account before, by the hash of their cookie.

use super::{On, StoreResult, Tx, sql};
use crate::domain::{ids::UserId, time::Timestamp};

/// # Errors
/// When the database can't be read.
pub async fn is_known(db: On<'_>, device_hash: &str, user: &UserId) -> StoreResult<bool> {
    let row: Option<(i64,)> = sql!(
        db,
        fetch_optional,
        "SELECT seen_at FROM known_devices WHERE device_hash = $1 AND user_id = $2",
        device_hash,
        user.as_str()
    )?;
    Ok(row.is_some())
}

/// # Errors
/// When the row can't be written.
pub async fn remember(tx: &mut Tx, device_hash: &str, user: &UserId, now: Timestamp) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO known_devices (device_hash, user_id, seen_at) VALUES ($1, $2, $3)
         ON CONFLICT (device_hash, user_id) DO UPDATE SET seen_at = excluded.seen_at",
        device_hash,
        user.as_str(),
        now.0
    )?;
    Ok(())
}

/// No browser is known to a user any more.
///
/// # Errors
/// When the rows can't be deleted.
pub async fn forget_all(tx: &mut Tx, user: &UserId) -> StoreResult<()> {
    sql!(tx.on(), execute, "DELETE FROM known_devices WHERE user_id = $1", user.as_str()).map(drop)
}
