//! The tower-sessions store of the database strategy, and of what a browser does before it is signed in.
//!
//! A signed-in session is a row of `sessions`, found by the hash of its token; here it is only read. Its changes are the
//! flows' own, each in a transaction that compares and sets: published stores `save` by upsert, and so a request under way
//! brings a session back that was revoked meanwhile. What has no row there lies in `web_sessions` until it expires.

use std::collections::HashMap;

use async_trait::async_trait;
use cookie::time::OffsetDateTime;
use serde::{Deserialize, Serialize};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{
    Db, StoreError, StoreResult, Tx,
    sessions::{self, Session},
    sql,
    users::User,
};
use crate::{
    domain::{
        ids::{SessionId, UserId},
        role::Role,
        session::{EndReason, Ends, SessionState},
        time::Timestamp,
    },
    server::{
        clock::Clock,
        crypto::session_token::{self, TokenHash},
    },
};

/// Under this name a record holds a [`SignedIn`].
pub const SIGNED_IN: &str = "signed_in";

/// A session and its user as a request of the database strategy needs them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignedIn {
    pub session_id: SessionId,
    pub user_id: UserId,
    pub role: Role,
    pub user_version: i64,
    pub locked: bool,
    /// The token was issued before the user's version was raised, or is the one before the current: a new one is due.
    pub outdated: bool,
    pub generation: u64,
    pub confirmed_generation: u64,
    pub remembered: bool,
    pub signed_in_at: Timestamp,
    #[serde(default)]
    pub proved_at: Timestamp,
    pub last_active_at: Timestamp,
    pub expires_at: Timestamp,
    pub idle_end_at: Timestamp,
    pub absolute_end_at: Timestamp,
    pub ended: Option<EndReason>,
}

impl SignedIn {
    fn of(session: &Session, user: &User, presented: TokenHash) -> Self {
        let current = session.token_hash == Some(presented);
        Self {
            session_id: session.id.clone(),
            user_id: user.id.clone(),
            role: user.role,
            user_version: user.version,
            locked: user.locked_at.is_some(),
            outdated: !current || session.user_version < user.version,
            generation: session.chain.generation,
            confirmed_generation: session.chain.confirmed_generation,
            remembered: session.remembered,
            signed_in_at: session.signed_in_at,
            proved_at: session.proved_at,
            last_active_at: session.last_active_at,
            expires_at: session.ends.expires_at,
            idle_end_at: session.ends.idle_end_at,
            absolute_end_at: session.ends.absolute_end_at,
            ended: session.ended.map(|(_, reason)| reason),
        }
    }

    #[must_use]
    pub fn ends(&self) -> Ends {
        Ends { expires_at: self.expires_at, idle_end_at: self.idle_end_at, absolute_end_at: self.absolute_end_at }
    }

    #[must_use]
    pub fn state(&self, now: Timestamp) -> SessionState {
        self.ends().state(self.ended, now)
    }
}

#[derive(Clone)]
pub struct WebSessions {
    db: Db,
    clock: Clock,
}

impl std::fmt::Debug for WebSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebSessions")
    }
}

impl WebSessions {
    #[must_use]
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    async fn insert(&self, new: &Record) -> StoreResult<()> {
        let new = new.clone();
        self.db.write(move |tx| Box::pin(async move { insert(tx, &new).await })).await
    }

    async fn before_sign_in(&self, hash: TokenHash) -> StoreResult<Option<(String, i64)>> {
        sql!(
            self.db.read(),
            fetch_optional,
            "SELECT data, expires_at FROM web_sessions WHERE id_hash = $1 AND expires_at > $2",
            hash.as_slice(),
            self.clock.now().0
        )
    }
}

/// Notes what a browser does before it is signed in.
///
/// # Errors
/// [`StoreError::Conflict`] when the id is taken.
pub async fn insert(tx: &mut Tx, new: &Record) -> StoreResult<()> {
    let (hash, data, expires_at) = columns(new)?;
    sql!(
        tx.on(),
        execute,
        "INSERT INTO web_sessions (id_hash, data, expires_at) VALUES ($1, $2, $3)",
        hash.as_slice(),
        data.as_str(),
        expires_at
    )
    .map(drop)
}

/// Takes what was noted under an id out of the table: of several callers at once one is given it.
///
/// # Errors
/// When the row can't be read or deleted.
pub async fn take(tx: &mut Tx, id: &Id, now: Timestamp) -> StoreResult<Option<Record>> {
    let taken: Option<(String, i64)> = sql!(
        tx.on(),
        fetch_optional,
        "DELETE FROM web_sessions WHERE id_hash = $1 AND expires_at > $2 RETURNING data, expires_at",
        session_token::hash(id).as_slice(),
        now.0
    )?;
    let wrong = |_| StoreError::Inconsistent { table: "web_sessions", column: "data" };
    taken
        .map(|(data, expires_at)| Ok(record(id, serde_json::from_str(&data).map_err(wrong)?, Timestamp(expires_at))))
        .transpose()
}

#[async_trait]
impl SessionStore for WebSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while let Err(error) = self.insert(record).await {
            match error {
                StoreError::Conflict => record.id = Id::default(),
                other => return Err(backend(&other)),
            }
        }
        Ok(())
    }

    /// Changes what is there and has not expired; never brings back what is gone.
    async fn save(&self, record: &Record) -> Result<()> {
        if record.data.contains_key(SIGNED_IN) {
            return Ok(());
        }
        let now = self.clock.now();
        let (hash, data, expires_at) = columns(record).map_err(|error| backend(&error))?;
        let saved = self.db.write(move |tx| {
            Box::pin(async move {
                sql!(
                    tx.on(),
                    execute,
                    "UPDATE web_sessions SET data = $1, expires_at = $2 WHERE id_hash = $3 AND expires_at > $4",
                    data.as_str(),
                    expires_at,
                    hash.as_slice(),
                    now.0
                )
                .map(drop)
            })
        });
        saved.await.map_err(|error| backend(&error))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let hash = session_token::hash(id);
        let found = sessions::find_by_token(self.db.read(), &hash).await.map_err(|error| backend(&error))?;
        if let Some((session, user)) = found {
            let expires_at = session.ends.expires_at;
            let signed_in = serde_json::to_value(SignedIn::of(&session, &user, hash)).map_err(decoding)?;
            return Ok(Some(record(id, HashMap::from([(SIGNED_IN.to_owned(), signed_in)]), expires_at)));
        }
        let found = self.before_sign_in(hash).await.map_err(|error| backend(&error))?;
        found
            .map(|(data, at)| Ok(record(id, serde_json::from_str(&data).map_err(decoding)?, Timestamp(at))))
            .transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let hash = session_token::hash(id);
        let deleted = self.db.write(move |tx| {
            Box::pin(async move {
                sql!(tx.on(), execute, "DELETE FROM web_sessions WHERE id_hash = $1", hash.as_slice()).map(drop)
            })
        });
        deleted.await.map_err(|error| backend(&error))
    }
}

fn record(id: &Id, data: HashMap<String, serde_json::Value>, expires_at: Timestamp) -> Record {
    let expiry_date = OffsetDateTime::from_unix_timestamp(expires_at.as_secs()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    Record { id: *id, data, expiry_date }
}

fn columns(record: &Record) -> StoreResult<(TokenHash, String, i64)> {
    let wrong = |_| StoreError::Inconsistent { table: "web_sessions", column: "data" };
    let data = serde_json::to_string(&record.data).map_err(wrong)?;
    Ok((session_token::hash(&record.id), data, Timestamp::from_secs(record.expiry_date.unix_timestamp()).0))
}

fn backend(error: &StoreError) -> Error {
    Error::Backend(error.to_string())
}

fn decoding(error: serde_json::Error) -> Error {
    Error::Decode(error.to_string())
}
