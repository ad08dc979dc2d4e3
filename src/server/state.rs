//! What every request shares. Built once at start, handed to the router, and to tests.

use std::{ops::Deref, sync::Arc};

use quick_cache::sync::Cache;

use super::{
    clock::Clock,
    config::{Config, Faults, WebStore},
    crypto::{
        access_token::AccessTokens,
        audit_seal::AuditSeals,
        keyring::Ring,
        password_hash::{Cost, PasswordHasher},
    },
    flow::{
        self, admin_users::Headcount, audience::AudienceTokens, audit_sealing::LastSealed, revocation_list::SignedLists,
    },
    http::wrong_address::Told,
    metrics::Metrics,
    node::{
        activity::Tally,
        confirmations::Confirmations,
        live::Live,
        nodes::{self, Nodes},
        readiness::Readiness,
        refusals::Refusals,
        revocation_feed::Feed,
        revocation_set::RevocationSet,
        sights::Sights,
    },
    open_files::{self, Room},
    outbound::Outbound,
    rng::Rng,
    store::{
        Db, StoreError,
        db::OpenError,
        redis_sessions::{RedisSessions, Tools},
        session_reader::SessionReader,
        sessions::Session,
        users::User,
        web_sessions::WebSessions,
    },
};
use crate::domain::{
    ids::{SessionId, UserId},
    session::Ends,
    time::Timestamp,
};

#[derive(Clone)]
pub struct AppState(Arc<Inner>);

pub struct Inner {
    pub config: Config,
    pub clock: Clock,
    pub rng: Rng,
    pub db: Db,
    pub keyring: Arc<Ring>,
    pub access_tokens: AccessTokens,
    pub audience_tokens: AudienceTokens,
    pub audit_seals: Arc<AuditSeals>,
    pub last_sealed: LastSealed,
    pub refusals: Refusals,
    pub hasher: PasswordHasher,
    pub revoked: Arc<RevocationSet>,
    pub feed: Feed,
    pub live: Arc<Live>,
    pub nodes: Nodes,
    /// As it was at the start.
    pub room: Room,
    pub lists: SignedLists,
    pub metrics: Metrics,
    pub tally: Tally,
    pub sights: Sights,
    pub confirmations: Confirmations,
    pub readiness: Readiness,
    pub facts: SessionFacts,
    /// What this node last renewed.
    pub known: Cache<SessionId, Arc<Known>>,
    pub web_sessions: SessionReader,
    pub outbound: Outbound,
    pub headcount: Headcount,
    /// When the log said last that somebody came by another address than ours.
    pub told_addresses: Told,
    /// When people last acted on pages behind a proxy, which their tokens don't know.
    pub proxied_acts: Cache<SessionId, Timestamp>,
}

/// What a session's row says that no token carries, so that telling someone about their session needs no query.
pub type SessionFacts = Cache<SessionId, Arc<Facts>>;

const CACHED_FACTS: usize = 16_384;

#[derive(Clone, Debug)]
pub struct Facts {
    pub email: String,
    pub display_name: String,
    pub ends: Ends,
    pub read_at: Timestamp,
}

/// A session as it was last written here, and its user as that was read, so that the next renewal need not read them: its
/// write sees whether they are so still.
#[derive(Clone, Debug)]
pub struct Known {
    pub session: Session,
    pub user: User,
    pub read_at: Timestamp,
}

impl Deref for AppState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// What a start is made of, so that tests can hand in their own clock and cost.
pub struct Parts {
    pub config: Config,
    pub clock: Clock,
    pub rng: Rng,
    pub cost: Cost,
    pub hash_threads: usize,
}

impl Parts {
    #[must_use]
    pub fn of_system(config: Config) -> Self {
        Self {
            config,
            clock: Clock::System,
            rng: Rng::from_system(),
            cost: Cost::STANDARD,
            hash_threads: PasswordHasher::default_threads(),
        }
    }
}

/// Why the server does not start; one line each.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] Faults),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Keyring(#[from] super::crypto::keyring::KeyringError),
    #[error("database.url: {0}")]
    Store(#[from] StoreError),
    #[error("redis.url: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("hashing threads: {0}")]
    Threads(#[from] std::io::Error),
}

impl AppState {
    /// Opens the database, migrates it, opens or makes the keyring, and loads what has been revoked.
    ///
    /// # Errors
    /// Whatever keeps the server from serving, in a line for its operator.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let Parts { config, clock, rng, cost, hash_threads } = parts;
        config.refuse_lost_database()?;
        let room = Room::within(open_files::limit());
        let live = Arc::new(Live::with_room_for(room.streams));
        let revoked =
            Arc::new(RevocationSet::waking(Arc::clone(&live), clock.clone(), flow::tokens::longest_life(&config)));
        let (applied, told) = (Arc::clone(&revoked), Arc::clone(&live));
        let on_commit = Arc::new(move |new: &[_], changed: &[_]| {
            for revocation in new {
                applied.apply(revocation);
            }
            for user in changed {
                told.changed(user);
            }
        });
        let db = Box::pin(Db::open(&config.database, on_commit)).await?;
        let keyring = Arc::new(flow::keys::open(&config, &db, &rng, clock.now()).await?);
        flow::webhook_acts::reseal(&db, keyring.opener(), &rng).await?;
        let feed = Feed::default();
        feed.catch_up(&revoked, &db, &clock).await?;
        let nodes = Nodes::new(rng.uuid(clock.now()), clock.now(), nodes::origin(config.addr));
        Ok(Self(Arc::new(Inner {
            access_tokens: AccessTokens::new(&config.public_url),
            audience_tokens: AudienceTokens::default(),
            audit_seals: flow::audit_seal::seals(&config)?,
            last_sealed: LastSealed::default(),
            refusals: Refusals::default(),
            hasher: PasswordHasher::start(cost, hash_threads, rng.clone())?,
            confirmations: Confirmations::default(),
            readiness: Readiness::of(config.database_file()),
            facts: SessionFacts::new(CACHED_FACTS),
            known: Cache::new(CACHED_FACTS / 2),
            proxied_acts: Cache::new(CACHED_FACTS),
            outbound: Outbound::new(config.webhooks_allow_private.clone()),
            headcount: Headcount::default(),
            web_sessions: web_sessions(&config, &db, (&clock, &keyring))?,
            told_addresses: Told::default(),
            config,
            clock,
            rng,
            db,
            keyring,
            revoked,
            feed,
            live,
            nodes,
            room,
            lists: SignedLists::default(),
            metrics: Metrics::default(),
            tally: Tally::default(),
            sights: Sights::default(),
        })))
    }

    #[must_use]
    pub fn new_user_id(&self, now: Timestamp) -> UserId {
        UserId::parse(&self.rng.uuid(now)).unwrap_or_else(|| unreachable!("a UUID is a UUID"))
    }

    #[must_use]
    pub fn new_session_id(&self, now: Timestamp) -> SessionId {
        SessionId::parse(&self.rng.uuid(now)).unwrap_or_else(|| unreachable!("a UUID is a UUID"))
    }
}

/// Where the database strategy reads sessions.
fn web_sessions(config: &Config, db: &Db, (clock, keyring): (&Clock, &Arc<Ring>)) -> Result<SessionReader, StartError> {
    let redis = match &config.web_store {
        WebStore::Sql => None,
        WebStore::Redis(url) => {
            let (keyring, clock) = (Arc::clone(keyring), clock.clone());
            Some(RedisSessions::new(url, Tools { keyring, clock, life: config.lifetimes.access_ttl })?)
        }
    };
    Ok(SessionReader::new(WebSessions::new(db.clone(), clock.clone()), redis))
}
