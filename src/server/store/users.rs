//! Table `users`. Its rows are read in `user_row.rs`.

use sqlx::FromRow;

pub(super) use super::user_row::{JoinedRow, Row};
pub use super::user_row::{User, WithPassword};
use super::{On, StoreError, StoreResult, Tx, sql};
use crate::domain::{email::Email, ids::UserId, role::Role, session::EndReason, time::Timestamp};

/// # Errors
/// [`StoreError::Conflict`] when the address is taken.
pub async fn insert(tx: &mut Tx, user: &User, password_hash: &str) -> StoreResult<()> {
    // A conflict that the intent goes on after must not be an error to PostgreSQL, which would end the transaction.
    let inserted = sql!(
        tx.on(),
        execute,
        "INSERT INTO users (id, email, display_name, role, password_hash, version, created_at, name_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (email) DO NOTHING",
        user.id.as_str(),
        &user.email,
        &user.display_name,
        user.role.as_str(),
        password_hash,
        user.version,
        user.created_at.0,
        name_key(&user.display_name)
    )?;
    if inserted != 1 {
        return Err(StoreError::Conflict);
    }
    tx.changed(&user.id);
    Ok(())
}

/// # Errors
/// When the database can't be read.
pub async fn find(db: On<'_>, id: &UserId) -> StoreResult<Option<User>> {
    let row: Option<Row> = sql!(
        db,
        fetch_optional,
        "SELECT id, email, display_name, role, version, locked_at, created_at FROM users WHERE id = $1",
        id.as_str()
    )?;
    row.map(Row::read).transpose()
}

/// # Errors
/// When the database can't be read.
pub async fn find_with_password(db: On<'_>, email: &Email) -> StoreResult<Option<WithPassword>> {
    #[derive(FromRow)]
    struct Both {
        #[sqlx(flatten)]
        row: Row,
        password_hash: String,
    }
    let found: Option<Both> = sql!(
        db,
        fetch_optional,
        "SELECT id, email, display_name, role, version, locked_at, created_at, password_hash FROM users WHERE email = $1",
        email.as_str()
    )?;
    found.map(|both| Ok(WithPassword { user: both.row.read()?, password_hash: both.password_hash })).transpose()
}

/// Holds the user as read until the transaction ends: `false` if they were changed or locked meanwhile.
///
/// # Errors
/// When the row can't be written.
pub async fn hold(tx: &mut Tx, id: &UserId, version: i64) -> StoreResult<bool> {
    let held = sql!(
        tx.on(),
        execute,
        "UPDATE users SET touched = touched + 1 WHERE id = $1 AND version = $2 AND locked_at IS NULL",
        id.as_str(),
        version
    )?;
    Ok(held == 1)
}

/// Holds the user, however they are, until the transaction ends: `false` if there is none.
///
/// # Errors
/// When the row can't be written.
pub async fn hold_any(tx: &mut Tx, id: &UserId) -> StoreResult<bool> {
    let held = sql!(tx.on(), execute, "UPDATE users SET touched = touched + 1 WHERE id = $1", id.as_str())?;
    Ok(held == 1)
}

/// Raises the version, so that tokens minted before say something outdated; `None` if there is no such user.
///
/// # Errors
/// When the row can't be written.
pub async fn raise_version(tx: &mut Tx, id: &UserId) -> StoreResult<Option<i64>> {
    let raised: Option<(i64,)> = sql!(
        tx.on(),
        fetch_optional,
        "UPDATE users SET version = version + 1 WHERE id = $1 RETURNING version",
        id.as_str()
    )?;
    Ok(raised.map(|(version,)| version))
}

/// The same, and whatever was minted before is dead, also where no session keeps account of it.
///
/// # Errors
/// When the row can't be written.
pub async fn end_versions(tx: &mut Tx, id: &UserId, reason: EndReason) -> StoreResult<Option<i64>> {
    let raised: Option<(i64,)> = sql!(
        tx.on(),
        fetch_optional,
        "UPDATE users SET version = version + 1, dead_below = version + 1, dead_reason = $1
         WHERE id = $2 RETURNING version",
        reason.as_str(),
        id.as_str()
    )?;
    Ok(raised.map(|(version,)| version))
}

/// Why what was minted for a user at `version` is dead, if it is.
///
/// # Errors
/// When the database can't be read.
pub async fn end_of_version(db: On<'_>, id: &UserId, version: i64) -> StoreResult<Option<EndReason>> {
    let dead: Option<(String,)> = sql!(
        db,
        fetch_optional,
        "SELECT dead_reason FROM users WHERE id = $1 AND dead_below > $2",
        id.as_str(),
        version
    )?;
    Ok(dead.map(|(reason,)| EndReason::parse(&reason).unwrap_or(EndReason::Revoked)))
}

/// Stores a new hash if the password is still the one that was verified.
///
/// # Errors
/// When the row can't be written.
pub async fn replace_password(tx: &mut Tx, id: &UserId, verified_hash: &str, new_hash: &str) -> StoreResult<bool> {
    let replaced = sql!(
        tx.on(),
        execute,
        "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3",
        new_hash,
        id.as_str(),
        verified_hash
    )?;
    Ok(replaced == 1)
}

/// # Errors
/// When the row can't be written.
pub async fn set_role(tx: &mut Tx, id: &UserId, role: Role) -> StoreResult<()> {
    sql!(tx.on(), execute, "UPDATE users SET role = $1 WHERE id = $2", role.as_str(), id.as_str())?;
    tx.changed(id);
    Ok(())
}

/// Gives a user who isn't locked another name: `false` if nothing changed by it.
///
/// # Errors
/// When the row can't be written.
pub async fn rename(tx: &mut Tx, id: &UserId, display_name: &str) -> StoreResult<bool> {
    let renamed = sql!(
        tx.on(),
        execute,
        "UPDATE users SET display_name = $1, name_key = $3
         WHERE id = $2 AND display_name <> $1 AND locked_at IS NULL",
        display_name,
        id.as_str(),
        name_key(display_name)
    )?;
    Ok(renamed == 1)
}

/// Lets the user sign in no more.
///
/// # Errors
/// When the row can't be written.
pub async fn lock(tx: &mut Tx, id: &UserId, now: Timestamp) -> StoreResult<()> {
    sql!(tx.on(), execute, "UPDATE users SET locked_at = $1 WHERE id = $2 AND locked_at IS NULL", now.0, id.as_str())?;
    tx.changed(id);
    Ok(())
}

/// # Errors
/// When the row can't be written.
pub async fn unlock(tx: &mut Tx, id: &UserId) -> StoreResult<()> {
    sql!(tx.on(), execute, "UPDATE users SET locked_at = NULL WHERE id = $1", id.as_str())?;
    tx.changed(id);
    Ok(())
}

/// Deletes the user; their sessions and known devices go with the row.
///
/// # Errors
/// When the row can't be deleted.
pub async fn delete(tx: &mut Tx, id: &UserId) -> StoreResult<()> {
    sql!(tx.on(), execute, "DELETE FROM users WHERE id = $1", id.as_str())?;
    tx.changed(id);
    Ok(())
}

/// How many admins are not locked.
///
/// # Errors
/// When the database can't be read.
pub async fn count_admins(db: On<'_>) -> StoreResult<i64> {
    let (count,): (i64,) =
        sql!(db, fetch_one, "SELECT COUNT(*) FROM users WHERE role = 'admin' AND locked_at IS NULL")?;
    Ok(count)
}

/// Whether anybody has an account.
///
/// # Errors
/// When the database can't be read.
pub async fn any(db: On<'_>) -> StoreResult<bool> {
    let row: Option<(String,)> = sql!(db, fetch_optional, "SELECT id FROM users LIMIT 1")?;
    Ok(row.is_some())
}

/// Writes down that a user acted, to the minute.
///
/// # Errors
/// When the row can't be written.
pub async fn seen(tx: &mut Tx, id: &UserId, at: Timestamp) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE users SET last_seen_at = $1 WHERE id = $2 AND last_seen_at <= $1 - 60000",
        at.0,
        id.as_str()
    )
    .map(drop)
}

/// A name as the list is sorted and searched by it.
fn name_key(display_name: &str) -> String {
    display_name.to_lowercase()
}
