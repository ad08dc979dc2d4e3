//! Where a test's server keeps its data: an SQLite file of its own, or, where `SEKISHO_TEST_DATABASE=postgres` says so,
//! a schema of its own on the PostgreSQL of `SEKISHO_TEST_POSTGRES`.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use sekisho::server::rng::Rng;
use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};
use tempfile::TempDir;

use crate::test_app::RUNTIME;

/// Of servers on PostgreSQL, where none is made.
const SECRET: &str = "hT2vK9sWq8ZrXn4LwYd6PcMf1JbGu0oEaVi7DkRt5xA=";

pub struct TestDatabase {
    schema: Option<Schema>,
    _disk: Option<SmallDisk>,
    folder: TempDir,
}

struct SmallDisk(PathBuf);

struct Schema {
    server: String,
    name: String,
}

impl TestDatabase {
    pub async fn fresh() -> Self {
        if std::env::var("SEKISHO_TEST_DATABASE").is_ok_and(|kind| kind == "postgres") {
            Self::postgres(&postgres_server().expect("SEKISHO_TEST_POSTGRES says where")).await
        } else {
            Self::sqlite()
        }
    }

    pub fn sqlite() -> Self {
        Self { schema: None, _disk: None, folder: tempfile::tempdir().unwrap() }
    }

    /// On a disk of its own, which can be filled; only root may have one.
    pub fn on_small_disk() -> Option<Self> {
        let database = Self::sqlite();
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "none"]).arg(database.folder()).output();
        let is_mounted = mount.is_ok_and(|done| done.status.success());
        is_mounted.then(|| Self { _disk: Some(SmallDisk(database.folder().to_owned())), ..database })
    }

    pub async fn postgres(server: &str) -> Self {
        let name = format!("t_{:016x}", u64::from_le_bytes(Rng::from_system().bytes()));
        execute(server, &format!("CREATE SCHEMA {name}")).await;
        Self { schema: Some(Schema { server: server.to_owned(), name }), ..Self::sqlite() }
    }

    /// The same data, reached through another address.
    pub fn url_by(&self, server: &str) -> String {
        let Some(schema) = &self.schema else { return format!("sqlite://{}", self.file().display()) };
        let mut url = url::Url::parse(server).unwrap();
        url.query_pairs_mut().append_pair("options", &format!("-c search_path={}", schema.name));
        url.to_string()
    }

    pub fn url(&self) -> String {
        self.url_by(self.schema.as_ref().map_or("", |schema| &schema.server))
    }

    /// What another process on the same data has to be told; an SQLite file has its secret beside it.
    pub fn secret(&self) -> Option<&'static str> {
        self.schema.as_ref().map(|_| SECRET)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }
}

/// The server for those tests that need PostgreSQL whatever the others run on.
pub fn postgres_server() -> Option<String> {
    std::env::var("SEKISHO_TEST_POSTGRES").ok()
}

/// Says that a test was not run, past the harness, which would keep it to itself.
pub fn skipped(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    std::io::stderr().write_all(format!("NOT RUN: {test}: {why}\n").as_bytes()).unwrap();
}

pub async fn execute(server: &str, text: &str) {
    let mut conn = PgConnection::connect(server).await.unwrap();
    conn.execute(sqlx::AssertSqlSafe(text.to_owned())).await.unwrap();
}

/// What keeps everybody else from writing to an SQLite file until its transaction ends, while all read on.
pub async fn sole_writer(database: &TestDatabase) -> SqliteConnection {
    let mut writer = SqliteConnectOptions::new().filename(database.file()).connect().await.unwrap();
    writer.execute("BEGIN IMMEDIATE").await.unwrap();
    writer
}

impl Drop for SmallDisk {
    /// Lazily: the server may not have closed its files yet.
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

impl Drop for Schema {
    /// On a thread of its own, because it may have to wait; what is left goes with the server.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let text = format!("SET client_min_messages = error; SET lock_timeout = '2s'; DROP SCHEMA {name} CASCADE");
        let dropping = std::thread::spawn(move || {
            RUNTIME.block_on(async move {
                let Ok(mut conn) = PgConnection::connect(&server).await else { return };
                let _ = conn.execute(sqlx::AssertSqlSafe(text)).await;
            });
        });
        let _ = dropping.join();
    }
}
