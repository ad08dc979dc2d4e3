//! Table `keys`: the keyring, sealed.

use sqlx::{FromRow, SqliteExecutor};

use super::{StoreResult, Tx};

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
    sqlx::query("INSERT INTO keys (kid, purpose, algorithm, sealed, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(&key.kid)
        .bind(&key.purpose)
        .bind(&key.algorithm)
        .bind(&key.sealed)
        .bind(key.created_at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// All keys, newest first.
///
/// # Errors
/// When the database can't be read.
pub async fn list(db: impl SqliteExecutor<'_>) -> StoreResult<Vec<SealedKey>> {
    Ok(sqlx::query_as(
        "SELECT kid, purpose, algorithm, sealed, created_at, retired_at FROM keys ORDER BY created_at DESC, kid DESC",
    )
    .fetch_all(db)
    .await?)
}

/// Replaces the sealed part, as when the auth secret changes.
///
/// # Errors
/// When the row can't be written.
pub async fn reseal(tx: &mut Tx, kid: &str, sealed: &[u8]) -> StoreResult<()> {
    sqlx::query("UPDATE keys SET sealed = $1 WHERE kid = $2").bind(sealed).bind(kid).execute(tx.conn()).await?;
    Ok(())
}
