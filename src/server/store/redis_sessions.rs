//! Redis in front of the ledger (`session.store = "redis"`): a request of the database strategy then reads Redis only.
//!
//! What lies there may always be lost, and is never believed against the ledger: it admits a live session until it is
//! read again, together with the revocations in memory, and refuses none. So a Redis that was flushed signs nobody out, and
//! one that was restored from a copy revives nobody.

use std::{future::Future, time::Duration};

use async_trait::async_trait;
use redis::{AsyncCommands as _, RedisError, aio::ConnectionManager};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::web_sessions::SIGNED_IN;
use crate::server::crypto::session_token;

/// Shorter than any answer from the ledger would be late: Redis helps or is passed over.
const PATIENCE: Duration = Duration::from_millis(250);

#[derive(Clone)]
pub struct RedisSessions {
    connection: ConnectionManager,
    /// How long a copy may be believed: as long as a revocation is remembered.
    life: Duration,
}

impl std::fmt::Debug for RedisSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisSessions")
    }
}

impl RedisSessions {
    /// # Errors
    /// When the address is none, or nobody answers there.
    pub async fn connect(url: &str, life: Duration) -> std::result::Result<Self, RedisError> {
        let connection = ConnectionManager::new(redis::Client::open(url)?).await?;
        Ok(Self { connection, life })
    }
}

#[async_trait]
impl SessionStore for RedisSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.save(record).await
    }

    /// Keeps signed-in sessions only; a failure leaves the ledger to be asked.
    async fn save(&self, record: &Record) -> Result<()> {
        if record.data.contains_key(SIGNED_IN) {
            let text = serde_json::to_string(record).map_err(|error| Error::Encode(error.to_string()))?;
            let mut connection = self.connection.clone();
            in_time(connection.set_ex::<_, _, ()>(key(&record.id), text, self.life.as_secs().max(1))).await;
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let mut connection = self.connection.clone();
        let text = in_time(connection.get::<_, Option<String>>(key(id))).await.flatten();
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let mut connection = self.connection.clone();
        in_time(connection.del::<_, ()>(key(id))).await;
        Ok(())
    }
}

fn key(id: &Id) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    format!("sekisho:session:{}", BASE64_URL_SAFE_NO_PAD.encode(session_token::hash(id)))
}

async fn in_time<T>(command: impl Future<Output = std::result::Result<T, RedisError>>) -> Option<T> {
    match tokio::time::timeout(PATIENCE, command).await {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            tracing::warn!(error = %error, "Redis is passed over");
            None
        }
        Err(_) => {
            tracing::warn!("Redis did not answer in time and is passed over");
            None
        }
    }
}
