//! Table `users`.

use sqlx::FromRow;

use super::{On, StoreError, StoreResult, Tx, sql, user_id};
use crate::domain::{email::Email, ids::UserId, role::Role, session::EndReason, time::Timestamp};

#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    pub version: i64,
    pub locked_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A user with what verifies their password.
pub struct WithPassword {
    pub user: User,
    pub password_hash: String,
}

#[derive(FromRow)]
struct Row {
    id: String,
    email: String,
    display_name: String,
    role: String,
    version: i64,
    locked_at: Option<i64>,
    created_at: i64,
}

/// A user's columns beside those of another table.
#[derive(FromRow)]
pub(super) struct JoinedRow {
    #[sqlx(rename = "user_email")]
    email: String,
    #[sqlx(rename = "user_display_name")]
    display_name: String,
    #[sqlx(rename = "user_role")]
    role: String,
    #[sqlx(rename = "user_row_version")]
    version: i64,
    #[sqlx(rename = "user_locked_at")]
    locked_at: Option<i64>,
    #[sqlx(rename = "user_created_at")]
    created_at: i64,
}

impl JoinedRow {
    pub(super) fn read(self, id: UserId) -> StoreResult<User> {
        Ok(User {
            id,
            email: self.email,
            display_name: self.display_name,
            role: role(&self.role)?,
            version: self.version,
            locked_at: self.locked_at.map(Timestamp),
            created_at: Timestamp(self.created_at),
        })
    }
}

fn role(text: &str) -> StoreResult<Role> {
    Role::parse(text).ok_or(StoreError::Inconsistent { table: "users", column: "role" })
}

impl Row {
    fn read(self) -> StoreResult<User> {
        Ok(User {
            id: user_id(&self.id, "users")?,
            email: self.email,
            display_name: self.display_name,
            role: role(&self.role)?,
            version: self.version,
            locked_at: self.locked_at.map(Timestamp),
            created_at: Timestamp(self.created_at),
        })
    }
}

/// # Errors
/// [`StoreError::Conflict`] when the address is taken.
pub async fn insert(tx: &mut Tx, user: &User, password_hash: &str) -> StoreResult<()> {
    // A conflict that the intent goes on after must not be an error to PostgreSQL, which would end the transaction.
    let inserted = sql!(
        tx.on(),
        execute,
        "INSERT INTO users (id, email, display_name, role, password_hash, version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (email) DO NOTHING",
        user.id.as_str(),
        &user.email,
        &user.display_name,
        user.role.as_str(),
        password_hash,
        user.version,
        user.created_at.0
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
        "UPDATE users SET display_name = $1 WHERE id = $2 AND display_name <> $1 AND locked_at IS NULL",
        display_name,
        id.as_str()
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

/// A user in the admin's list.
#[derive(Debug)]
pub struct Listed {
    pub user: User,
    pub live_sessions: i64,
    pub last_active_at: Option<Timestamp>,
}

/// What a page of the admin's list asks for. `prefix` is matched against e-mail and name, in lower case.
#[derive(Debug)]
pub struct ListQuery<'a> {
    pub prefix: &'a str,
    /// The e-mail after which the page begins; empty for the first.
    pub after_email: &'a str,
    pub limit: i64,
    pub now: Timestamp,
}

/// Users by e-mail, in order.
///
/// # Errors
/// When the database can't be read.
pub async fn list(db: On<'_>, query: &ListQuery<'_>) -> StoreResult<Vec<Listed>> {
    #[derive(FromRow)]
    struct ListedRow {
        #[sqlx(flatten)]
        row: Row,
        live_sessions: i64,
        last_active_at: Option<i64>,
    }
    let rows: Vec<ListedRow> = sql!(
        db,
        fetch_all,
        "SELECT id, email, display_name, role, version, locked_at, created_at,
           (SELECT COUNT(*) FROM sessions s WHERE s.user_id = users.id AND s.ended_at IS NULL
              AND s.expires_at > $4 AND s.idle_end_at > $4 AND s.absolute_end_at > $4) AS live_sessions,
           (SELECT MAX(s.last_active_at) FROM sessions s WHERE s.user_id = users.id) AS last_active_at
         FROM users
         WHERE email > $1 AND (email LIKE $2 ESCAPE '!' OR LOWER(display_name) LIKE $2 ESCAPE '!')
         ORDER BY email LIMIT $3",
        query.after_email,
        format!("{}%", escape_like(query.prefix)),
        query.limit,
        query.now.0
    )?;
    rows.into_iter()
        .map(|found| {
            Ok(Listed {
                user: found.row.read()?,
                live_sessions: found.live_sessions,
                last_active_at: found.last_active_at.map(Timestamp),
            })
        })
        .collect()
}

/// So that `%` and `_` in what someone typed mean themselves.
pub(super) fn escape_like(text: &str) -> String {
    text.chars().flat_map(|char| matches!(char, '%' | '_' | '!').then_some('!').into_iter().chain([char])).collect()
}
