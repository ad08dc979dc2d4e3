//! Table `throttles`: failures counted under a name. Which names, and what they allow, is `domain/throttle.rs`.

use sqlx::SqliteExecutor;

use super::{StoreResult, Tx};
use crate::domain::{throttle::Failures, time::Timestamp};

/// # Errors
/// When the database can't be read.
pub async fn find(db: impl SqliteExecutor<'_>, name: &str) -> StoreResult<Failures> {
    let row: Option<(i64, i64)> =
        sqlx::query_as("SELECT count, last_at FROM throttles WHERE name = $1").bind(name).fetch_optional(db).await?;
    Ok(row.map_or_else(Failures::default, |(count, last_at)| Failures {
        count: u32::try_from(count).unwrap_or(u32::MAX),
        last_at: Timestamp(last_at),
    }))
}

/// # Errors
/// When the row can't be written.
pub async fn store(tx: &mut Tx, name: &str, failures: Failures) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO throttles (name, count, last_at) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET count = excluded.count, last_at = excluded.last_at",
    )
    .bind(name)
    .bind(i64::from(failures.count))
    .bind(failures.last_at.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// # Errors
/// When the row can't be written.
pub async fn forget(tx: &mut Tx, name: &str) -> StoreResult<()> {
    sqlx::query("DELETE FROM throttles WHERE name = $1").bind(name).execute(tx.conn()).await?;
    Ok(())
}
