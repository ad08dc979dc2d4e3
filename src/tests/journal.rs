//! The journal beside an SQLite file: none is left by a clean end, and none stays long when nobody needs it.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::{domain::role::Role, server::store::db::JOURNAL_LONG};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{binary::Server, metrics, test_app::TestApp, test_database::TestDatabase};

/// The file alone, somewhere else.
async fn copy_of(database: &TestDatabase, number: usize) -> SqliteConnection {
    let copy = database.folder().join(format!("copy{number}.db"));
    std::fs::copy(database.file(), &copy).unwrap();
    SqliteConnectOptions::new().filename(&copy).connect().await.unwrap()
}

#[tokio::test]
async fn after_a_clean_end_the_file_is_whole_by_itself() {
    // Lends its browser only, which has no cookies.
    let (app, database) = (TestApp::upon(TestDatabase::sqlite(), &[]).await, TestDatabase::sqlite());
    let browser = app.browser();
    for number in 1..=6 {
        let server = Server::set_to(&[&format!("database.url={}", database.url())]);
        let email = format!("hanako{number}@example.com");
        let form = format!("email={email}&display_name=Hanako&password=wallpaper+teapot+river+9");
        let reply = server.ask(&browser, "POST", "/api/register", &form);
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        server.stop();
        let mut copy = copy_of(&database, number).await;
        let whole: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut copy).await.unwrap();
        assert_eq!(whole, "ok");
        let found: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE email = $1")
            .bind(&email)
            .fetch_one(&mut copy)
            .await
            .unwrap();
        assert_eq!(found, 1, "the last write of run {number}");
        copy.close().await.unwrap();
        assert!(!database.folder().join("test.db-wal").exists(), "run {number}");
    }
}

#[tokio::test]
async fn a_journal_that_a_long_reader_made_long_is_told_and_shrinks_afterwards() {
    let app = TestApp::upon(TestDatabase::sqlite(), &[]).await;
    app.user("hanako@example.com", Role::User).await;
    let mut reader = SqliteConnectOptions::new().filename(app.database.file()).connect().await.unwrap();
    reader.execute("BEGIN; SELECT COUNT(*) FROM users").await.unwrap();
    app.execute("CREATE TABLE filler (a BLOB)").await;
    while app.state.db.journal_length() < JOURNAL_LONG {
        app.execute("INSERT INTO filler VALUES (ZEROBLOB(8000000))").await;
    }
    let told = metrics::told(&app).await;
    let length = told.lines().find_map(|line| line.strip_prefix("sekisho_database_journal_bytes ")).unwrap();
    assert!(length.parse::<u64>().unwrap() >= JOURNAL_LONG, "{length}");
    reader.execute("ROLLBACK").await.unwrap();
    let shrinks = async {
        while app.state.db.journal_length() > JOURNAL_LONG / 2 {
            app.signed_in("hanako@example.com").await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), shrinks).await.expect("a shorter journal");
}
