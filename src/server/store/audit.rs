//! Table `audit`: append only. Rows are written in the transaction of what they tell of.

use sqlx::FromRow;

use super::{On, StoreResult, Tx, sql};
use crate::domain::{
    audit::{Event, Outcome},
    ids::{SessionId, UserId},
    time::Timestamp,
};

/// One row. `detail` is evidence as JSON text, without secrets.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    pub at: Timestamp,
    pub event: Event,
    pub outcome: Outcome,
    pub actor: Option<UserId>,
    pub target: Option<UserId>,
    pub session: Option<SessionId>,
    pub address: Option<String>,
    pub device: Option<String>,
    pub request_id: Option<String>,
    pub detail: Option<String>,
}

impl Entry {
    /// What nobody asked for over the wire: neither actor nor request.
    #[must_use]
    pub fn of_system(id: String, at: Timestamp, event: Event) -> Self {
        Self {
            id,
            at,
            event,
            outcome: Outcome::Done,
            actor: None,
            target: None,
            session: None,
            address: None,
            device: None,
            request_id: None,
            detail: None,
        }
    }
}

/// # Errors
/// When the row can't be written.
pub async fn append(tx: &mut Tx, entry: &Entry) -> StoreResult<()> {
    sql!(tx.on(), execute, "INSERT INTO audit (id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", &entry.id, entry.at.0, entry.event.as_str(), entry.outcome.as_str(), entry.actor.as_ref().map(UserId::as_str), entry.target.as_ref().map(UserId::as_str), entry.session.as_ref().map(SessionId::as_str), &entry.address, &entry.device, &entry.request_id, &entry.detail)?;
    Ok(())
}

/// A row as it is listed, with the e-mails of actor and target; of one that was deleted, the id.
#[derive(Debug, FromRow)]
pub struct Listed {
    pub id: String,
    pub at: i64,
    pub action: String,
    pub outcome: String,
    pub actor: Option<String>,
    pub target: Option<String>,
    pub session_id: Option<String>,
    pub address: Option<String>,
    pub device: Option<String>,
    pub request_id: Option<String>,
    pub detail: Option<String>,
}

/// Newest first, those before `cursor` (empty for all), where `query` is empty or names an action, an e-mail or a session.
///
/// # Errors
/// When the database can't be read.
pub async fn list(db: On<'_>, query: &str, cursor: &str, limit: i64) -> StoreResult<Vec<Listed>> {
    Ok(sql!(db, fetch_all, "SELECT audit.id, at, action, outcome, COALESCE(actor.email, actor_id) AS actor, COALESCE(target.email, target_id) AS target,
           session_id, address, device,
           request_id, detail
         FROM audit
         LEFT JOIN users actor ON actor.id = audit.actor_id
         LEFT JOIN users target ON target.id = audit.target_id
         WHERE ($1 = '' OR audit.id < $1)
           AND ($2 = '' OR action = $2 OR session_id = $2 OR actor.email = $2 OR target.email = $2
                OR actor_id = $2 OR target_id = $2)
         ORDER BY audit.id DESC LIMIT $3", cursor, query, limit)?)
}

/// When the newest row was written.
///
/// # Errors
/// When the database can't be read.
pub async fn newest(db: On<'_>) -> StoreResult<Option<Timestamp>> {
    let row: Option<(i64,)> = sql!(db, fetch_optional, "SELECT at FROM audit ORDER BY id DESC LIMIT 1")?;
    Ok(row.map(|(at,)| Timestamp(at)))
}

/// The reuse alarms of a user since `since`, newest first: when, from which address and with what user agent.
///
/// # Errors
/// When the database can't be read.
pub async fn reuse_alarms(
    db: On<'_>,
    user: &UserId,
    since: Timestamp,
) -> StoreResult<Vec<(i64, Option<String>, Option<String>)>> {
    Ok(sql!(
        db,
        fetch_all,
        "SELECT at, address, device FROM audit WHERE target_id = $1 AND action = 'refresh_reuse' AND at > $2
         ORDER BY at DESC LIMIT 10",
        user.as_str(),
        since.0
    )?)
}
