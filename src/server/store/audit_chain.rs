//! The chain over table `audit`: numbers, links and seals of its rows, and table `audit_chain` with its two ends.

use sqlx::{FromRow, PgConnection};

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

const MOVED: StoreError = StoreError::Inconsistent { table: "audit_chain", column: "seq" };

/// Where it is; nowhere only if somebody deleted the row.
///
/// # Errors
/// When the database can't be read.
pub async fn end(db: On<'_>, end: End) -> StoreResult<Option<Place>> {
    let row: Option<PlaceRow> =
        sql!(db, fetch_optional, "SELECT seq, link, seal FROM audit_chain WHERE name = $1", end.as_str())?;
    Ok(row.map(place))
}

/// The same, and holds it until the transaction ends: who else wants to move it waits, and goes on from where it is then.
///
/// # Errors
/// When the row can't be written.
pub async fn hold(tx: &mut Tx, end: End) -> StoreResult<Option<Place>> {
    let row: Option<PlaceRow> = sql!(
        tx.on(),
        fetch_optional,
        "UPDATE audit_chain SET seq = seq WHERE name = $1 RETURNING seq, link, seal",
        end.as_str()
    )?;
    Ok(row.map(place))
}

/// Moves an end that is held, wherever it was.
///
/// # Errors
/// When the row can't be written.
pub async fn move_to(tx: &mut Tx, end: End, to: &Sealed) -> StoreResult<()> {
    let moved: u64 = sql!(
        tx.on(),
        execute,
        "INSERT INTO audit_chain (name, seq, link, seal) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, link = excluded.link, seal = excluded.seal",
        end.as_str(),
        to.head.seq,
        to.head.link.as_slice(),
        to.seal.as_slice()
    )?;
    if moved == 1 { Ok(()) } else { Err(MOVED) }
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
    pub seq: Option<i64>,
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

/// At most `most` sealed rows after a place, in their order. There is one row to a number, unless somebody has put in
/// another: then the ids tell where a page ended.
///
/// # Errors
/// When the database can't be read.
pub async fn sealed_after(db: On<'_>, (seq, id): (i64, &str), most: i64) -> StoreResult<Vec<Row>> {
    sql!(
        db,
        fetch_all,
        "SELECT id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail, seq, link, seal
         FROM audit WHERE seq >= $1 AND (seq > $1 OR id > $2) ORDER BY seq, id LIMIT $3",
        seq,
        id,
        most
    )
}

/// The sealed row with the greatest number.
///
/// # Errors
/// When the database can't be read.
pub async fn last_sealed(db: On<'_>) -> StoreResult<Option<Row>> {
    sql!(
        db,
        fetch_optional,
        "SELECT id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail, seq, link, seal
         FROM audit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1"
    )
}

/// The link of the row with a number.
///
/// # Errors
/// When the database can't be read.
pub async fn link_of(db: On<'_>, seq: i64) -> StoreResult<Option<Vec<u8>>> {
    let row: Option<(Option<Vec<u8>>,)> = sql!(db, fetch_optional, "SELECT link FROM audit WHERE seq = $1", seq)?;
    Ok(row.and_then(|(link,)| link))
}

/// At most `most` numbers of rows up to a number.
///
/// # Errors
/// When the database can't be read.
pub async fn sealed_through(db: On<'_>, seq: i64, most: i64) -> StoreResult<Vec<i64>> {
    let rows: Vec<(i64,)> =
        sql!(db, fetch_all, "SELECT seq FROM audit WHERE seq <= $1 ORDER BY seq LIMIT $2", seq, most)?;
    Ok(rows.into_iter().map(|(seq,)| seq).collect())
}

/// Puts seals on rows that have none.
///
/// # Errors
/// When they can't be written, or one has a seal.
pub async fn seal(tx: &mut Tx, sealed: &[(String, Sealed)]) -> StoreResult<()> {
    let mut written = 0;
    if let On::PostgresTx(conn) = tx.on() {
        written = seal_at_once(conn, sealed).await?;
    } else {
        for (id, sealed) in sealed {
            written += sql!(
                tx.on(),
                execute,
                "UPDATE audit SET seq = $1, link = $2, seal = $3 WHERE id = $4 AND seq IS NULL",
                sealed.head.seq,
                sealed.head.link.as_slice(),
                sealed.seal.as_slice(),
                id
            )?;
        }
    }
    let all = u64::try_from(sealed.len()).unwrap_or(u64::MAX);
    if written == all { Ok(()) } else { Err(StoreError::Inconsistent { table: "audit", column: "seq" }) }
}

/// On a server each statement costs its way there and back: a thousand of them would take longer than the rows come.
async fn seal_at_once(conn: &mut PgConnection, sealed: &[(String, Sealed)]) -> StoreResult<u64> {
    let done = sqlx::query(
        "UPDATE audit a SET seq = s.seq, link = s.link, seal = s.seal
         FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bytea[]) AS s (id, seq, link, seal)
         WHERE a.id = s.id AND a.seq IS NULL",
    )
    .bind(sealed.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>())
    .bind(sealed.iter().map(|(_, sealed)| sealed.head.seq).collect::<Vec<_>>())
    .bind(sealed.iter().map(|(_, sealed)| sealed.head.link.as_slice()).collect::<Vec<_>>())
    .bind(sealed.iter().map(|(_, sealed)| sealed.seal.as_slice()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes the rows up to a number; how many there were.
///
/// # Errors
/// When they can't be deleted.
pub async fn delete_through(tx: &mut Tx, seq: i64) -> StoreResult<u64> {
    sql!(tx.on(), execute, "DELETE FROM audit WHERE seq <= $1", seq)
}
