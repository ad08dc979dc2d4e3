//! A session and its user by one read, for what is asked at each request.

use sqlx::FromRow;

use super::{
    On, StoreResult,
    session_row::{Row, Session, session_columns},
    sql,
    user_row::joined_user_columns,
    users::{self, User},
};
use crate::{
    domain::{ids::SessionId, session::EndReason, time::Timestamp},
    server::crypto::session_token::TokenHash,
};

/// A session with its user: one read, which on PostgreSQL goes with those of others.
///
/// # Errors
/// When the database can't be read.
pub async fn find_with_user(db: On<'_>, id: &SessionId) -> StoreResult<Option<(Session, User)>> {
    if let On::Postgres(server) = &db {
        return server.batches.find(id.clone()).await;
    }
    let found: Option<Both> = sql!(
        db,
        fetch_optional,
        concat!(
            "SELECT ",
            session_columns!("s."),
            ", ",
            joined_user_columns!(),
            " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1"
        ),
        id.as_str()
    )?;
    found.map(Both::read).transpose()
}

#[derive(FromRow)]
pub(super) struct Both {
    #[sqlx(flatten)]
    session: Row,
    #[sqlx(flatten)]
    user: users::JoinedRow,
    /// Why everything minted for the user up to this session's version is dead, if it is: also where the row was not marked
    /// as ended, be it that the clock of whoever ended the others took it to be over.
    dead_reason: Option<String>,
}

impl Both {
    pub(super) fn id(&self) -> &str {
        self.session.id()
    }

    pub(super) fn read(self) -> StoreResult<(Session, User)> {
        let mut session = self.session.read()?;
        if let Some(reason) = self.dead_reason {
            let reason = EndReason::parse(&reason).unwrap_or(EndReason::Revoked);
            session.ended.get_or_insert((Timestamp::default(), reason));
        }
        let user = self.user.read(session.user_id.clone())?;
        Ok((session, user))
    }
}

/// The session that a session token belongs to as its current or former one, with its user: one read.
///
/// # Errors
/// When the database can't be read.
pub async fn find_by_token(db: On<'_>, hash: &TokenHash) -> StoreResult<Option<(Session, User)>> {
    let found: Option<Both> = sql!(
        db,
        fetch_optional,
        concat!(
            "SELECT ",
            session_columns!("s."),
            ", ",
            joined_user_columns!(),
            " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1 OR s.former_token_hash = $1"
        ),
        hash.as_slice()
    )?;
    found.map(Both::read).transpose()
}
