//! Table `keys`: the keyring, sealed.

use sqlx::FromRow;

use super::{On, StoreResult, Tx, sql};

/// A key as it lies in the database; opening it takes the auth secret.
#[derive(Debug, FromRow)]
pub struct SealedKey {
    pub kid: String,
    pub purpose: String,
    pub algorithm: String,
    pub sealed: Vec<u8>,
    pub created_at: i64,
    pub retired_at: Option<i64>,
}

/// # Errors
/// When the row can't be written.
pub async fn insert(tx: &mut Tx, key: &SealedKey) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO keys (kid, purpose, algorithm, sealed, created_at) VALUES ($1, $2, $3, $4, $5)",
        &key.kid,
        &key.purpose,
        &key.algorithm,
        &key.sealed,
        key.created_at
    )?;
    Ok(())
}

/// All keys, newest first.
///
/// # Errors
/// When the database can't be read.
pub async fn list(db: On<'_>) -> StoreResult<Vec<SealedKey>> {
    Ok(sql!(
        db,
        fetch_all,
        "SELECT kid, purpose, algorithm, sealed, created_at, retired_at FROM keys ORDER BY created_at DESC, kid DESC"
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
