//! Passwords of `users` as they change, and users who must choose another one before they are let in.

use super::{On, StoreResult, Tx, sql};
use crate::domain::{ids::UserId, time::Timestamp};

/// Since when a user must choose another password, if they must.
///
/// # Errors
/// When the database can't be read.
pub async fn since(db: On<'_>, id: &UserId) -> StoreResult<Option<Timestamp>> {
    let row: Option<(Option<i64>,)> =
        sql!(db, fetch_optional, "SELECT password_due_at FROM users WHERE id = $1", id.as_str())?;
    Ok(row.and_then(|(at,)| at).map(Timestamp))
}

/// # Errors
/// When the row can't be written.
pub async fn require(tx: &mut Tx, id: &UserId, now: Timestamp) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE users SET password_due_at = $1 WHERE id = $2 AND password_due_at IS NULL",
        now.0,
        id.as_str()
    )?;
    tx.changed(id);
    Ok(())
}

/// Stores the hash of another password, if the former is still the one that was verified: nothing is due any more.
///
/// # Errors
/// When the row can't be written.
pub async fn change(tx: &mut Tx, id: &UserId, verified_hash: &str, new_hash: &str) -> StoreResult<bool> {
    let changed = sql!(
        tx.on(),
        execute,
        "UPDATE users SET password_hash = $1, password_due_at = NULL WHERE id = $2 AND password_hash = $3",
        new_hash,
        id.as_str(),
        verified_hash
    )?;
    tx.changed(id);
    Ok(changed == 1)
}

/// What verifies the password of a user.
///
/// # Errors
/// When the database can't be read.
pub async fn hash_of(db: On<'_>, id: &UserId) -> StoreResult<Option<String>> {
    let row: Option<(String,)> =
        sql!(db, fetch_optional, "SELECT password_hash FROM users WHERE id = $1", id.as_str())?;
    Ok(row.map(|(hash,)| hash))
}
