//! The chain over table `audit`: numbers, links and seals of its rows, and table `audit_chain` with its two ends.

use sqlx::FromRow;

use super::{On, StoreError, StoreResult, Tx, sql};
use crate::{
    domain::{audit_chain::Head, audit_content::Content},
    server::crypto::audit_seal::Sealed,
};

/// An end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last sealed row.
    Head,
    /// The last row that has gone by the retention.
    Checkpoint,
}

impl End {
    fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Checkpoint => "checkpoint",
        }
    }
}

/// An end of the chain, and the seal on it; before the first row both are empty.
#[derive(Clone, Debug)]
pub struct Place {
    pub head: Head,
    pub seal: Vec<u8>,
}

type PlaceRow = (i64, Option<Vec<u8>>, Option<Vec<u8>>);

fn place((seq, link, seal): PlaceRow) -> Place {
    // Of another length it is none of ours, and what follows from it tells.
    let link = link.and_then(|link| link.try_into().ok()).unwrap_or([0; 32]);
    Place { head: Head { seq, link }, seal: seal.unwrap_or_default() }
}

const GONE: StoreError = StoreError::Inconsistent { table: "audit_chain", column: "name" };

/// # Errors
/// When the database can't be read.
pub async fn end(db: On<'_>, end: End) -> StoreResult<Place> {
    let row: Option<PlaceRow> =
        sql!(db, fetch_optional, "SELECT seq, link, seal FROM audit_chain WHERE name = $1", end.as_str())?;
    row.map(place).ok_or(GONE)
}

/// The same, and holds it until the transaction ends: who else wants to move it waits, and goes on from where it is then.
///
/// # Errors
/// When the row can't be written.
pub async fn hold(tx: &mut Tx, end: End) -> StoreResult<Place> {
    let row: Option<PlaceRow> = sql!(
        tx.on(),
        fetch_optional,
        "UPDATE audit_chain SET seq = seq WHERE name = $1 RETURNING seq, link, seal",
        end.as_str()
    )?;
    row.map(place).ok_or(GONE)
}

/// Moves an end from where it was held.
///
/// # Errors
/// When the row can't be written, or is not where it was.
pub async fn move_on(tx: &mut Tx, end: End, (from, to): (&Head, &Sealed)) -> StoreResult<()> {
    let moved: u64 = sql!(
        tx.on(),
        execute,
        "UPDATE audit_chain SET seq = $1, link = $2, seal = $3 WHERE name = $4 AND seq = $5",
        to.head.seq,
        to.head.link.as_slice(),
        to.seal.as_slice(),
        end.as_str(),
        from.seq
    )?;
    if moved == 1 { Ok(()) } else { Err(GONE) }
}

/// A row as it was written.
#[derive(Clone, Debug, FromRow)]
pub struct Row {
    pub id: String,
    pub at: i64,
    pub action: String,
    pub outcome: String,
    pub actor_id: Option<String>,
    pub target_id: Option<String>,
    pub session_id: Option<String>,
    pub address: Option<String>,
    pub device: Option<String>,
    pub request_id: Option<String>,
    pub detail: Option<String>,
    seq: Option<i64>,
    link: Option<Vec<u8>>,
    seal: Option<Vec<u8>>,
}

impl Row {
    #[must_use]
    pub fn content(&self) -> Content<'_> {
        Content {
            id: &self.id,
            at: self.at,
            action: &self.action,
            outcome: &self.outcome,
            actor: self.actor_id.as_deref(),
            target: self.target_id.as_deref(),
            session: self.session_id.as_deref(),
            address: self.address.as_deref(),
            device: self.device.as_deref(),
            request_id: self.request_id.as_deref(),
            detail: self.detail.as_deref(),
        }
    }

    /// Its place in the chain, and its seal.
    #[must_use]
    pub fn place(&self) -> Place {
        place((self.seq.unwrap_or_default(), self.link.clone(), self.seal.clone()))
    }
}

/// Whether a committed row waits for its seal.
///
/// # Errors
/// When the database can't be read.
pub async fn any_unsealed(db: On<'_>) -> StoreResult<bool> {
    let row: Option<(String,)> = sql!(db, fetch_optional, "SELECT id FROM audit WHERE seq IS NULL LIMIT 1")?;
    Ok(row.is_some())
}

/// # Errors
/// When the database can't be read.
pub async fn count_unsealed(db: On<'_>) -> StoreResult<i64> {
    let row: (i64,) = sql!(db, fetch_one, "SELECT COUNT(*) FROM audit WHERE seq IS NULL")?;
    Ok(row.0)
}

/// At most `most` rows without a seal, the oldest first.
///
/// # Errors
/// When the database can't be read.
pub async fn unsealed(db: On<'_>, most: i64) -> StoreResult<Vec<Row>> {
    sql!(
        db,
        fetch_all,
        "SELECT id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail, seq, link, seal
         FROM audit WHERE seq IS NULL ORDER BY id LIMIT $1",
        most
    )
}

/// At most `most` sealed rows after a number, in their order.
///
/// # Errors
/// When the database can't be read.
pub async fn sealed_after(db: On<'_>, seq: i64, most: i64) -> StoreResult<Vec<Row>> {
    sql!(
        db,
        fetch_all,
        "SELECT id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail, seq, link, seal
         FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
        seq,
        most
    )
}

/// Puts the seal on a row that has none.
///
/// # Errors
/// When the row can't be written, or has one.
pub async fn seal(tx: &mut Tx, id: &str, sealed: &Sealed) -> StoreResult<()> {
    let written: u64 = sql!(
        tx.on(),
        execute,
        "UPDATE audit SET seq = $1, link = $2, seal = $3 WHERE id = $4 AND seq IS NULL",
        sealed.head.seq,
        sealed.head.link.as_slice(),
        sealed.seal.as_slice(),
        id
    )?;
    if written == 1 { Ok(()) } else { Err(StoreError::Inconsistent { table: "audit", column: "seq" }) }
}

/// Deletes the rows up to a number; how many there were.
///
/// # Errors
/// When they can't be deleted.
pub async fn delete_through(tx: &mut Tx, seq: i64) -> StoreResult<u64> {
    sql!(tx.on(), execute, "DELETE FROM audit WHERE seq <= $1", seq)
}
