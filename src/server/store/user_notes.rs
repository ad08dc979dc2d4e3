//! Table `user_notes`: what admins and support write down of a user for each other.

use sqlx::FromRow;

use super::{On, StoreResult, Tx, sql};
use crate::domain::{ids::UserId, time::Timestamp};

/// A note as it is listed, with its author's e-mail where that is known still.
#[derive(Debug, FromRow)]
pub struct Listed {
    pub id: String,
    pub at: i64,
    pub text: String,
    pub author_id: Option<String>,
    pub author: Option<String>,
}

/// Of whom a note is, and who wrote it.
#[derive(Debug, FromRow)]
pub struct Owner {
    pub user_id: String,
    pub author_id: Option<String>,
}

pub struct Note<'a> {
    pub id: &'a str,
    pub user: &'a UserId,
    /// `None` for the machine's operator.
    pub author: Option<&'a UserId>,
    pub at: Timestamp,
    pub text: &'a str,
}

/// # Errors
/// When the row can't be written.
pub async fn insert(tx: &mut Tx, note: &Note<'_>) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO user_notes (id, user_id, author_id, at, text) VALUES ($1, $2, $3, $4, $5)",
        note.id,
        note.user.as_str(),
        note.author.map(UserId::as_str),
        note.at.0,
        note.text
    )?;
    tx.changed(note.user);
    Ok(())
}

/// # Errors
/// When the database can't be read.
pub async fn find(db: On<'_>, id: &str) -> StoreResult<Option<Owner>> {
    sql!(db, fetch_optional, "SELECT user_id, author_id FROM user_notes WHERE id = $1", id)
}

/// Whether this call deleted it.
///
/// # Errors
/// When the row can't be deleted.
pub async fn delete(tx: &mut Tx, id: &str, user: &UserId) -> StoreResult<bool> {
    let deleted = sql!(tx.on(), execute, "DELETE FROM user_notes WHERE id = $1", id)?;
    tx.changed(user);
    Ok(deleted == 1)
}

/// The newest notes on a user.
///
/// # Errors
/// When the database can't be read.
pub async fn list(db: On<'_>, user: &UserId, limit: i64) -> StoreResult<Vec<Listed>> {
    sql!(
        db,
        fetch_all,
        "SELECT note.id, note.at, note.text, note.author_id, author.email AS author
         FROM user_notes note LEFT JOIN users author ON author.id = note.author_id
         WHERE note.user_id = $1 ORDER BY note.id DESC LIMIT $2",
        user.as_str(),
        limit
    )
}
