//! A schema that a newer node changes under a running one: requests go on, on both databases.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::http::StatusCode;
use sekisho::{
    domain::role::Role,
    server::store::{On, StoreError, guards},
};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    test_app::{Browser, PASSWORD, TestApp},
    test_database::{TestDatabase, postgres_server, skipped},
};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";
const IN_TIME: Duration = Duration::from_secs(30);

/// What people do, once each: the statements are prepared on the connections that these take. How many were refused for now.
async fn everything(app: &TestApp, browser: &mut Browser, admin: &mut Browser) -> usize {
    let mut replies = vec![
        browser.refresh().await,
        browser.session().await,
        browser.post("/api/touch", &[("acted_ms_ago", "0")]).await,
        browser.get("/api/devices").await,
        admin.page("/admin/users").await,
        admin.page("/admin/audit").await,
        app.browser().get("/readyz").await,
    ];
    let mut arriving = app.browser();
    let signed_in = arriving.sign_in(EMAIL, PASSWORD).await;
    if signed_in.status == StatusCode::OK {
        replies.push(arriving.post("/api/logout", &[]).await);
    }
    replies.push(signed_in);
    let refused = replies.into_iter().filter(|reply| reply.status != StatusCode::OK);
    refused.fold(0, |count, reply| {
        reply.expect(StatusCode::SERVICE_UNAVAILABLE);
        count + 1
    })
}

async fn tables(app: &TestApp) -> Vec<String> {
    let text = match app.state.db.read() {
        On::Sqlite(_) => {
            "SELECT group_concat(name, ' ') FROM sqlite_schema
             WHERE type = 'table' AND name NOT LIKE '%sqlite%' AND name NOT LIKE '%sqlx%'"
        }
        _ => {
            "SELECT string_agg(table_name, ' ') FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_name NOT LIKE '%sqlx%'"
        }
    };
    app.text(text).await.split(' ').map(str::to_owned).collect()
}

#[tokio::test]
async fn a_column_added_to_each_table_under_load_disturbs_nobody() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let (mut browser, mut admin) = (app.signed_in(EMAIL).await, app.signed_in(ADMIN).await);
    assert_eq!(everything(&app, &mut browser, &mut admin).await, 0);
    let over = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (mut tab, over) = (browser.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    tab.refresh().await;
                    tab.get("/api/devices").await;
                    tab.post("/api/touch", &[("acted_ms_ago", "0")]).await;
                }
            })
        })
        .collect();
    for table in tables(&app).await {
        app.execute(&format!("ALTER TABLE {table} ADD COLUMN grown TEXT")).await;
    }
    over.store(true, Ordering::Relaxed);
    futures::future::join_all(load).await;
    for _ in 0..3 {
        assert_eq!(everything(&app, &mut browser, &mut admin).await, 0);
    }
}

/// As a statement did that read `*`: the thread of the connection panics.
#[tokio::test]
async fn a_writing_connection_that_breaks_down_is_opened_again() {
    let app = TestApp::upon(TestDatabase::sqlite(), &[]).await;
    let read_all = || {
        app.state.db.write(|tx| {
            Box::pin(async move {
                let On::SqliteTx(conn) = tx.read() else { panic!("on SQLite") };
                Ok(sqlx::query("SELECT * FROM guards").fetch_all(conn).await.map(drop)?)
            })
        })
    };
    read_all().await.unwrap();
    app.execute("ALTER TABLE guards ADD COLUMN grown TEXT").await;
    // The last words of a thread may take longer than its caller waits.
    let came_to = read_all().await;
    assert!(matches!(came_to, Err(StoreError::Driver(_) | StoreError::Slow)), "the thread is gone: {came_to:?}");
    let rewrite = || app.state.db.write(|tx| Box::pin(async move { guards::rewrite(tx).await }));
    let opened = async { while rewrite().await.is_err() {} };
    tokio::time::timeout(IN_TIME, opened).await.expect("another connection");
    for _ in 0..3 {
        rewrite().await.unwrap();
    }
}

/// PostgreSQL refuses what was prepared before.
#[tokio::test]
async fn a_column_of_another_type_is_read_by_statements_prepared_anew() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let app = TestApp::upon(TestDatabase::postgres(&server).await, &[]).await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let (mut browser, mut admin) = (app.signed_in(EMAIL).await, app.signed_in(ADMIN).await);
    assert_eq!(everything(&app, &mut browser, &mut admin).await, 0);
    app.execute(
        "ALTER TABLE users ALTER COLUMN display_name TYPE varchar(500);
         ALTER TABLE sessions ALTER COLUMN user_agent TYPE varchar(5000), ALTER COLUMN address TYPE varchar(500)",
    )
    .await;
    app.minutes(1);
    // One write finds it out by being refused: nothing of it has happened.
    let mut refused = 0;
    for _ in 0..4 {
        refused += everything(&app, &mut browser, &mut admin).await;
    }
    assert!(refused <= 1, "{refused}");
}

/// Each connection has its own.
#[tokio::test]
async fn a_statement_whose_plan_is_outlived_is_tried_once_more() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let app = TestApp::upon(TestDatabase::postgres(&server).await, &[]).await;
    app.user(EMAIL, Role::User).await;
    let On::Postgres(postgres) = app.state.db.read() else { panic!("on PostgreSQL") };
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(postgres.pool.acquire().await.unwrap());
    }
    drop(held);
    let find = || async {
        let email = sekisho::server::canonical::email(EMAIL).unwrap();
        sekisho::server::store::users::find_with_password(app.state.db.read(), &email).await
    };
    for _ in 0..8 {
        find().await.unwrap();
    }
    let mut conn = PgConnection::connect(&app.database.url()).await.unwrap();
    conn.execute("ALTER TABLE users ALTER COLUMN display_name TYPE varchar(500)").await.unwrap();
    for _ in 0..8 {
        find().await.unwrap();
    }
}
