//! The two schemas say the same: tables, columns, keys, unique rules and indexes, and the migrations behind them; and
//! a write is carried out whole or not at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use sekisho::{
    domain::{ids::SessionId, role::Role, time::Timestamp},
    server::store::{
        On, StoreError, guards,
        sessions::{self, Session},
    },
};
use sqlx::{AssertSqlSafe, Executor as _, FromRow, PgPool, SqlitePool};

use crate::{
    test_app::TestApp,
    test_database::{TestDatabase, postgres_server, skipped},
};

/// Of a table by its name: columns, and indexes as `unique? (columns)`.
type Tables = BTreeMap<String, (BTreeSet<Column>, BTreeSet<String>)>;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, FromRow)]
struct Column {
    name: String,
    kind: String,
    nullable: bool,
    /// Its place in the primary key, from 1; 0 outside it.
    key: i64,
    preset: Option<String>,
}

impl Column {
    /// In the words that both have in common.
    fn in_common(mut self) -> Self {
        self.kind = match self.kind.to_lowercase().as_str() {
            "blob" | "bytea" => "bytes".to_owned(),
            other => other.to_owned(),
        };
        self.preset = self
            .preset
            .map(|text| text.split("::").next().unwrap_or_default().trim_matches(['\'', '(', ')']).to_owned());
        self
    }
}

async fn sqlite(pool: &SqlitePool) -> Tables {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite%' AND name NOT LIKE '%sqlx%'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut tables = Tables::new();
    for table in names {
        let columns: Vec<Column> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT name, type AS kind, \"notnull\" = 0 AS nullable, pk AS key, dflt_value AS preset
             FROM pragma_table_info('{table}')"
        )))
        .fetch_all(pool)
        .await
        .unwrap();
        let indexes: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
            "SELECT (CASE \"unique\" WHEN 1 THEN 'unique ' ELSE '' END) || '(' ||
               (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(list.name) ORDER BY seqno)) || ')'
             FROM pragma_index_list('{table}') list"
        )))
        .fetch_all(pool)
        .await
        .unwrap();
        tables.insert(table, (columns.into_iter().map(Column::in_common).collect(), indexes.into_iter().collect()));
    }
    tables
}

async fn postgres(pool: &PgPool) -> Tables {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables
         WHERE table_schema = current_schema() AND table_name NOT LIKE '%sqlx%'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut tables = Tables::new();
    for table in names {
        let columns: Vec<Column> = sqlx::query_as(
            "SELECT a.attname::text AS name, format_type(a.atttypid, NULL) AS kind, NOT a.attnotnull AS nullable,
               COALESCE((SELECT array_position(i.indkey::int[], a.attnum::int) + 1 FROM pg_index i
                         WHERE i.indrelid = a.attrelid AND i.indisprimary), 0)::bigint AS key,
               pg_get_expr(d.adbin, d.adrelid) AS preset
             FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped",
        )
        .bind(&table)
        .fetch_all(pool)
        .await
        .unwrap();
        let indexes: Vec<String> = sqlx::query_scalar(
            "SELECT (CASE WHEN i.indisunique THEN 'unique ' ELSE '' END) || '(' ||
               (SELECT string_agg(a.attname, ', ' ORDER BY k.place) FROM unnest(i.indkey) WITH ORDINALITY k (attnum, place)
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) || ')'
             FROM pg_index i WHERE i.indrelid = $1::regclass",
        )
        .bind(&table)
        .fetch_all(pool)
        .await
        .unwrap();
        tables.insert(table, (columns.into_iter().map(Column::in_common).collect(), indexes.into_iter().collect()));
    }
    tables
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_keys_and_indexes() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let (one, other) = (
        TestApp::upon(TestDatabase::sqlite(), &[]).await,
        TestApp::upon(TestDatabase::postgres(&server).await, &[]).await,
    );
    let (On::Sqlite(file), On::Postgres(server)) = (one.state.db.read(), other.state.db.read()) else {
        panic!("one of each")
    };
    let (mut on_sqlite, mut on_postgres) = (sqlite(file).await, postgres(&server.pool).await);
    assert!(on_sqlite.len() > 8, "{:?}", on_sqlite.keys());
    assert_eq!(on_sqlite.keys().collect::<Vec<_>>(), on_postgres.keys().collect::<Vec<_>>());
    while let (Some((table, file)), Some((_, server))) = (on_sqlite.pop_first(), on_postgres.pop_first()) {
        let differing: Vec<_> = file.0.symmetric_difference(&server.0).collect();
        assert!(differing.is_empty(), "{table}: {differing:?}");
        assert_eq!(file.1, server.1, "indexes of {table}");
    }
    let numbers = "SELECT string_agg(version || ' ' || description, ', ' ORDER BY version) FROM _sqlx_migrations";
    assert_eq!(
        one.text("SELECT group_concat(version || ' ' || description, ', ') FROM (SELECT * FROM _sqlx_migrations ORDER BY version)").await,
        other.text(numbers).await
    );
}

#[tokio::test]
async fn an_intent_that_panics_leaves_nothing_behind_and_no_transaction_open() {
    let app = TestApp::start().await;
    // More often than there are connections.
    for _ in 0..20 {
        let written = app.state.db.write(|tx| {
            Box::pin(async move {
                guards::rewrite(tx).await?;
                None::<()>.ok_or_else(|| panic!("on purpose"))
            })
        });
        assert!(matches!(written.await, Err(StoreError::NotWritten)));
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM guards WHERE name = 'none'").await, 0);
    app.state.db.write(|tx| Box::pin(async move { guards::rewrite(tx).await })).await.unwrap();
    assert_eq!(app.number("SELECT COUNT(*) FROM guards WHERE name = 'none'").await, 1);
}

/// PostgreSQL ends a transaction at its first failed statement, and calls the `COMMIT` after it a success.
#[tokio::test]
async fn a_write_that_went_on_after_a_failed_statement_is_not_called_done() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let app = TestApp::upon(TestDatabase::postgres(&server).await, &[]).await;
    let written = app.state.db.write(|tx| {
        Box::pin(async move {
            guards::rewrite(tx).await?;
            let On::PostgresTx(conn) = tx.read() else { panic!("on PostgreSQL") };
            conn.execute("SELECT nothing").await.unwrap_err();
            Ok(())
        })
    });
    assert!(written.await.is_err());
    assert_eq!(app.number("SELECT COUNT(*) FROM guards WHERE name = 'none'").await, 0);
}

/// Someone's session as it was read, before its row is changed by `change`.
async fn overtaken(app: &TestApp, change: &str) -> Session {
    let mut browser = app.signed_in("hanako@example.com").await;
    let sid = SessionId::parse(&browser.session_id().await).unwrap();
    let read = sessions::find(app.state.db.read(), &sid).await.unwrap().unwrap();
    app.execute(&format!("UPDATE sessions SET {change} WHERE id = '{sid}'")).await;
    read
}

#[tokio::test]
async fn no_statement_goes_on_with_a_session_that_has_ended_meanwhile() {
    let app = TestApp::start().await;
    app.user("hanako@example.com", Role::User).await;
    let now = app.state.clock.now();
    let later = now.plus(Duration::from_secs(60));
    for change in ["ended_at = 1, end_reason = 'kicked'", "expires_at = 1", "idle_end_at = 1", "absolute_end_at = 1"] {
        let read = overtaken(&app, change).await;
        let written = app.state.db.write(move |tx| {
            Box::pin(async move {
                let renewed = sessions::renew(tx, &read, &read, now).await?;
                let rolled = sessions::roll(tx, &read.id, later, now).await?;
                let touched = sessions::touch(tx, &read.id, now, later, now).await?;
                Ok((renewed, rolled, touched.is_some()))
            })
        });
        assert_eq!(written.await.unwrap(), (None, false, false), "{change}");
    }
}

#[tokio::test]
async fn a_chain_that_has_moved_meanwhile_is_not_written_over() {
    let app = TestApp::start().await;
    app.user("hanako@example.com", Role::User).await;
    let now = app.state.clock.now();
    for column in ["generation", "confirmed_generation", "late_streak", "late_generation"] {
        let read = overtaken(&app, &format!("{column} = {column} + 1")).await;
        let renewed =
            app.state.db.write(move |tx| Box::pin(async move { sessions::renew(tx, &read, &read, now).await }));
        assert_eq!(renewed.await.unwrap(), None, "{column}");
    }
}

#[tokio::test]
async fn a_chain_that_moves_on_does_not_mind_what_was_confirmed_meanwhile() {
    let app = TestApp::start().await;
    app.user("hanako@example.com", Role::User).await;
    let now = app.state.clock.now();
    let read = overtaken(&app, "confirmed_generation = confirmed_generation + 1, idle_end_at = idle_end_at + 7").await;
    let idle_end_at = Timestamp(read.ends.idle_end_at.0 + 7);
    let mut to = read.clone();
    to.chain.generation += 1;
    let renewed = app.state.db.write(move |tx| Box::pin(async move { sessions::renew(tx, &read, &to, now).await }));
    assert_eq!(renewed.await.unwrap(), Some(idle_end_at), "an act that came meanwhile is told");
}
