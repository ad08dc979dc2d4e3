//! The embedded SQLite file: a few readers, and one writer.
//!
//! WAL with `synchronous = FULL`: a write that was answered survives a power cut. The writer commits many
//! intents at once, so that this costs nothing under load.

use std::{path::Path, time::Duration};

use futures::future::BoxFuture;
use sqlx::{
    SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    StoreResult, Tx,
    writer::{OnCommit, Writer},
};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Long enough for another process to finish its batch, short enough to answer 503 in time.
const BUSY_TIMEOUT: Duration = Duration::from_millis(1500);
const READERS: u32 = 4;

#[derive(Clone)]
pub struct Db {
    readers: SqlitePool,
    writer: Writer,
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("database.url: {0}")]
    Connect(#[source] sqlx::Error),
    #[error("database.url: the database is newer than this binary (migration {0} is unknown here)")]
    Newer(i64),
    #[error("database.url: migration failed: {0}")]
    Migrate(#[source] MigrateError),
}

impl Db {
    /// Opens the file, creating it if it is not there, and applies missing migrations.
    ///
    /// # Errors
    /// When the file can't be opened, is newer than this binary, or a migration fails.
    pub async fn open(file: &Path, on_commit: OnCommit) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_with(options.clone())
            .await
            .map_err(OpenError::Connect)?;
        migrate(&readers).await?;
        let writer = Writer::start(&options, on_commit).await.map_err(OpenError::Connect)?;
        Ok(Self { readers, writer })
    }

    /// For reads outside a write.
    #[must_use]
    pub fn read(&self) -> &SqlitePool {
        &self.readers
    }

    /// Runs `intent` in a transaction and answers after its commit. All of it happens, or, on an error, nothing.
    /// It goes on when the caller is gone.
    ///
    /// # Errors
    /// What the intent returned, or that it could not be committed.
    pub async fn write<T, F>(&self, intent: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, StoreResult<T>> + Send + 'static,
    {
        self.writer.write(intent).await
    }

    /// Waits until everything handed in is committed, and closes the file.
    pub async fn close(&self) {
        self.writer.drain().await;
        self.readers.close().await;
    }
}

/// Two processes may start on one fresh file at once, and SQLite knows no lock for migrations: who comes second finds
/// tables half made, and a moment later done.
async fn migrate(readers: &SqlitePool) -> Result<(), OpenError> {
    let mut tries_left = 10;
    loop {
        match MIGRATIONS.run(readers).await {
            Ok(()) => return Ok(()),
            Err(MigrateError::VersionMissing(version)) => return Err(OpenError::Newer(version)),
            Err(error) if tries_left == 0 => return Err(OpenError::Migrate(error)),
            Err(_) => tries_left -= 1,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
