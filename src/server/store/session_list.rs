//! The sessions of one person as the desk lists them. Ids are in the order of time, so that a page of them is found by
//! index however many there are.

use sqlx::FromRow;

use super::{
    On, StoreResult,
    session_row::{Row, Session, session_columns},
    sql,
};
use crate::domain::{
    ids::{SessionId, UserId},
    time::Timestamp,
};

/// A session that is over, with what its person was told beside the reason.
pub struct EndedSession {
    pub session: Session,
    pub message: Option<String>,
}

#[derive(FromRow)]
struct EndedRow {
    #[sqlx(flatten)]
    row: Row,
    end_message: Option<String>,
}

/// Which of a user's live sessions, last active first.
#[derive(Clone, Copy, Debug, Default)]
pub struct LivePage<'a> {
    /// The last one of the page before.
    pub after: Option<&'a LivePlace>,
    pub except: Option<&'a SessionId>,
    pub limit: i64,
}

/// A place in that list. It stays one when its session moves on, or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivePlace {
    pub last_active_at: i64,
    pub id: String,
}

/// At most so many live sessions, last active first.
///
/// # Errors
/// When the database can't be read.
pub async fn list_live_some(
    db: On<'_>,
    user: &UserId,
    now: Timestamp,
    page: LivePage<'_>,
) -> StoreResult<Vec<Session>> {
    let (at, id) = page.after.map_or((i64::MAX, super::END_OF_IDS), |after| (after.last_active_at, after.id.as_str()));
    let rows: Vec<Row> = sql!(
        db,
        fetch_all,
        concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions
             WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND idle_end_at > $2 AND absolute_end_at > $2
               AND id <> $3 AND (last_active_at < $4 OR last_active_at = $4 AND id < $5)
             ORDER BY last_active_at DESC, id DESC LIMIT $6"
        ),
        user.as_str(),
        now.0,
        page.except.map_or("", SessionId::as_str),
        at,
        id,
        page.limit
    )?;
    rows.into_iter().map(Row::read).collect()
}

/// Those of a user's live sessions that began first.
///
/// # Errors
/// When the database can't be read.
pub async fn list_oldest(db: On<'_>, user: &UserId, now: Timestamp, limit: i64) -> StoreResult<Vec<SessionId>> {
    let rows: Vec<(String,)> = sql!(
        db,
        fetch_all,
        "SELECT id FROM sessions
         WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND idle_end_at > $2 AND absolute_end_at > $2
         ORDER BY signed_in_at, id LIMIT $3",
        user.as_str(),
        now.0,
        limit
    )?;
    rows.iter().map(|(id,)| super::session_id(id, "sessions")).collect()
}

/// # Errors
/// When the database can't be read.
pub async fn count_live(db: On<'_>, user: &UserId, now: Timestamp) -> StoreResult<i64> {
    let (count,): (i64,) = sql!(
        db,
        fetch_one,
        "SELECT COUNT(*) FROM sessions
         WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND idle_end_at > $2 AND absolute_end_at > $2",
        user.as_str(),
        now.0
    )?;
    Ok(count)
}

/// Those that are over, the newest sign-in first, before the session `before` (empty for all).
///
/// # Errors
/// When the database can't be read.
pub async fn list_ended(
    db: On<'_>,
    user: &UserId,
    before: &str,
    now: Timestamp,
    limit: i64,
) -> StoreResult<Vec<EndedSession>> {
    let before = if before.is_empty() { super::END_OF_IDS } else { before };
    let rows: Vec<EndedRow> = sql!(
        db,
        fetch_all,
        concat!(
            "SELECT ",
            session_columns!(),
            ", end_message FROM sessions
             WHERE user_id = $1 AND id < $2
               AND (ended_at IS NOT NULL OR expires_at <= $3 OR idle_end_at <= $3 OR absolute_end_at <= $3)
             ORDER BY id DESC LIMIT $4"
        ),
        user.as_str(),
        before,
        now.0,
        limit
    )?;
    rows.into_iter().map(|row| Ok(EndedSession { session: row.row.read()?, message: row.end_message })).collect()
}
