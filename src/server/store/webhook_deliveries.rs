//! Table `webhook_deliveries`: what is to be sent to whom, and what came of it.

use sqlx::FromRow;

use super::{On, StoreResult, Tx, sql};
use crate::domain::time::Timestamp;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Pending,
    Delivered,
    /// It is not tried again by itself.
    Failed,
}

impl State {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, FromRow)]
pub struct Delivery {
    pub id: String,
    pub webhook_id: String,
    /// The number of the audit row that made it; 0 is none.
    pub seq: i64,
    /// Which of the messages of that row it is.
    pub part: i64,
    pub event: String,
    pub body: String,
    pub state: String,
    pub attempts: i64,
    pub next_at: i64,
    pub tried_at: i64,
    pub status: Option<i64>,
    pub error: Option<String>,
    pub took_ms: Option<i64>,
    pub created_at: i64,
}

/// What became of an attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub state: State,
    /// When the next is due, where there is one.
    pub next_at: Timestamp,
    pub tried_at: Timestamp,
    pub status: Option<i64>,
    pub error: Option<&'static str>,
    pub took_ms: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, webhook_id, seq, part, event, body, state, attempts, next_at, tried_at, status, error, took_ms, \
             created_at FROM webhook_deliveries ",
            $rest
        )
    };
}

/// # Errors
/// When the row can't be written, or this message of this row is there already.
pub async fn insert(tx: &mut Tx, new: &Delivery) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO webhook_deliveries (id, webhook_id, seq, part, event, body, state, next_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &new.id,
        &new.webhook_id,
        new.seq,
        new.part,
        &new.event,
        &new.body,
        &new.state,
        new.next_at,
        new.created_at
    )?;
    Ok(())
}

/// Those of a webhook before `cursor` (empty for all), newest first.
///
/// # Errors
/// When the database can't be read.
pub async fn list(db: On<'_>, webhook: &str, (cursor, limit): (&str, i64)) -> StoreResult<Vec<Delivery>> {
    // Before this come all ids.
    let before = if cursor.is_empty() { "g" } else { cursor };
    sql!(db, fetch_all, select!("WHERE webhook_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"), webhook, before, limit)
}

/// Webhooks that are to be told and have something due.
///
/// # Errors
/// When the database can't be read.
pub async fn receivers_due(db: On<'_>, now: Timestamp) -> StoreResult<Vec<String>> {
    let rows: Vec<(String,)> = sql!(
        db,
        fetch_all,
        "SELECT id FROM webhooks WHERE enabled AND EXISTS
           (SELECT 1 FROM webhook_deliveries WHERE webhook_id = webhooks.id AND state = 'pending' AND next_at <= $1
              AND claimed_until <= $1)",
        now.0
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// What is due of a webhook, what waits longest first and of that in the order of the log.
///
/// # Errors
/// When the database can't be read.
pub async fn due(db: On<'_>, webhook: &str, (now, most): (Timestamp, i64)) -> StoreResult<Vec<Delivery>> {
    sql!(
        db,
        fetch_all,
        select!(
            "WHERE webhook_id = $1 AND state = 'pending' AND next_at <= $2 AND claimed_until <= $2 \
             ORDER BY next_at, seq, part, id LIMIT $3"
        ),
        webhook,
        now.0,
        most
    )
}

/// Takes the next attempt of a delivery as it was read; whether nobody else has.
///
/// # Errors
/// When the row can't be written.
pub async fn claim(tx: &mut Tx, read: &Delivery, (now, until): (Timestamp, Timestamp)) -> StoreResult<bool> {
    let claimed: u64 = sql!(
        tx.on(),
        execute,
        "UPDATE webhook_deliveries SET attempts = attempts + 1, claimed_until = $1
         WHERE id = $2 AND attempts = $3 AND state = 'pending' AND claimed_until <= $4",
        until.0,
        &read.id,
        read.attempts,
        now.0
    )?;
    Ok(claimed == 1)
}

/// Writes down what became of the attempt that was claimed as number `attempts`; whether it was still that one's to tell.
///
/// # Errors
/// When the row can't be written.
pub async fn finish(tx: &mut Tx, id: &str, (attempts, came_to): (i64, &Attempt)) -> StoreResult<bool> {
    let finished: u64 = sql!(
        tx.on(),
        execute,
        "UPDATE webhook_deliveries SET state = $1, next_at = $2, tried_at = $3, status = $4, error = $5, took_ms = $6,
           claimed_until = 0
         WHERE id = $7 AND attempts = $8 AND state = 'pending'",
        came_to.state.as_str(),
        came_to.next_at.0,
        came_to.tried_at.0,
        came_to.status,
        came_to.error,
        came_to.took_ms,
        id,
        attempts
    )?;
    Ok(finished == 1)
}

/// Has a delivery sent again, or at once where it waits; whether it is one of this webhook.
///
/// # Errors
/// When the row can't be written.
pub async fn resend(tx: &mut Tx, webhook: &str, (id, now): (&str, Timestamp)) -> StoreResult<bool> {
    let due: u64 = sql!(
        tx.on(),
        execute,
        "UPDATE webhook_deliveries SET state = 'pending', next_at = $1 WHERE id = $2 AND webhook_id = $3",
        now.0,
        id,
        webhook
    )?;
    Ok(due == 1)
}

/// How many wait, by webhook.
///
/// # Errors
/// When the database can't be read.
pub async fn waiting(db: On<'_>) -> StoreResult<Vec<(String, i64)>> {
    sql!(
        db,
        fetch_all,
        "SELECT webhook_id, COUNT(*) FROM webhook_deliveries WHERE state = 'pending' GROUP BY webhook_id"
    )
}
