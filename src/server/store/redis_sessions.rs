//! Redis in front of the ledger (`session.store = "redis"`): a request of the database strategy then reads Redis only.
//!
//! What lies there may always be lost, and is never believed against the ledger: it admits a live session until it is
//! read again, together with the revocations in memory, and refuses none. So a Redis that was flushed signs nobody out, and
//! one that was restored from a copy revives nobody. Whoever reads it finds nothing to sign in with, as it holds tokens by their
//! hash alone; whoever writes to it admits nobody, as a record without our MAC, or one that is too old, counts as a miss.
//!
//! A Redis that fails is passed over at once, until it answers again: it is tried each second beside the requests.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use cookie::time::OffsetDateTime;
use hmac::{Hmac, Mac as _};
use redis::{
    AsyncCommands as _, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::web_sessions::SIGNED_IN;
use crate::{
    domain::time::Timestamp,
    server::{
        clock::Clock,
        crypto::{keyring::Ring, session_token},
        secret::SecretBytes,
    },
};

/// Shorter than any answer from the ledger would be late: Redis helps or is passed over.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often one that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);
const PURPOSE: &[u8] = b"sekisho redis 1";

#[derive(Clone)]
pub struct RedisSessions {
    connection: ConnectionManager,
    tools: Arc<Tools>,
    /// It failed, and has not answered since.
    down: Arc<AtomicBool>,
}

/// What records are made and judged with.
pub struct Tools {
    pub keyring: Arc<Ring>,
    pub clock: Clock,
    /// How long a copy may be believed: as long as a revocation is remembered.
    pub life: Duration,
}

/// What lies in Redis under the hash of a session's token.
#[derive(Serialize, Deserialize)]
struct Stored {
    data: String,
    /// Seconds; of the session.
    expires_at: i64,
    /// Milliseconds; of the copy.
    until: i64,
    kid: String,
    mac: String,
}

impl std::fmt::Debug for RedisSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisSessions")
    }
}

impl RedisSessions {
    /// One whose server need not be there yet.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(url: &str, tools: Tools) -> std::result::Result<Self, RedisError> {
        // Who fails is tried again by the clock of this file, not by that of the library.
        let settings = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connection = ConnectionManager::new_lazy_with_config(redis::Client::open(url)?, settings)?;
        Ok(Self { connection, tools: Arc::new(tools), down: Arc::default() })
    }

    /// What a command comes to, `None` where Redis is down or fails.
    async fn ask<T>(&self, command: impl Future<Output = std::result::Result<T, RedisError>>) -> Option<T> {
        if self.down.load(Ordering::Acquire) {
            return None;
        }
        let error = match tokio::time::timeout(PATIENCE, command).await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it did not answer in time".to_owned(),
        };
        if !self.down.swap(true, Ordering::AcqRel) {
            tracing::warn!(error, "Redis is passed over until it answers again");
            tokio::spawn(self.clone().try_again());
        }
        None
    }

    async fn try_again(mut self) {
        loop {
            tokio::time::sleep(AGAIN).await;
            let answer = tokio::time::timeout(PATIENCE, self.connection.ping::<()>()).await;
            if matches!(answer, Ok(Ok(()))) {
                self.down.store(false, Ordering::Release);
                tracing::info!("Redis answers again");
                return;
            }
        }
    }
}

impl Tools {
    fn stored(&self, key: &str, record: &Record) -> Result<Stored> {
        let data = serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
        let expires_at = record.expiry_date.unix_timestamp();
        let until = self.clock.now().plus(self.life).0;
        let keyring = self.keyring.now();
        let (kid, secret) = keyring.deriving();
        let mac = BASE64_URL_SAFE_NO_PAD.encode(mac(secret, key, (&data, expires_at, until)).finalize().into_bytes());
        Ok(Stored { data, expires_at, until, kid: kid.to_owned(), mac })
    }

    /// The record, if it is ours and young enough.
    fn believed(&self, key: &str, id: &Id, text: &str) -> Option<Record> {
        let stored: Stored = serde_json::from_str(text).ok()?;
        let keyring = self.keyring.now();
        let presented = BASE64_URL_SAFE_NO_PAD.decode(&stored.mac).ok()?;
        mac(keyring.mac(&stored.kid)?, key, (&stored.data, stored.expires_at, stored.until))
            .verify_slice(&presented)
            .ok()?;
        if Timestamp(stored.until) <= self.clock.now() {
            return None;
        }
        let expiry_date = OffsetDateTime::from_unix_timestamp(stored.expires_at).ok()?;
        Some(Record { id: *id, data: serde_json::from_str(&stored.data).ok()?, expiry_date })
    }
}

fn mac(secret: &SecretBytes, key: &str, (data, expires_at, until): (&str, i64, i64)) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(secret.expose())
        .unwrap_or_else(|_| unreachable!("HMAC takes any key"));
    mac.update(PURPOSE);
    // Of fixed length, all but the last.
    mac.update(key.as_bytes());
    mac.update(&expires_at.to_be_bytes());
    mac.update(&until.to_be_bytes());
    mac.update(data.as_bytes());
    mac
}

#[async_trait]
impl SessionStore for RedisSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.save(record).await
    }

    /// Keeps signed-in sessions only; a failure leaves the ledger to be asked.
    async fn save(&self, record: &Record) -> Result<()> {
        if record.data.contains_key(SIGNED_IN) {
            let key = key(&record.id);
            let text = serde_json::to_string(&self.tools.stored(&key, record)?)
                .map_err(|error| Error::Encode(error.to_string()))?;
            let mut connection = self.connection.clone();
            self.ask(connection.set_ex::<_, _, ()>(key, text, self.tools.life.as_secs().max(1))).await;
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let key = key(id);
        let mut connection = self.connection.clone();
        let text = self.ask(connection.get::<_, Option<String>>(&key)).await.flatten();
        Ok(text.and_then(|text| self.tools.believed(&key, id, &text)))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let mut connection = self.connection.clone();
        self.ask(connection.del::<_, ()>(key(id))).await;
        Ok(())
    }
}

fn key(id: &Id) -> String {
    format!("sekisho:session:{}", BASE64_URL_SAFE_NO_PAD.encode(session_token::hash(id)))
}
