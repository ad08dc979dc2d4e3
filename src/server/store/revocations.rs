//! Table `revocations`: the feed, numbered from the one row of `feed`.

use sqlx::FromRow;

use super::{On, StoreError, StoreResult, Tx, session_id, sql, user_id};
use crate::domain::{
    revocation::{Revocation, Subject},
    session::EndReason,
    time::Timestamp,
};

/// A revocation and its number.
#[derive(Debug)]
pub struct Numbered {
    pub seq: i64,
    pub revocation: Revocation,
}

/// Numbers the revocations of one intent and writes them; its last statements.
pub(super) async fn append(tx: &mut Tx, revocations: &[Revocation]) -> StoreResult<()> {
    for revocation in revocations {
        let (seq,): (i64,) = sql!(tx.on(), fetch_one, "UPDATE feed SET seq = seq + 1 WHERE id = 1 RETURNING seq")?;
        let (kind, subject, below, except) = columns(&revocation.subject);
        sql!(
            tx.on(),
            execute,
            "INSERT INTO revocations (seq, kind, subject, below_version, except_session, reason, until_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            seq,
            kind,
            subject,
            below,
            except,
            revocation.reason.as_str(),
            revocation.until.0
        )?;
    }
    Ok(())
}

/// The number of the newest one.
///
/// # Errors
/// When the database can't be read.
pub async fn head(db: On<'_>) -> StoreResult<i64> {
    let (seq,): (i64,) = sql!(db, fetch_one, "SELECT seq FROM feed WHERE id = 1")?;
    Ok(seq)
}

/// What stands at a number, unless it has been cleaned up.
///
/// # Errors
/// When the database can't be read.
pub async fn at(db: On<'_>, seq: i64) -> StoreResult<Option<Revocation>> {
    let row: Option<Row> = sql!(
        db,
        fetch_optional,
        "SELECT seq, kind, subject, below_version, except_session, reason, until_at FROM revocations WHERE seq = $1",
        seq
    )?;
    let numbered = row.map(Row::read).transpose()?.flatten();
    Ok(numbered.map(|numbered| numbered.revocation))
}

/// Those after `cursor` that may still end a token, and in any case the one at `head`; in order.
///
/// # Errors
/// When the database can't be read.
pub async fn after(db: On<'_>, (cursor, head): (i64, i64), now: Timestamp) -> StoreResult<Vec<Numbered>> {
    let rows: Vec<Row> = sql!(
        db,
        fetch_all,
        "SELECT seq, kind, subject, below_version, except_session, reason, until_at
         FROM revocations WHERE seq > $1 AND (until_at > $2 OR seq = $3) ORDER BY seq",
        cursor,
        now.0,
        head
    )?;
    rows.into_iter().filter_map(|row| row.read().transpose()).collect()
}

#[derive(FromRow)]
struct Row {
    seq: i64,
    kind: String,
    subject: String,
    below_version: Option<i64>,
    except_session: Option<String>,
    reason: String,
    until_at: i64,
}

impl Row {
    /// `None` for a kind that a newer release publishes: what comes after it must be heard all the same.
    fn read(self) -> StoreResult<Option<Numbered>> {
        let wrong = |column| StoreError::Inconsistent { table: "revocations", column };
        let below = self.below_version.ok_or(wrong("below_version"));
        let subject = match self.kind.as_str() {
            "session" => Subject::Session(session_id(&self.subject, "revocations")?),
            "user" => Subject::User {
                user: user_id(&self.subject, "revocations")?,
                below: below?,
                except: self.except_session.as_deref().map(|text| session_id(text, "revocations")).transpose()?,
            },
            "stale" => Subject::Stale { user: user_id(&self.subject, "revocations")?, below: below? },
            "key" => Subject::Key(self.subject),
            "keys" => Subject::Keys,
            unknown => {
                tracing::warn!(kind = unknown, seq = self.seq, "a revocation of a kind unknown here was skipped");
                return Ok(None);
            }
        };
        // Nor must a reason that is new keep a session alive.
        let reason = EndReason::parse(&self.reason).unwrap_or(EndReason::None);
        let revocation = Revocation { subject, reason, until: Timestamp(self.until_at) };
        Ok(Some(Numbered { seq: self.seq, revocation }))
    }
}

fn columns(subject: &Subject) -> (&'static str, &str, Option<i64>, Option<&str>) {
    match subject {
        Subject::Session(sid) => ("session", sid.as_str(), None, None),
        Subject::User { user, below, except } => {
            ("user", user.as_str(), Some(*below), except.as_ref().map(crate::domain::ids::SessionId::as_str))
        }
        Subject::Stale { user, below } => ("stale", user.as_str(), Some(*below), None),
        Subject::Key(kid) => ("key", kid, None, None),
        Subject::Keys => ("keys", "", None, None),
    }
}
