//! Table `sessions`: the ledger. Every change of state compares and sets. What a row is, is `session_row.rs`; how it is renewed,
//! `session_renewal.rs`; how it ends, `session_end.rs`.

use super::{
    On, StoreResult, Tx,
    session_row::{Row, session_columns},
    signed, sql,
};
pub use super::{
    session_end::{Ending, end, end_all, end_all_as, end_as, end_notice},
    session_list::{EndedSession, LivePage, LivePlace, count_live, list_ended, list_live_some, list_oldest},
    session_renewal::{Renewal, renew, replaced},
    session_row::Session,
    session_with_user::{find_by_token, find_with_user},
};
use crate::domain::{
    ids::{SessionId, UserId},
    lifetimes::{evidence_end, first_end},
    session::Ends,
    time::Timestamp,
};

/// Whether it was written: a session that is there already stays as it is.
///
/// # Errors
/// When the row can't be written.
pub async fn insert(tx: &mut Tx, session: &Session) -> StoreResult<bool> {
    let inserted = sql!(
        tx.on(),
        execute,
        "INSERT INTO sessions (id, user_id, secret, mac_kid, generation, confirmed_generation, rotated_at, late_streak,
           late_generation, device_kind, user_agent, address, remembered, signed_in_at, last_active_at, expires_at,
           idle_end_at, absolute_end_at, issued_as, token_hash, user_version, voucher_ends_at, proved_at, due_at,
           cleanup_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
           $23, $24, $25)
         ON CONFLICT (id) DO NOTHING",
        session.id.as_str(),
        session.user_id.as_str(),
        session.secret.expose().as_slice(),
        &session.mac_kid,
        signed(session.chain.generation),
        signed(session.chain.confirmed_generation),
        session.chain.rotated_at.0,
        i64::from(session.chain.late_streak),
        signed(session.chain.late_generation),
        &session.chain.device_kind,
        &session.user_agent,
        &session.address,
        session.remembered,
        session.signed_in_at.0,
        session.last_active_at.0,
        session.ends.expires_at.0,
        session.ends.idle_end_at.0,
        session.ends.absolute_end_at.0,
        session.issued_as.as_str(),
        session.token_hash.as_ref().map(<[u8; 32]>::as_slice),
        session.user_version,
        session.voucher_ends_at.0,
        session.proved_at.0,
        first_end(session.ends).0,
        evidence_end(session.ends).0
    )?;
    if inserted == 1 {
        tx.changed(&session.user_id);
    }
    Ok(inserted == 1)
}

/// # Errors
/// When the database can't be read.
pub async fn find(db: On<'_>, id: &SessionId) -> StoreResult<Option<Session>> {
    let row: Option<Row> =
        sql!(db, fetch_optional, concat!("SELECT ", session_columns!(), " FROM sessions WHERE id = $1"), id.as_str())?;
    row.map(Row::read).transpose()
}

/// Holds a session's row until the transaction ends: `false` if there is none. Without, on PostgreSQL a refresh may move the
/// chain between a read and the write that depends on it.
///
/// # Errors
/// When the row can't be written.
pub async fn hold(tx: &mut Tx, id: &SessionId) -> StoreResult<bool> {
    let held = sql!(tx.on(), execute, "UPDATE sessions SET generation = generation WHERE id = $1", id.as_str())?;
    Ok(held == 1)
}

/// The live sessions of a user, last active first.
///
/// # Errors
/// When the database can't be read.
pub async fn list_live(db: On<'_>, user: &UserId, now: Timestamp) -> StoreResult<Vec<Session>> {
    let rows: Vec<Row> = sql!(
        db,
        fetch_all,
        concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions
             WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND idle_end_at > $2 AND absolute_end_at > $2
             ORDER BY last_active_at DESC, id DESC"
        ),
        user.as_str(),
        now.0
    )?;
    rows.into_iter().map(Row::read).collect()
}

/// Lets a session live on as long as a token that was signed for it, if nobody has ended it.
///
/// # Errors
/// When the row can't be written.
pub async fn extend(tx: &mut Tx, id: &SessionId, ends: Ends) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE sessions SET
           expires_at = CASE WHEN expires_at < $1 THEN $1 ELSE expires_at END,
           idle_end_at = CASE WHEN idle_end_at < $2 THEN $2 ELSE idle_end_at END,
           voucher_ends_at = CASE WHEN voucher_ends_at < $1 THEN $1 ELSE voucher_ends_at END,
           due_at = CASE WHEN due_at > $4 THEN $4 ELSE due_at END
         WHERE id = $3 AND ended_at IS NULL",
        ends.expires_at.0,
        ends.idle_end_at.0,
        id.as_str(),
        first_end(ends).0
    )
    .map(drop)
}

/// Moves the end of a session's life, if it is live.
///
/// # Errors
/// When the row can't be written.
pub async fn roll(tx: &mut Tx, id: &SessionId, expires_at: Timestamp, now: Timestamp) -> StoreResult<bool> {
    let rolled = sql!(
        tx.on(),
        execute,
        "UPDATE sessions SET expires_at = CASE WHEN expires_at < $1 THEN $1 ELSE expires_at END
         WHERE id = $2 AND ended_at IS NULL AND expires_at > $3 AND idle_end_at > $3 AND absolute_end_at > $3",
        expires_at.0,
        id.as_str(),
        now.0
    )?;
    Ok(rolled == 1)
}

/// Writes down when a session was last used.
///
/// # Errors
/// When the row can't be written.
pub async fn used(tx: &mut Tx, id: &SessionId, at: Timestamp) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE sessions SET last_active_at = $1 WHERE id = $2 AND last_active_at < $1 AND ended_at IS NULL",
        at.0,
        id.as_str()
    )
    .map(drop)
}

/// Marks a generation as having reached its browser.
///
/// # Errors
/// When the row can't be written.
pub async fn confirm(tx: &mut Tx, id: &SessionId, generation: u64) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE sessions SET confirmed_generation = $1 WHERE id = $2 AND generation = $1 AND confirmed_generation < $1",
        signed(generation),
        id.as_str()
    )?;
    Ok(())
}

/// Moves the idle end of a live session forward and gives the session as it is then; `None` if it is not live.
/// An end that is already later stays.
///
/// # Errors
/// When the row can't be written.
pub async fn touch(
    tx: &mut Tx,
    id: &SessionId,
    acted_at: Timestamp,
    idle_end_at: Timestamp,
    now: Timestamp,
) -> StoreResult<Option<Session>> {
    let row: Option<Row> = sql!(
        tx.on(),
        fetch_optional,
        concat!(
            "UPDATE sessions SET
               idle_end_at = CASE WHEN idle_end_at < $1 THEN $1 ELSE idle_end_at END,
               last_active_at = CASE WHEN last_active_at < $2 THEN $2 ELSE last_active_at END
             WHERE id = $3 AND ended_at IS NULL AND expires_at > $4 AND idle_end_at > $4 AND absolute_end_at > $4
             RETURNING ",
            session_columns!()
        ),
        idle_end_at.0,
        acted_at.0,
        id.as_str(),
        now.0
    )?;
    row.map(Row::read).transpose()
}

/// How many sessions are live, by the strategy whose credential their browser was last given.
///
/// # Errors
/// When the database can't be read.
pub async fn count_by_strategy(db: On<'_>, now: Timestamp) -> StoreResult<Vec<(String, i64)>> {
    Ok(sql!(
        db,
        fetch_all,
        "SELECT issued_as, COUNT(*) FROM sessions
         WHERE due_at < $2 AND expires_at > $1 AND idle_end_at > $1 AND absolute_end_at > $1 AND ended_at IS NULL
         GROUP BY issued_as",
        now.0,
        Timestamp::NEVER.0
    )?)
}
