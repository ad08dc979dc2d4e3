//! The clean-up: what goes, what stays, that others are served meanwhile, and that nothing is looked for row by row.

use std::time::Duration;

use axum::http::StatusCode;
use regex::Regex;
use sekisho::{
    domain::role::Role,
    server::{
        flow::cleanup::{self, Report, Tools},
        node,
        store::On,
    },
};
use sqlx::Row as _;

use crate::{
    test_app::{Browser, TestApp},
    test_database::skipped,
};

const EMAIL: &str = "hanako@example.com";

async fn clean_up(app: &TestApp) -> Report {
    cleanup::clean_up(&Tools::of(&app.state), "test").await.unwrap()
}

async fn remembered(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    let fields = [("email", EMAIL), ("password", crate::test_app::PASSWORD), ("remember", "true")];
    browser.post("/api/login", &fields).await.expect(StatusCode::OK);
    browser
}

async fn sessions(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM sessions").await
}

#[tokio::test]
async fn what_is_live_and_what_is_evidence_stays_until_the_absolute_end() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut ended = remembered(&app).await;
    remembered(&app).await.post("/api/devices/revoke_others", &[]).await.expect(StatusCode::OK);
    app.minutes(31 * 24 * 60);
    let mut live = remembered(&app).await;
    assert_eq!(clean_up(&app).await.rows["sessions"], 0, "one ended and one expired, both within their absolute end");
    ended.refresh().await.signed_out("revoked");
    app.minutes(59 * 24 * 60);
    live.refresh().await.signed_out("expired");
    assert_eq!(clean_up(&app).await.rows["sessions"], 2);
    ended.refresh().await.signed_out("none");
    assert_eq!(sessions(&app).await, 1);
}

#[tokio::test]
async fn without_an_absolute_end_a_session_goes_when_its_life_is_over() {
    let app = TestApp::with(&[("session.absolute_timeout", "0")]).await;
    app.user(EMAIL, Role::User).await;
    remembered(&app).await.post("/api/logout", &[]).await.expect(StatusCode::OK);
    app.minutes(30 * 24 * 60 - 1);
    let mut live = remembered(&app).await;
    assert_eq!(clean_up(&app).await.rows["sessions"], 0);
    app.minutes(1);
    assert_eq!(clean_up(&app).await.rows["sessions"], 1);
    live.refresh().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_row_stays_while_a_token_that_no_row_ends_may_come_back_for_it() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    remembered(&app).await;
    app.minutes(90 * 24 * 60);
    let now = app.state.clock.now().0;
    app.execute(&format!("UPDATE sessions SET voucher_ends_at = {}", now + 1)).await;
    assert_eq!(clean_up(&app).await.rows["sessions"], 0);
    app.advance(Duration::from_millis(1));
    assert_eq!(clean_up(&app).await.rows["sessions"], 1);
}

#[tokio::test]
async fn each_kind_goes_by_its_own_age_and_the_report_counts_it() {
    let app = TestApp::start().await;
    let user = app.user(EMAIL, Role::User).await;
    let now = app.state.clock.now().0;
    let (hour, day) = (3_600_000, 86_400_000);
    for (at, name) in [(now, "past"), (now + 1, "kept")] {
        app.execute(&format!(
            "INSERT INTO throttles (name, count, last_at) VALUES ('{name}', 9, {});
             INSERT INTO known_devices (device_hash, user_id, seen_at) VALUES ('{name}', '{user}', {});
             INSERT INTO alarms (id, user_id, session_id, kind, at, evidence) VALUES ('{name}', '{user}', '', 'late', {}, '');
             INSERT INTO revocations (seq, kind, subject, reason, until_at) VALUES ({at}, 'session', '{name}', 'kicked', {});
             INSERT INTO web_sessions (id_hash, data, expires_at) VALUES (CAST('{name}' AS {}), '', {at})",
            at - day,
            at - 400 * day,
            at - 400 * day,
            at - 2 * hour,
            if matches!(app.state.db.read(), On::Sqlite(_)) { "BLOB" } else { "BYTEA" },
        ))
        .await;
    }
    let report = clean_up(&app).await;
    for kind in ["web_sessions", "revocations", "throttles", "known_devices", "alarms"] {
        assert_eq!(report.rows[kind], 1, "{kind}");
        assert_eq!(app.number(&format!("SELECT COUNT(*) FROM {kind}")).await, 1, "{kind}");
    }
    assert_eq!(app.audit("cleanup").await, 1);
    let detail = app.text("SELECT detail FROM audit WHERE action = 'cleanup'").await;
    let detail: serde_json::Value = serde_json::from_str(&detail).unwrap();
    assert_eq!((&detail["by"], &detail["rows"]["throttles"]), (&"test".into(), &1.into()));
    assert_eq!(clean_up(&app).await.rows.values().sum::<u64>(), 0, "a second time there is nothing left");
}

#[tokio::test]
async fn the_schedule_is_followed_by_the_clock_that_is_handed_in() {
    let app = TestApp::with(&[("cleanup.schedule", "0 3 * * *"), ("cleanup.timezone", "Asia/Tokyo")]).await;
    let due = app.state.config.cleanup.next_after(app.state.clock.now());
    assert_eq!(node::cleanup::look(&app.state, due).await, due);
    assert_eq!(app.audit("cleanup").await, 0);
    app.advance(due.since(app.state.clock.now()));
    let next = node::cleanup::look(&app.state, due).await;
    assert_eq!((app.audit("cleanup").await, next.since(due)), (1, Duration::from_secs(86_400)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_while_thousands_of_rows_go() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    remembered(&app).await;
    app.execute(
        "INSERT INTO sessions (id, user_id, secret, mac_kid, generation, confirmed_generation, rotated_at, late_streak,
           late_generation, device_kind, user_agent, address, remembered, signed_in_at, last_active_at, expires_at,
           idle_end_at, absolute_end_at)
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
         SELECT 'old ' || CAST(n AS TEXT), user_id, secret, mac_kid, generation, confirmed_generation, rotated_at, late_streak,
           late_generation, device_kind, user_agent, address, remembered, signed_in_at, last_active_at, 1, 1, 1
         FROM sessions, numbers",
    )
    .await;
    let state = app.state.clone();
    let cleaning = tokio::spawn(async move { cleanup::clean_up(&Tools::of(&state), "test").await });
    let mut browser = remembered(&app).await;
    browser.session().await.expect(StatusCode::OK);
    assert!(!cleaning.is_finished(), "the sign-in waited for the whole clean-up");
    assert_eq!(cleaning.await.unwrap().unwrap().rows["sessions"], 10_000);
    assert_eq!(sessions(&app).await, 2);
}

/// A file of the store with one column in place of the list that its macro writes.
fn with_columns(source: &str) -> String {
    let amid = Regex::new(r#"",\s*session_columns!\(\),\s*""#).unwrap().replace_all(source, "id");
    Regex::new(r#"",\s*session_columns!\(\)"#).unwrap().replace_all(&amid, "id\"").into_owned()
}

/// The statements of a file of the store, as they are written there.
fn statements(source: &str) -> impl Iterator<Item = &str> {
    let is_statement =
        |text: &&str| ["SELECT ", "UPDATE ", "DELETE ", "INSERT "].iter().any(|verb| text.starts_with(verb));
    source.split('"').filter(is_statement)
}

#[tokio::test]
async fn no_statement_on_a_table_that_grows_reads_all_of_it() {
    let app = TestApp::start().await;
    let On::Sqlite(pool) = app.state.db.read() else { return skipped("it asks SQLite for its plans") };
    let mut explained = 0;
    for source in [
        include_str!("../server/store/cleanup.rs"),
        include_str!("../server/store/sessions.rs"),
        include_str!("../server/store/session_end.rs"),
        include_str!("../server/store/session_list.rs"),
        include_str!("../server/store/alarms.rs"),
        include_str!("../server/store/password_due.rs"),
        include_str!("../server/store/user_notes.rs"),
        include_str!("../server/store/session_watch.rs"),
        include_str!("../server/store/activity.rs"),
        include_str!("../server/store/revocations.rs"),
        include_str!("../server/store/throttles.rs"),
        include_str!("../server/store/known_devices.rs"),
    ] {
        for statement in statements(&with_columns(source)) {
            let text = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            for step in sqlx::raw_sql(text).fetch_all(pool).await.unwrap() {
                let step: String = step.get("detail");
                let scans = step.starts_with("SCAN ")
                    && !["SCAN feed", "SCAN waiting"].contains(&step.as_str())
                    && !step.contains("USING");
                assert!(!scans, "{step}: {statement}");
                explained += 1;
            }
        }
    }
    assert!(explained > 20, "{explained}");
}

#[tokio::test]
async fn the_look_ups_by_user_token_and_age_each_have_their_index() {
    let app = TestApp::start().await;
    for (condition, index) in [
        // Both lead to the few of one person.
        ("user_id = '' AND ended_at IS NULL", "sessions_by_user sessions_of_user"),
        ("token_hash = ''", "sessions_by_token"),
        ("former_token_hash = ''", "sessions_by_former_token"),
        ("due_at <= 1", "sessions_by_due"),
        ("cleanup_at <= 1", "sessions_by_cleanup"),
    ] {
        let plan = plan(&app, &format!("SELECT * FROM sessions WHERE {condition}")).await;
        let used = |index: &str| plan.split_whitespace().any(|word| word == index);
        assert!(index.split(' ').any(used), "{condition}: {plan}");
    }
}

#[tokio::test]
async fn no_index_of_the_sessions_moves_with_a_renewal_or_an_act() {
    let app = TestApp::start().await;
    let columns = match app.state.db.read() {
        On::Sqlite(_) => {
            "SELECT group_concat(column.name) FROM sqlite_master AS item, pragma_index_info(item.name) AS column
             WHERE item.type = 'index' AND item.tbl_name = 'sessions'"
        }
        _ => {
            "SELECT string_agg(attname::text, ',') FROM pg_index JOIN pg_attribute ON attrelid = indexrelid
             WHERE indrelid = 'sessions'::regclass"
        }
    };
    let indexed = app.text(columns).await;
    let mut indexed: Vec<_> = indexed.split(',').collect();
    indexed.sort_unstable();
    indexed.dedup();
    let still = ["cleanup_at", "due_at", "ended_at", "former_token_hash", "id", "token_hash", "user_id"];
    assert_eq!(indexed, still, "the hashes stay empty where refresh tokens rotate");
}

#[tokio::test]
async fn a_session_that_outlived_its_end_is_looked_at_once_and_kept_until_the_next() {
    let app = TestApp::with(&[("session.absolute_timeout", "0")]).await;
    app.user(EMAIL, Role::User).await;
    let mut browser = remembered(&app).await;
    let first = app.number("SELECT cleanup_at FROM sessions").await;
    app.minutes(20 * 24 * 60);
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(app.number("SELECT cleanup_at FROM sessions").await, first, "a renewal leaves it");
    app.minutes(10 * 24 * 60);
    assert_eq!(clean_up(&app).await.rows["sessions"], 0);
    let ends = app.number("SELECT expires_at FROM sessions").await;
    assert_eq!(app.number("SELECT cleanup_at FROM sessions").await, ends);
    browser.refresh().await.expect(StatusCode::OK);
    app.minutes(20 * 24 * 60);
    browser.refresh().await.expect(StatusCode::OK);
    app.minutes(30 * 24 * 60);
    assert_eq!(clean_up(&app).await.rows["sessions"], 1);
}

/// The way a database would take; PostgreSQL is told not to mind that there is nothing in the table yet.
pub async fn plan(app: &TestApp, query: &str) -> String {
    let steps: Vec<String> = match app.state.db.read() {
        On::Sqlite(pool) => {
            let text = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
            sqlx::raw_sql(text).fetch_all(pool).await.unwrap().iter().map(|row| row.get("detail")).collect()
        }
        On::Postgres(server) => {
            let mut tx = server.pool.begin().await.unwrap();
            sqlx::raw_sql("SET LOCAL enable_seqscan = off").execute(&mut *tx).await.unwrap();
            let text = sqlx::AssertSqlSafe(format!("EXPLAIN {query}"));
            sqlx::raw_sql(text).fetch_all(&mut *tx).await.unwrap().iter().map(|row| row.get(0)).collect()
        }
        On::SqliteTx(_) | On::PostgresTx(_) => unreachable!("no write is in progress"),
    };
    steps.join("\n")
}
