//! The guarded write of a refresh: a session's row moves on if it is still as it was read.
//!
//! The text here serves both databases and is the one that refuses. On PostgreSQL renewals at once go as one statement
//! before it (`session_batches.rs`); on SQLite the writer gathers them.

use std::sync::Arc;

use super::{Db, On, StoreResult, Tx, db::Renewer, sessions::Session, signed, sql};
use crate::domain::{ids::SessionId, time::Timestamp};

/// A session as it was read, and as it is to be from `now`.
#[derive(Clone)]
pub struct Renewal {
    pub read: Session,
    pub to: Session,
    pub now: Timestamp,
}

impl Renewal {
    /// Writes it, by itself or with others: the session as it is then, or `None` as of [`renew`]. It goes on when the
    /// caller is gone.
    ///
    /// # Errors
    /// When the row can't be written, or nobody knows whether it was.
    pub async fn carry_out(self, db: &Db) -> StoreResult<Option<Session>> {
        let renewal = Arc::new(self);
        let handed_in = Arc::clone(&renewal);
        let renewed = match db.renewer() {
            Renewer::Batches(batches) => batches.renew(handed_in).await?,
            Renewer::Writer(writer) => {
                let write = writer.write(|tx| {
                    Box::pin(async move { renew(tx, &handed_in.read, &handed_in.to, handed_in.now).await })
                });
                write.await?
            }
        };
        Ok(renewed.map(|idle_end_at| {
            let mut session = Arc::unwrap_or_clone(renewal).to;
            session.ends.idle_end_at = idle_end_at;
            session
        }))
    }
}

/// Writes down that the credential of a session was replaced, so that what is below its generation buys nothing. Goes with
/// a [`renew`] that moved the session to that generation.
///
/// # Errors
/// When the row can't be written.
pub async fn replaced(tx: &mut Tx, id: &SessionId, below: u64, now: Timestamp) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE sessions SET replaced_below = $1, replaced_at = $2 WHERE id = $3 AND replaced_below < $1",
        signed(below),
        now.0,
        id.as_str()
    )
    .map(drop)
}

/// Writes a session as `to` says, if it is still live with the chain that was read and its user is of the version that
/// `to` names and not locked; its idle end, which acts move and a renewal doesn't. `None` means someone was faster, and
/// nothing was written. Which generation was confirmed meanwhile is no matter where the chain moves on: the token that moves
/// it confirms its own.
///
/// # Errors
/// When the row can't be written.
pub async fn renew(tx: &mut Tx, read: &Session, to: &Session, now: Timestamp) -> StoreResult<Option<Timestamp>> {
    renew_on(tx.on(), read, to, now).await
}

/// The same where it is a transaction by itself.
///
/// # Errors
/// When the row can't be written.
pub(super) async fn renew_on(
    db: On<'_>,
    read: &Session,
    to: &Session,
    now: Timestamp,
) -> StoreResult<Option<Timestamp>> {
    let renewed: Option<(i64,)> = sql!(
        db,
        fetch_optional,
        "UPDATE sessions SET generation = $1, confirmed_generation = $2, rotated_at = $3, late_streak = $4,
           late_generation = $5, device_kind = $6, user_agent = $7, address = $8, expires_at = $9, issued_as = $10,
           token_hash = $11, former_token_hash = $12, user_version = $13, proved_at = $14
         WHERE id = $15 AND generation = $16 AND (confirmed_generation = $17 OR $1 > $16) AND late_streak = $18
           AND late_generation = $19 AND ended_at IS NULL
           AND expires_at > $20 AND idle_end_at > $20 AND absolute_end_at > $20
           AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND version = $13 AND locked_at IS NULL)
         RETURNING idle_end_at",
        signed(to.chain.generation),
        signed(to.chain.confirmed_generation),
        to.chain.rotated_at.0,
        i64::from(to.chain.late_streak),
        signed(to.chain.late_generation),
        &to.chain.device_kind,
        &to.user_agent,
        &to.address,
        to.ends.expires_at.0,
        to.issued_as.as_str(),
        to.token_hash.as_ref().map(<[u8; 32]>::as_slice),
        to.former_token_hash.as_ref().map(<[u8; 32]>::as_slice),
        to.user_version,
        to.proved_at.0,
        read.id.as_str(),
        signed(read.chain.generation),
        signed(read.chain.confirmed_generation),
        i64::from(read.chain.late_streak),
        signed(read.chain.late_generation),
        now.0
    )?;
    Ok(renewed.map(|(idle_end_at,)| Timestamp(idle_end_at)))
}
