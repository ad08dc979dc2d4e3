//! Writes on PostgreSQL: each intent in a transaction of its own, on a connection of the pool.
//!
//! READ COMMITTED is enough because every intent compares and sets, or begins by updating the one row that stands for
//! what it depends on. Intents that touch a user and their sessions take the user's row first.

use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use super::{StoreError, StoreResult, Tx, on::PATIENCE, tx::Conn, writer::OnCommit};

const CONNECTIONS: u32 = 16;

/// Opens the pool. Each session waits for locks and statements a little less long than the callers do.
///
/// # Errors
/// When the address is none, or nobody answers there.
pub async fn connect(url: &str) -> Result<PgPool, sqlx::Error> {
    let options = url
        .parse::<PgConnectOptions>()?
        .application_name("sekisho")
        .options([
            ("lock_timeout", "1200"),
            ("statement_timeout", "1400"),
            ("idle_in_transaction_session_timeout", "5000"),
        ])
        .disable_statement_logging();
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(|conn, about| Box::pin(async move { answers(conn, about.idle_for).await }))
        .connect_with(options)
        .await
}

/// A connection that has rested may have been cut meanwhile; one in use shows it soon enough.
async fn answers(conn: &mut PgConnection, idle: Duration) -> Result<bool, sqlx::Error> {
    if idle > Duration::from_secs(1) {
        conn.ping().await?;
    }
    Ok(true)
}

/// Runs `intent` and answers after its commit; it goes on when the caller is gone.
///
/// # Errors
/// What the intent returned, or that it could not be committed.
pub async fn write<T, F>(pool: PgPool, on_commit: OnCommit, intent: F) -> StoreResult<T>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, StoreResult<T>> + Send + 'static,
{
    let carried_out = tokio::spawn(async move {
        let conn = pool.acquire().await?;
        let mut tx = Tx::new(Conn::Postgres(conn));
        let outcome = timeout(PATIENCE, transact(&mut tx, intent)).await.unwrap_or(Err(StoreError::Slow));
        match outcome {
            Ok(value) => {
                on_commit(&tx.revocations);
                Ok(value)
            }
            Err(error) => {
                roll_back(tx).await;
                Err(error)
            }
        }
    });
    carried_out.await.map_err(|_| StoreError::NotWritten)?
}

async fn transact<T, F>(tx: &mut Tx, intent: F) -> StoreResult<T>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, StoreResult<T>> + Send,
{
    execute(tx, "BEGIN").await?;
    let value = intent(tx).await?;
    tx.number_revocations(0).await?;
    execute(tx, "COMMIT").await?;
    Ok(value)
}

/// A connection that doesn't answer to this either is not given back.
async fn roll_back(mut tx: Tx) {
    let rolled_back = timeout(PATIENCE, execute(&mut tx, "ROLLBACK")).await;
    if !matches!(rolled_back, Ok(Ok(())))
        && let Conn::Postgres(conn) = tx.conn
    {
        drop(conn.detach());
    }
}

async fn execute(tx: &mut Tx, statement: &'static str) -> StoreResult<()> {
    if let Conn::Postgres(conn) = &mut tx.conn {
        conn.execute(statement).await?;
    }
    Ok(())
}
