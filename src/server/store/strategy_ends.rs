//! Table `strategy_ends`: until when a credential of a strategy that keeps no rows may still live.

use super::{On, StoreResult, Tx, sql};
use crate::domain::{strategy::Strategy, time::Timestamp};

/// Notes that one may live until `last_end_at`; a later instant stands.
///
/// # Errors
/// When the row can't be written.
pub async fn note(tx: &mut Tx, strategy: Strategy, last_end_at: Timestamp) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO strategy_ends (strategy, last_end_at) VALUES ($1, $2)
         ON CONFLICT (strategy) DO UPDATE SET last_end_at = excluded.last_end_at
         WHERE strategy_ends.last_end_at < excluded.last_end_at",
        strategy.as_str(),
        last_end_at.0
    )
    .map(drop)
}

/// The last moment at which a credential of `strategy` can still live, if one was ever issued.
///
/// # Errors
/// When the database can't be read.
pub async fn last(db: On<'_>, strategy: Strategy) -> StoreResult<Option<Timestamp>> {
    let row: Option<(i64,)> =
        sql!(db, fetch_optional, "SELECT last_end_at FROM strategy_ends WHERE strategy = $1", strategy.as_str())?;
    Ok(row.map(|(at,)| Timestamp(at)))
}
