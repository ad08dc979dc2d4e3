//! Table `keys`: the keyring, sealed.

use sqlx::FromRow;

use super::{On, StoreResult, Tx, sql};
use crate::domain::time::Timestamp;

/// A key as it lies in the database; opening it takes the auth secret.
#[derive(Clone, Debug, FromRow)]
pub struct SealedKey {
    pub kid: String,
    pub purpose: String,
    pub algorithm: String,
    pub sealed: Vec<u8>,
    pub created_at: i64,
    /// Before that it is published only.
    pub signs_from: i64,
    /// From then on it makes nothing new; what it made is believed.
    pub retired_at: Option<i64>,
    /// Since then it is no longer believed.
    pub dead_at: Option<i64>,
}

/// # Errors
/// When the row can't be written.
pub async fn insert(tx: &mut Tx, key: &SealedKey) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO keys (kid, purpose, algorithm, sealed, created_at, signs_from) VALUES ($1, $2, $3, $4, $5, $6)",
        &key.kid,
        &key.purpose,
        &key.algorithm,
        &key.sealed,
        key.created_at,
        key.signs_from
    )?;
    Ok(())
}

/// All keys, those that begin last first.
///
/// # Errors
/// When the database can't be read.
pub async fn list(db: On<'_>) -> StoreResult<Vec<SealedKey>> {
    Ok(sql!(
        db,
        fetch_all,
        "SELECT kid, purpose, algorithm, sealed, created_at, signs_from, retired_at, dead_at FROM keys
         ORDER BY signs_from DESC, created_at DESC, kid DESC"
    )?)
}

/// Replaces the sealed part, as when the auth secret changes.
///
/// # Errors
/// When the row can't be written.
pub async fn reseal(tx: &mut Tx, kid: &str, sealed: &[u8]) -> StoreResult<()> {
    sql!(tx.on(), execute, "UPDATE keys SET sealed = $1 WHERE kid = $2", sealed, kid)?;
    Ok(())
}

/// Retires the keys of this key's purpose that were in its place, as of when it begins.
///
/// # Errors
/// When the rows can't be written.
pub async fn retire_former(tx: &mut Tx, new: &SealedKey) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE keys SET retired_at = $1 WHERE purpose = $2 AND kid <> $3 AND retired_at IS NULL AND dead_at IS NULL",
        new.signs_from,
        &new.purpose,
        &new.kid
    )?;
    Ok(())
}

/// Believes no other key of this key's purpose any more; which ones those are.
///
/// # Errors
/// When the rows can't be written.
pub async fn kill_former(tx: &mut Tx, new: &SealedKey, now: Timestamp) -> StoreResult<Vec<String>> {
    let killed: Vec<(String,)> = sql!(
        tx.on(),
        fetch_all,
        "UPDATE keys SET dead_at = $1 WHERE purpose = $2 AND kid <> $3 AND dead_at IS NULL RETURNING kid",
        now.0,
        &new.purpose,
        &new.kid
    )?;
    Ok(killed.into_iter().map(|(kid,)| kid).collect())
}
