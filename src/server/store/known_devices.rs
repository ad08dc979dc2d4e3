//! Table `known_devices`: which browsers have signed in to which account before, by the hash of their cookie.

use sqlx::SqliteExecutor;

use super::{StoreResult, Tx};
use crate::domain::{ids::UserId, time::Timestamp};

/// # Errors
/// When the database can't be read.
pub async fn is_known(db: impl SqliteExecutor<'_>, device_hash: &str, user: &UserId) -> StoreResult<bool> {
    let row: Option<(i64,)> =
        sqlx::query_as("SELECT seen_at FROM known_devices WHERE device_hash = $1 AND user_id = $2")
            .bind(device_hash)
            .bind(user.as_str())
            .fetch_optional(db)
            .await?;
    Ok(row.is_some())
}

/// # Errors
/// When the row can't be written.
pub async fn remember(tx: &mut Tx, device_hash: &str, user: &UserId, now: Timestamp) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO known_devices (device_hash, user_id, seen_at) VALUES ($1, $2, $3)
         ON CONFLICT (device_hash, user_id) DO UPDATE SET seen_at = excluded.seen_at",
    )
    .bind(device_hash)
    .bind(user.as_str())
    .bind(now.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}
