//! Where a request of the database strategy reads its session: in the ledger, or in Redis in front of it.

use std::sync::Arc;

use cookie::time::OffsetDateTime;
use tower_sessions::{
    CachingSessionStore, Expiry, Session, SessionStore as _,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{
    redis_sessions::RedisSessions,
    web_sessions::{SIGNED_IN, SignedIn, WebSessions},
};
use crate::domain::time::Timestamp;

#[derive(Clone, Debug)]
pub struct SessionReader {
    ledger: Arc<WebSessions>,
    redis: Option<(RedisSessions, Arc<CachingSessionStore<RedisSessions, WebSessions>>)>,
}

impl SessionReader {
    #[must_use]
    pub fn new(ledger: WebSessions, redis: Option<RedisSessions>) -> Self {
        let redis = redis.map(|redis| {
            let through = CachingSessionStore::new(redis.clone(), ledger.clone());
            (redis, Arc::new(through))
        });
        Self { ledger: Arc::new(ledger), redis }
    }

    /// The signed-in session of a token.
    ///
    /// # Errors
    /// When the ledger can't be read.
    pub async fn read(&self, id: &Id) -> Result<Option<SignedIn>> {
        let found = match &self.redis {
            Some((_, through)) => through.load(id).await?,
            None => self.ledger.load(id).await?,
        };
        let Some(value) = found.and_then(|mut record| record.data.remove(SIGNED_IN)) else { return Ok(None) };
        serde_json::from_value(value).map(Some).map_err(|error| Error::Decode(error.to_string()))
    }

    /// Throws away what is not the ledger's own; whether there is such a thing.
    pub async fn forget(&self, id: &Id) -> bool {
        let Some((redis, _)) = &self.redis else { return false };
        let _ = redis.delete(id).await;
        true
    }

    /// What a browser does before it is signed in: under its token, or a fresh one, until `expires_at`.
    #[must_use]
    pub fn before_sign_in(&self, id: Option<Id>, expires_at: Timestamp) -> Session {
        let at = OffsetDateTime::from_unix_timestamp(expires_at.as_secs()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Session::new(id, Arc::clone(&self.ledger), Some(Expiry::AtDateTime(at)))
    }

    /// What was noted there, if it is still. Unlike a [`Session`] this doesn't log ids that nobody was given.
    ///
    /// # Errors
    /// When the ledger can't be read.
    pub async fn noted(&self, id: &Id) -> Result<Option<Record>> {
        self.ledger.load(id).await
    }
}
