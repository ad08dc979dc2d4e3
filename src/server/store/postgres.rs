//! Writes on PostgreSQL: each intent in a transaction of its own, on a connection of the pool.
//!
//! READ COMMITTED is enough because every intent compares and sets, or begins by updating the one row that stands for
//! what it depends on. Intents that touch a user and their sessions take the user's row first.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    StoreError, StoreResult, Tx, notices,
    patience::{self, PATIENCE, patiently},
    plans::Plans,
    session_batches::{self, SessionBatches},
    tx::Conn,
    writer::OnCommit,
};

const CONNECTIONS: u32 = 16;
/// A start may wait longer than a request.
const START_PATIENCE: Duration = Duration::from_secs(5);

/// A connection to begin with, which waits as long as a migration takes, or another process's.
///
/// # Errors
/// When the address is none, or nobody answers there.
pub async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
    in_time_to_start(options(url)?.connect()).await
}

/// # Errors
/// What it came to, or that it took too long.
pub async fn in_time_to_start<T>(run: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(START_PATIENCE, run).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// A server: the pool for everything, and what sends the reads and writes of many refreshes as one.
#[derive(Clone)]
pub struct Postgres {
    pub pool: PgPool,
    pub(super) batches: Arc<SessionBatches>,
    pub plans: Plans,
    options: PgConnectOptions,
}

impl Postgres {
    /// The server at an address; it is connected to when it is used.
    ///
    /// # Errors
    /// When the address is none.
    pub fn at(url: &str) -> Result<Self, sqlx::Error> {
        let options = options_in_use(url)?;
        let plans = Plans::default();
        let pool = pool(options.clone(), CONNECTIONS, &plans);
        let for_batches = options.clone().options(session_batches::SETTINGS);
        let for_batches = self::pool(for_batches, session_batches::CONNECTIONS, &plans);
        let batches = Arc::new(SessionBatches::new(for_batches, pool.clone(), &plans));
        Ok(Self { pool, batches, plans, options })
    }

    /// The same server by one connection of one's own, which is free however many are in use.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { pool: pool(self.options.clone(), 1, &self.plans), ..self.clone() }
    }

    /// Waits until everything handed in is committed or refused, and closes.
    pub async fn close(&self) {
        self.batches.close().await;
        self.pool.close().await;
    }
}

/// A pool, which connects when it is used.
fn pool(options: PgConnectOptions, connections: u32, plans: &Plans) -> PgPool {
    let plans = plans.clone();
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(move |conn, about| {
            let is_outlived = plans.may_be_outlived(about.age);
            Box::pin(async move { Ok(!is_outlived && answers(conn, about.idle_for).await?) })
        })
        .connect_lazy_with(options)
}

/// Sessions wait for locks and statements a little less long than those who ask.
///
/// # Errors
/// When the address is none.
pub fn options_in_use(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    let patience =
        [("lock_timeout", "1200"), ("statement_timeout", "1400"), ("idle_in_transaction_session_timeout", "5000")];
    Ok(options(url)?.options(patience))
}

fn options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(url.parse::<PgConnectOptions>()?.application_name("sekisho").disable_statement_logging())
}

/// A connection that has rested may have been cut meanwhile; one in use shows it soon enough.
async fn answers(conn: &mut PgConnection, idle: Duration) -> Result<bool, sqlx::Error> {
    if idle > Duration::from_secs(1) {
        conn.ping().await?;
    }
    Ok(true)
}

/// A connection that goes back to the pool only when its work came to an end, and is closed otherwise. Taken back
/// amid a statement, the pool would ask it whether it answers, and wait for that as long as it doesn't; amid a
/// transaction, the next one would go on in it.
pub struct Lent(Option<PoolConnection<sqlx::Postgres>>);

impl Lent {
    /// # Errors
    /// When none is free and none can be made.
    pub async fn from(pool: &PgPool) -> Result<Self, sqlx::Error> {
        // Boxed, or every flow that reads would carry the thirty kilobytes of state that connecting takes.
        Ok(Self(Some(Box::pin(pool.acquire()).await?)))
    }

    pub fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        drop(self.0.take().map(PoolConnection::detach));
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.0.as_deref().unwrap_or_else(|| unreachable!("it is not given back yet"))
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.0.as_deref_mut().unwrap_or_else(|| unreachable!("it is not given back yet"))
    }
}

/// Runs `intent` and answers after its commit; it goes on when the caller is gone.
///
/// # Errors
/// What the intent returned, that it could not be committed, or that it took too long. Whether a commit that was not
/// answered took place nobody knows: what it revoked is heard from the feed.
pub async fn write<T, F>(server: Postgres, on_commit: OnCommit, intent: F) -> StoreResult<T>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, StoreResult<T>> + Send + 'static,
{
    let deadline = Instant::now() + patience::left();
    carry_out(async move {
        let mut tx = Tx::new(Conn::Postgres(Lent::from(&server.pool).await?));
        let outcome = timeout_at(deadline, transact(&mut tx, intent)).await.unwrap_or(Err(StoreError::Slow));
        if outcome.is_ok() {
            on_commit(&tx.revocations, &tx.changed);
        }
        // An intent can't be run twice; nothing of it was written, and the next one finds new plans.
        server.plans.have_refused(&outcome);
        tokio::spawn(give_back(tx, outcome.is_ok()));
        outcome
    })
    .await
}

/// Goes on when the caller is gone, or has been told that it took too long.
async fn carry_out<T: Send + 'static>(work: impl Future<Output = StoreResult<T>> + Send + 'static) -> StoreResult<T> {
    patiently(async { tokio::spawn(work).await.map_err(|_| StoreError::NotWritten)? }).await
}

async fn transact<T, F>(tx: &mut Tx, intent: F) -> StoreResult<T>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, StoreResult<T>> + Send,
{
    execute(tx, "BEGIN").await?;
    let value = intent(tx).await?;
    tx.number_revocations(0).await?;
    // Where a statement has failed and its intent went on, COMMIT alone rolls back and calls that a success.
    execute(tx, if tx.revocations.is_empty() { "SELECT 1; COMMIT" } else { notices::COMMIT }).await?;
    Ok(value)
}

/// What has not been committed is rolled back first, and what has changed is told to those who look on; a connection
/// that doesn't answer even to that is closed.
async fn give_back(mut tx: Tx, committed: bool) {
    let last =
        async { if committed { notices::tell_changes(&mut tx).await } else { execute(&mut tx, "ROLLBACK").await } };
    let clean = matches!(timeout(PATIENCE, last).await, Ok(Ok(())));
    if let (Conn::Postgres(conn), true) = (tx.conn, clean) {
        conn.give_back();
    }
}

async fn execute(tx: &mut Tx, statement: &'static str) -> StoreResult<()> {
    if let Conn::Postgres(conn) = &mut tx.conn {
        (&mut **conn).execute(statement).await?;
    }
    Ok(())
}
