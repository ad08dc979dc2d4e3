//! The database: an embedded SQLite file, or PostgreSQL when one machine is not enough.
//!
//! SQLite runs in WAL with `synchronous = FULL`, so that a write that was answered survives a power cut: a few readers,
//! and one writer that commits many intents at once. On PostgreSQL each intent has its own connection, but for renewals.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, path::Path, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sqlx::{
    ConnectOptions as _, Connection as _, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio_util::sync::CancellationToken;

use super::{
    On, StoreResult, Tx, arrival,
    notices::{Notices, OnChange},
    on::sql,
    patience::PATIENCE,
    postgres::{self, Postgres},
    session_batches::SessionBatches,
    writer::{OnCommit, Writer},
};
use crate::server::config::DatabaseUrl;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Long enough for another process to finish its batch, and less than callers wait, so that they hear why.
const BUSY_TIMEOUT: Duration = Duration::from_millis(1200);
const READERS: u32 = 4;
/// What is left of the journal, in bytes, once all of a longer one is in the file: four times what it grows to when
/// nobody keeps it.
const JOURNAL_KEPT: &str = "16777216";
/// A journal of so many bytes is worth a word to the operator: somebody reads an old state of the file for long.
pub const JOURNAL_LONG: u64 = 64 * 1024 * 1024;

#[derive(Clone)]
pub struct Db(Kind);

#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "a process has a handful of these")]
enum Kind {
    Sqlite { readers: SqlitePool, hearing: SqlitePool, writer: Writer },
    Postgres { server: Postgres, hearing: Postgres, on_commit: OnCommit },
}

/// Who writes renewals: the one writer of SQLite, or PostgreSQL's batches of them.
pub(super) enum Renewer<'d> {
    Writer(&'d Writer),
    Batches(&'d SessionBatches),
}

/// How the schema of a database stands to this binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    Current,
    /// So many migrations are missing.
    Behind(usize),
    /// This migration is unknown here.
    Newer(i64),
    /// This migration was another when it was applied.
    Edited(i64),
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("database.url: {0}")]
    Connect(#[source] sqlx::Error),
    #[error(
        "database.url: a connection pooler answers there and shares sessions of PostgreSQL (PgBouncer?); name the server \
         itself, which gets 22 connections of a node at most"
    )]
    Pooled,
    #[error("database.url: the database is newer than this binary (migration {0} is unknown here)")]
    Newer(i64),
    #[error("database.url: migration failed: {0}")]
    Migrate(#[source] MigrateError),
}

impl Db {
    /// Opens the database that is configured.
    ///
    /// # Errors
    /// As the one for its kind.
    pub async fn open(database: &DatabaseUrl, on_commit: OnCommit) -> Result<Self, OpenError> {
        match database {
            DatabaseUrl::Sqlite(file) => Self::open_sqlite(file, on_commit).await,
            DatabaseUrl::Postgres(url) => Self::open_postgres(url.expose(), on_commit).await,
        }
    }

    /// Opens the database as it is, to look at it: nothing is made, and nothing migrated.
    ///
    /// # Errors
    /// When there is none, or nobody answers.
    pub async fn open_as_is(database: &DatabaseUrl) -> Result<Self, OpenError> {
        let on_commit: OnCommit = Arc::new(|_: &[_], _: &[_]| {});
        match database {
            DatabaseUrl::Sqlite(file) => {
                let options = sqlite_options(file);
                let readers = sqlite_readers(&options).await?;
                Self::on_file(&options, readers, on_commit).await
            }
            DatabaseUrl::Postgres(url) => {
                // Asked at once, so that it is known whether anybody answers.
                let first = arrival::connect(url.expose()).await?;
                let _ = first.close().await;
                Self::on_server(url.expose(), on_commit)
            }
        }
    }

    /// How the schema stands to this binary.
    ///
    /// # Errors
    /// When the database can't be read, or holds nothing of ours.
    pub async fn schema(&self) -> StoreResult<Schema> {
        let ours = match &self.0 {
            Kind::Sqlite { .. } => &SQLITE_MIGRATIONS,
            Kind::Postgres { .. } => &POSTGRES_MIGRATIONS,
        };
        let applied: Vec<(i64, Vec<u8>)> = sql!(
            self.read(),
            fetch_all,
            "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version"
        )?;
        let our = |version: i64| ours.iter().find(|migration| migration.version == version);
        if let Some((version, _)) = applied.iter().find(|(version, _)| our(*version).is_none()) {
            return Ok(Schema::Newer(*version));
        }
        let is_edited = |(version, checksum): &&(i64, Vec<u8>)| {
            our(*version).is_some_and(|migration| *migration.checksum != **checksum)
        };
        if let Some((version, _)) = applied.iter().find(is_edited) {
            return Ok(Schema::Edited(*version));
        }
        Ok(match ours.iter().count() - applied.len() {
            0 => Schema::Current,
            missing => Schema::Behind(missing),
        })
    }

    /// Opens the SQLite file, creating it if it is not there, and applies missing migrations.
    ///
    /// # Errors
    /// When the file can't be opened, is newer than this binary, or a migration fails.
    pub async fn open_sqlite(file: &Path, on_commit: OnCommit) -> Result<Self, OpenError> {
        make_private(file);
        // A connection that is made later must not begin another database where this one has gone.
        let options = sqlite_options(file);
        let readers = sqlite_readers(&options).await?;
        migrate_sqlite(&readers).await?;
        Self::on_file(&options, readers, on_commit).await
    }

    async fn on_file(
        options: &SqliteConnectOptions,
        readers: SqlitePool,
        on_commit: OnCommit,
    ) -> Result<Self, OpenError> {
        let hearing = sqlite_pool(1).connect_lazy_with(options.clone().create_if_missing(false));
        let writer = Writer::start(options, on_commit).await.map_err(OpenError::Connect)?;
        Ok(Self(Kind::Sqlite { readers, hearing, writer }))
    }

    fn on_server(url: &str, on_commit: OnCommit) -> Result<Self, OpenError> {
        let server = Postgres::at(url).map_err(OpenError::Connect)?;
        Ok(Self(Kind::Postgres { hearing: server.apart(), server, on_commit }))
    }

    /// Connects to PostgreSQL and applies missing migrations, one process at a time.
    ///
    /// # Errors
    /// When nobody answers, the database is newer than this binary, or a migration fails.
    pub async fn open_postgres(url: &str, on_commit: OnCommit) -> Result<Self, OpenError> {
        let mut first = arrival::connect(url).await?;
        POSTGRES_MIGRATIONS.run(&mut first).await.map_err(refused)?;
        // It may be cut now, and all is done.
        let _ = first.close().await;
        Self::on_server(url, on_commit)
    }

    /// For reads outside a write.
    #[must_use]
    pub fn read(&self) -> On<'_> {
        match &self.0 {
            Kind::Sqlite { readers, .. } => On::Sqlite(readers),
            Kind::Postgres { server, .. } => On::Postgres(server),
        }
    }

    /// For hearing what was revoked, one read at a time: by a connection of its own, so that a node whose other
    /// connections are all in use hears on.
    #[must_use]
    pub fn hear(&self) -> On<'_> {
        match &self.0 {
            Kind::Sqlite { hearing, .. } => On::Sqlite(hearing),
            Kind::Postgres { hearing, .. } => On::Postgres(hearing),
        }
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
        match &self.0 {
            // Behind pointers: who writes would carry the room for both.
            Kind::Sqlite { writer, .. } => Box::pin(writer.write(intent)).await,
            Kind::Postgres { server, on_commit, .. } => {
                Box::pin(postgres::write(server.clone(), on_commit.clone(), intent)).await
            }
        }
    }

    /// What carries out a renewal.
    pub(super) fn renewer(&self) -> Renewer<'_> {
        match &self.0 {
            Kind::Sqlite { writer, .. } => Renewer::Writer(writer),
            Kind::Postgres { server, .. } => Renewer::Batches(&server.batches),
        }
    }

    /// Word of revocations by whoever shares this database, until `stop`; `on_change` is told whose sessions or account
    /// are another.
    #[must_use]
    pub fn notices(&self, on_change: OnChange, stop: &CancellationToken) -> Notices {
        match &self.0 {
            Kind::Sqlite { .. } => Notices::none(),
            Kind::Postgres { server, .. } => Notices::of(server.clone(), on_change, stop.clone()),
        }
    }

    /// Connections for reads that are in use.
    #[must_use]
    pub fn connections_in_use(&self) -> usize {
        let (all, idle) = match &self.0 {
            Kind::Sqlite { readers, .. } => (readers.size(), readers.num_idle()),
            Kind::Postgres { server, .. } => (server.pool.size(), server.pool.num_idle()),
        };
        usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(idle)
    }

    /// Waits until everything handed in is committed, and closes. The last connection to close an SQLite file takes the
    /// journal into it, so that the file is whole by itself.
    pub async fn close(&self) {
        match &self.0 {
            Kind::Sqlite { readers, hearing, writer } => {
                hearing.close().await;
                readers.close().await;
                writer.end().await;
            }
            Kind::Postgres { server, hearing, .. } => {
                hearing.pool.close().await;
                server.close().await;
            }
        }
    }

    /// How long the journal of an SQLite file is, in bytes; it grows while somebody reads an old state of it.
    #[must_use]
    pub fn journal_length(&self) -> u64 {
        let Kind::Sqlite { readers, .. } = &self.0 else { return 0 };
        journal_of(readers.connect_options().get_filename())
    }
}

fn sqlite_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("journal_size_limit", JOURNAL_KEPT)
        .disable_statement_logging()
}

async fn sqlite_readers(options: &SqliteConnectOptions) -> Result<SqlitePool, OpenError> {
    sqlite_pool(READERS).connect_with(options.clone()).await.map_err(OpenError::Connect)
}

fn sqlite_pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        // A file doesn't hang up, and asking it costs as much as a short query.
        .test_before_acquire(false)
        .acquire_timeout(PATIENCE)
}

/// How long the journal beside a file is.
#[must_use]
pub fn journal_of(file: &Path) -> u64 {
    let mut journal = file.as_os_str().to_owned();
    journal.push("-wal");
    std::fs::metadata(journal).map_or(0, |found| found.len())
}

/// A file that is not there yet begins as its owner's only, and SQLite gives those beside it the same mode. Where this
/// fails, opening it says why.
fn make_private(file: &Path) {
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
}

/// Two processes may start on one fresh file at once, and SQLite knows no lock for migrations: who comes second finds
/// tables half made, and a moment later done.
async fn migrate_sqlite(readers: &SqlitePool) -> Result<(), OpenError> {
    let mut tries_left = 10;
    loop {
        match SQLITE_MIGRATIONS.run(readers).await.map_err(refused) {
            Err(OpenError::Migrate(_)) if tries_left > 0 => tries_left -= 1,
            done => return done,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn refused(error: MigrateError) -> OpenError {
    match error {
        MigrateError::VersionMissing(version) => OpenError::Newer(version),
        other => OpenError::Migrate(other),
    }
}
