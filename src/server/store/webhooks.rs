//! Table `webhooks`: who is told of sessions and accounts, and how far they have been.

use sqlx::FromRow;

use super::{On, StoreResult, Tx, sql};
use crate::domain::time::Timestamp;

#[derive(Clone, Debug, FromRow)]
pub struct Webhook {
    pub id: String,
    pub url: String,
    pub description: String,
    /// Types of messages with spaces between; empty is all.
    pub events: String,
    /// Sealed.
    pub secret: Vec<u8>,
    pub former_secret: Option<Vec<u8>>,
    pub former_until: i64,
    pub cursor_seq: i64,
    pub enabled: bool,
    pub disabled_reason: Option<String>,
    pub delivered_at: i64,
    pub created_at: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, url, description, events, secret, former_secret, former_until, cursor_seq, enabled, disabled_reason, \
             delivered_at, created_at FROM webhooks ",
            $rest
        )
    };
}

/// # Errors
/// When the database can't be read.
pub async fn list(db: On<'_>) -> StoreResult<Vec<Webhook>> {
    sql!(db, fetch_all, select!("ORDER BY id"))
}

/// # Errors
/// When the database can't be read.
pub async fn find(db: On<'_>, id: &str) -> StoreResult<Option<Webhook>> {
    sql!(db, fetch_optional, select!("WHERE id = $1"), id)
}

/// Those for which rows of the audit log have been sealed that were not looked at.
///
/// # Errors
/// When the database can't be read.
pub async fn behind(db: On<'_>) -> StoreResult<Vec<Webhook>> {
    sql!(
        db,
        fetch_all,
        select!("WHERE enabled AND cursor_seq < (SELECT seq FROM audit_chain WHERE name = 'head') ORDER BY id")
    )
}

/// # Errors
/// When the row can't be written.
pub async fn insert(tx: &mut Tx, new: &Webhook) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO webhooks (id, url, description, events, secret, cursor_seq, enabled, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &new.id,
        &new.url,
        &new.description,
        &new.events,
        &new.secret,
        new.cursor_seq,
        new.enabled,
        new.created_at
    )?;
    Ok(())
}

/// # Errors
/// When the row can't be written.
pub async fn update(tx: &mut Tx, new: &Webhook) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE webhooks SET url = $1, description = $2, events = $3 WHERE id = $4",
        &new.url,
        &new.description,
        &new.events,
        &new.id
    )?;
    Ok(())
}

/// Switches it on or off by hand, told of rows after `cursor_seq`.
///
/// # Errors
/// When the row can't be written.
pub async fn switch(tx: &mut Tx, new: &Webhook) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE webhooks SET enabled = $1, disabled_reason = NULL, cursor_seq = $2 WHERE id = $3",
        new.enabled,
        new.cursor_seq,
        &new.id
    )?;
    Ok(())
}

/// Deletes it with its deliveries; whether it was there.
///
/// # Errors
/// When the rows can't be deleted.
pub async fn delete(tx: &mut Tx, id: &str) -> StoreResult<bool> {
    let gone: u64 = sql!(tx.on(), execute, "DELETE FROM webhooks WHERE id = $1", id)?;
    Ok(gone == 1)
}

/// Moves the cursor from where it was read; whether it was still there, and the webhook still to be told.
///
/// # Errors
/// When the row can't be written.
pub async fn move_cursor(tx: &mut Tx, webhook: &Webhook, to: i64) -> StoreResult<bool> {
    let moved: u64 = sql!(
        tx.on(),
        execute,
        "UPDATE webhooks SET cursor_seq = $1 WHERE id = $2 AND cursor_seq = $3 AND enabled",
        to,
        &webhook.id,
        webhook.cursor_seq
    )?;
    Ok(moved == 1)
}

/// Puts another secret in the place of the one that was read, which signs beside it for a while; whether it was still that.
///
/// # Errors
/// When the row can't be written.
pub async fn rotate(tx: &mut Tx, webhook: &Webhook, (new, until): (&[u8], Timestamp)) -> StoreResult<bool> {
    let rotated: u64 = sql!(
        tx.on(),
        execute,
        "UPDATE webhooks SET former_secret = secret, former_until = $1, secret = $2 WHERE id = $3 AND secret = $4",
        until.0,
        new,
        &webhook.id,
        &webhook.secret
    )?;
    Ok(rotated == 1)
}

/// Replaces the sealed secrets that were read, as when the auth secret changes.
///
/// # Errors
/// When the row can't be written.
pub async fn reseal(tx: &mut Tx, read: &Webhook, (secret, former): (&[u8], Option<&[u8]>)) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE webhooks SET secret = $1, former_secret = $2 WHERE id = $3 AND secret = $4",
        secret,
        former,
        &read.id,
        &read.secret
    )?;
    Ok(())
}

/// Switches it off, for a reason; whether it was on.
///
/// # Errors
/// When the row can't be written.
pub async fn disable(tx: &mut Tx, id: &str, reason: &str) -> StoreResult<bool> {
    let disabled: u64 = sql!(
        tx.on(),
        execute,
        "UPDATE webhooks SET enabled = FALSE, disabled_reason = $1 WHERE id = $2 AND enabled",
        reason,
        id
    )?;
    Ok(disabled == 1)
}

/// Notes that a message was taken.
///
/// # Errors
/// When the row can't be written.
pub async fn note_delivery(tx: &mut Tx, id: &str, at: Timestamp) -> StoreResult<()> {
    sql!(tx.on(), execute, "UPDATE webhooks SET delivered_at = $1 WHERE id = $2 AND delivered_at < $1", at.0, id)?;
    Ok(())
}

/// Has the secret shown once to a session that can't be answered at once, until then.
///
/// # Errors
/// When the row can't be written.
pub async fn show_once(tx: &mut Tx, id: &str, (session, until): (&str, Timestamp)) -> StoreResult<()> {
    sql!(tx.on(), execute, "UPDATE webhooks SET show_to = $1, show_until = $2 WHERE id = $3", session, until.0, id)?;
    Ok(())
}

/// Who wants a secret shown: a session, by one request.
#[derive(Clone, Debug)]
pub struct Showing {
    pub session: String,
    pub request: String,
    pub now: Timestamp,
}

/// Whether the secret is to be shown to this session.
///
/// # Errors
/// When the database can't be read.
pub async fn is_to_be_shown(db: On<'_>, id: &str, to: &Showing) -> StoreResult<bool> {
    let row: Option<(String,)> = sql!(
        db,
        fetch_optional,
        "SELECT id FROM webhooks WHERE id = $1 AND show_to IN ($2, $3) AND show_until > $4",
        id,
        &to.session,
        &to.request,
        to.now.0
    )?;
    Ok(row.is_some())
}

/// Takes the one time it may be shown, for this request: a page may read it twice while it is made. Whether it was there
/// to be taken.
///
/// # Errors
/// When the row can't be written.
pub async fn take_showing(tx: &mut Tx, id: &str, to: &Showing) -> StoreResult<bool> {
    let taken: u64 = sql!(
        tx.on(),
        execute,
        "UPDATE webhooks SET show_to = $1 WHERE id = $2 AND show_to IN ($3, $1) AND show_until > $4",
        &to.request,
        id,
        &to.session,
        to.now.0
    )?;
    Ok(taken == 1)
}
