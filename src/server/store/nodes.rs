//! Table `nodes`: the processes that serve this database, and what is in force there.

use sqlx::FromRow;

use super::{On, StoreResult, Tx, sql};
use crate::domain::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Node {
    pub id: String,
    /// Moves while the node is there and not alone.
    pub beat: i64,
    /// The number of the newest revocation in force there.
    pub applied: i64,
    /// When it started, by its own clock; for people.
    pub started_at: i64,
}

/// # Errors
/// When the database can't be read.
pub async fn list(db: On<'_>) -> StoreResult<Vec<Node>> {
    Ok(sql!(db, fetch_all, "SELECT id, beat, applied, started_at FROM nodes ORDER BY started_at, id")?)
}

/// Tells that a node is there, whether or not others have given it up meanwhile.
///
/// # Errors
/// When the row can't be written.
pub async fn beat(tx: &mut Tx, id: &str, applied: i64, started_at: Timestamp) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO nodes (id, beat, applied, started_at) VALUES ($1, 1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET beat = nodes.beat + 1, applied = excluded.applied",
        id,
        applied,
        started_at.0
    )
    .map(drop)
}

/// Strikes out a node that stopped, or one whose beat has stood at `beat` for long.
///
/// # Errors
/// When the row can't be written.
pub async fn strike_out(tx: &mut Tx, id: &str, beat: Option<i64>) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "DELETE FROM nodes WHERE id = $1 AND ($2 OR beat = $3)",
        id,
        beat.is_none(),
        beat.unwrap_or(0)
    )
    .map(drop)
}

/// Strikes out all, where none can be running.
///
/// # Errors
/// When the rows can't be written.
pub async fn strike_out_all(tx: &mut Tx) -> StoreResult<()> {
    sql!(tx.on(), execute, "DELETE FROM nodes").map(drop)
}
