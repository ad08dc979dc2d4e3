//! Table `throttles`: failures counted under a name. Which names, and what they allow, is `domain/throttle.rs`.

use super::{On, StoreResult, Tx, sql};
use crate::domain::{throttle::Failures, time::Timestamp};

/// # Errors
/// When the database can't be read.
pub async fn find(db: On<'_>, name: &str) -> StoreResult<Failures> {
    let row: Option<(i64, i64)> =
        sql!(db, fetch_optional, "SELECT count, last_at FROM throttles WHERE name = $1", name)?;
    Ok(row.map_or_else(Failures::default, failures))
}

/// The same, held until the transaction ends, so that of counts at one time none is lost.
///
/// # Errors
/// When the row can't be written.
pub async fn hold(tx: &mut Tx, name: &str) -> StoreResult<Failures> {
    let row: (i64, i64) = sql!(
        tx.on(),
        fetch_one,
        "INSERT INTO throttles (name, count, last_at) VALUES ($1, 0, 0)
         ON CONFLICT (name) DO UPDATE SET count = throttles.count RETURNING count, last_at",
        name
    )?;
    Ok(failures(row))
}

/// # Errors
/// When the row can't be written.
pub async fn store(tx: &mut Tx, name: &str, failures: Failures) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO throttles (name, count, last_at) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET count = excluded.count, last_at = excluded.last_at",
        name,
        i64::from(failures.count),
        failures.last_at.0
    )?;
    Ok(())
}

/// # Errors
/// When the row can't be written.
pub async fn forget(tx: &mut Tx, name: &str) -> StoreResult<()> {
    sql!(tx.on(), execute, "DELETE FROM throttles WHERE name = $1", name)?;
    Ok(())
}

/// Takes back what was counted at `counted_at`, when the last failure before it was at `former`.
///
/// # Errors
/// When the row can't be written.
pub async fn take_back(tx: &mut Tx, name: &str, counted_at: Timestamp, former: Timestamp) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE throttles SET count = count - 1, last_at = CASE WHEN last_at = $2 THEN $3 ELSE last_at END
         WHERE name = $1 AND count > 0",
        name,
        counted_at.0,
        former.0
    )?;
    Ok(())
}

fn failures((count, last_at): (i64, i64)) -> Failures {
    Failures { count: u32::try_from(count).unwrap_or(u32::MAX), last_at: Timestamp(last_at) }
}
