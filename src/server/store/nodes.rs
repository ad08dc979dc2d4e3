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

/// This node, as it tells of itself.
#[derive(Clone, Debug)]
pub struct Beating {
    pub id: String,
    pub started_at: Timestamp,
    /// Its machine and the address it listens at; empty where that is none of its own.
    pub origin: String,
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
pub async fn beat(tx: &mut Tx, node: &Beating, applied: i64) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO nodes (id, beat, applied, started_at, origin) VALUES ($1, 1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET beat = nodes.beat + 1, applied = excluded.applied",
        &node.id,
        applied,
        node.started_at.0,
        &node.origin
    )
    .map(drop)
}

/// Strikes out those that ran before at the same machine and address: two can't listen there, so they are gone.
///
/// # Errors
/// When the rows can't be written.
pub async fn strike_out_former(tx: &mut Tx, node: &Beating) -> StoreResult<()> {
    sql!(tx.on(), execute, "DELETE FROM nodes WHERE origin = $1 AND origin <> '' AND id <> $2", &node.origin, &node.id)
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
