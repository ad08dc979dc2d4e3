//! The seals of the audit log, on rows as they lie in the database: what is done to them behind the server's back is
//! found, and called by its number.

use std::{process::Command, time::Duration};

use sekisho::{
    domain::{
        audit_chain::{Accepted, Finding, Given, Head, Report},
        role::Role,
    },
    server::{
        crypto::{audit_seal::AuditSeals, password_hash::Cost},
        flow::{
            audit_seal::{Verified, verify},
            audit_sealing::seal_all,
            cleanup::{self, Tools},
        },
        node::{audit_seal::look, nodes::attend},
        rng::Rng,
        secret::SecretBytes,
        state::{AppState, Parts},
        store::On,
    },
};
use sqlx::AssertSqlSafe;

use crate::{
    cli::{on, text},
    nodes::another,
    test_app::{RUNTIME, TestApp},
};

const EMAIL: &str = "hanako@example.com";
const OTHER_SECRET: &str = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";
const DAY: Duration = Duration::from_secs(86_400);

/// Writes down so many rows, as acts would.
pub async fn write(app: &TestApp, many: u32) {
    let now = app.state.clock.now();
    for _ in 0..many {
        let id = app.state.rng.uuid(now);
        app.execute(&format!(
            "INSERT INTO audit (id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail)
             VALUES ('{id}', {}, 'sign_in', 'done', 'a', 't', 's', '203.0.113.7', 'd', 'r', '{{}}')",
            now.0
        ))
        .await;
    }
}

/// A log with so many sealed rows.
pub async fn sealed(many: u32) -> TestApp {
    sealed_on(TestApp::start().await, many).await
}

pub async fn sealed_on(app: TestApp, many: u32) -> TestApp {
    write(&app, many).await;
    assert_eq!(look(&app.state).await.unwrap().unwrap().seq, i64::from(many));
    app
}

pub async fn verified(app: &TestApp, head: Option<Head>) -> Verified {
    verify(&app.state.db, &app.state.audit_seals, (head, &[])).await.unwrap()
}

pub async fn findings(app: &TestApp) -> Vec<Finding> {
    verified(app, None).await.report.findings
}

/// Does what the owner of a database can do: takes the guards away first.
pub async fn tamper(app: &TestApp, statements: &str) {
    app.execute(match app.state.db.read() {
        On::Sqlite(_) => {
            "DROP TRIGGER IF EXISTS audit_keeps_content; DROP TRIGGER IF EXISTS audit_keeps_seals;
             DROP TRIGGER IF EXISTS audit_keeps_rows"
        }
        _ => "ALTER TABLE audit DISABLE TRIGGER USER",
    })
    .await;
    app.execute(statements).await;
}

#[tokio::test]
async fn what_acts_write_down_is_sealed_a_moment_later_and_counted_until_then() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.signed_in(EMAIL).await;
    let before = verified(&app, None).await;
    assert_eq!((before.report.sealed, before.unsealed, before.report.head), (0, 2, Head::NONE));
    let head = look(&app.state).await.unwrap().unwrap();
    assert_eq!(look(&app.state).await.unwrap(), None, "nothing new");
    app.signed_in(EMAIL).await;
    let after = verified(&app, Some(head)).await;
    assert_eq!((after.report.sealed, after.unsealed, after.report.head), (2, 1, head));
    assert_eq!((after.report.findings, after.report.given), (vec![], Given::Found));
    look(&app.state).await.unwrap();
    assert_eq!(verified(&app, Some(head)).await.report.sealed, 3);
}

#[tokio::test]
async fn an_edit_of_any_column_is_found_and_only_that() {
    let app = sealed(13).await;
    let mut expected = Vec::new();
    for (column, value) in [
        ("id", "'x'"),
        ("at", "at + 1"),
        ("action", "'sign_out'"),
        ("outcome", "'refused'"),
        ("actor_id", "NULL"),
        ("target_id", "'a'"),
        ("session_id", "''"),
        ("address", "'203.0.113.8'"),
        ("device", "'e'"),
        ("request_id", "'s'"),
        ("detail", "'{ }'"),
    ] {
        let seq = i64::try_from(expected.len()).unwrap() + 2;
        tamper(&app, &format!("UPDATE audit SET {column} = {value} WHERE seq = {seq}")).await;
        expected.push(Finding::Edited { seq });
        assert_eq!(findings(&app).await, expected, "{column}");
    }
}

#[tokio::test]
async fn a_gap_a_seal_taken_off_and_another_order_are_found() {
    let app = sealed(12).await;
    tamper(&app, "DELETE FROM audit WHERE seq IN (3, 4)").await;
    tamper(&app, "UPDATE audit SET seq = NULL, link = NULL, seal = NULL WHERE seq = 6").await;
    tamper(&app, "UPDATE audit SET seq = 99 WHERE seq = 9; UPDATE audit SET seq = 9 WHERE seq = 11").await;
    tamper(&app, "UPDATE audit SET seq = 11 WHERE seq = 99").await;
    let expected = [
        Finding::Missing { from: 3, to: 4 },
        Finding::Missing { from: 6, to: 6 },
        Finding::Reordered { seq: 9, was: 11 },
        Finding::Reordered { seq: 11, was: 9 },
    ];
    assert_eq!(findings(&app).await, expected);
    assert_eq!(verified(&app, None).await.unsealed, 1);
    look(&app.state).await.unwrap();
    assert_eq!(findings(&app).await, expected, "a seal put on anew heals nothing");
}

#[tokio::test]
async fn a_cut_tail_is_found_by_the_head_that_was_written_down() {
    let app = sealed(8).await;
    let known = verified(&app, None).await.report.head;
    tamper(&app, "DELETE FROM audit WHERE seq > 5").await;
    assert_eq!(findings(&app).await, [Finding::CutTail { from: 6, to: 8 }], "the table knows its end");
    tamper(
        &app,
        "UPDATE audit_chain SET seq = 5, link = (SELECT link FROM audit WHERE seq = 5),
           seal = (SELECT seal FROM audit WHERE seq = 5) WHERE name = 'head'",
    )
    .await;
    assert_eq!(findings(&app).await, [], "without the head nothing is left to tell");
    assert_eq!(verified(&app, Some(known)).await.report.findings, [Finding::CutTail { from: 6, to: 8 }]);
    write(&app, 4).await;
    look(&app.state).await.unwrap();
    let rewritten = verified(&app, Some(known)).await.report;
    let told = vec![Finding::Unvouched { seq: 6 }, Finding::OtherHead { seq: 8 }];
    assert_eq!((rewritten.findings, rewritten.given), (told, Given::NotFound));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_both_seal_make_one_chain() {
    let app = TestApp::start().await;
    let other = another(&app).await;
    for round in 1..=4 {
        write(&app, 150).await;
        let (one, two) = tokio::join!(seal_all(&app.state), seal_all(&other));
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        let Verified { report, unsealed } = verified(&app, None).await;
        assert_eq!((report.findings, report.sealed, unsealed), (vec![], round * 150, 0));
    }
}

#[tokio::test]
async fn only_the_node_that_holds_the_lease_seals() {
    let app = TestApp::start().await;
    let other = another(&app).await;
    write(&app, 1).await;
    assert!(look(&app.state).await.unwrap().is_some());
    app.execute("INSERT INTO nodes (id, beat, applied, started_at) VALUES ('third', 1, 0, 0)").await;
    attend(&app.state).await.unwrap();
    write(&app, 1).await;
    assert_eq!(look(&other).await.unwrap(), None);
    assert_eq!(verified(&app, None).await.unsealed, 1);
}

pub async fn clean_up(app: &TestApp) -> u64 {
    cleanup::clean_up(&Tools::of(&app.state), "test").await.unwrap().rows["audit"]
}

#[tokio::test]
async fn the_retention_takes_old_rows_from_the_front_and_leaves_a_checkpoint() {
    let app = sealed(3).await;
    let first = verified(&app, None).await.report.head;
    app.advance(DAY);
    write(&app, 2).await;
    look(&app.state).await.unwrap();
    // Written long ago and sealed only now, behind one that is younger.
    app.execute("INSERT INTO audit (id, at, action, outcome) VALUES ('late', 1, 'sign_in', 'done')").await;
    look(&app.state).await.unwrap();
    app.execute("INSERT INTO audit (id, at, action, outcome) VALUES ('waits', 1, 'sign_in', 'done')").await;
    app.minutes(399 * 24 * 60 - 1);
    assert_eq!(clean_up(&app).await, 0);
    app.minutes(1);
    assert_eq!(clean_up(&app).await, 3);
    let Verified { report, unsealed } = verified(&app, Some(first)).await;
    assert_eq!((report.findings, report.checkpoint, report.sealed), (vec![], 3, 3));
    assert_eq!((report.given, unsealed), (Given::Found, 3), "the one that waits, and two reports");
    app.advance(DAY);
    assert_eq!(clean_up(&app).await, 3);
    assert_eq!(verified(&app, Some(first)).await.report.given, Given::Past);
    look(&app.state).await.unwrap();
    let Verified { report, unsealed } = verified(&app, None).await;
    assert_eq!((report.findings, report.checkpoint, report.sealed, unsealed), (vec![], 6, 4, 0));
}

#[tokio::test]
async fn without_a_retention_nothing_goes_and_a_checkpoint_can_not_be_made_up() {
    let app = TestApp::with(&[("audit.retention", "0")]).await;
    write(&app, 5).await;
    look(&app.state).await.unwrap();
    app.advance(DAY * 4000);
    assert_eq!(clean_up(&app).await, 0);
    tamper(
        &app,
        "UPDATE audit_chain SET seq = 2, link = (SELECT link FROM audit WHERE seq = 2),
           seal = (SELECT seal FROM audit WHERE seq = 2) WHERE name = 'checkpoint'",
    )
    .await;
    tamper(&app, "DELETE FROM audit WHERE seq <= 2").await;
    assert_eq!(findings(&app).await, [Finding::Checkpoint { seq: 2 }]);
}

/// The auth secret of an app.
pub fn secret_of(app: &TestApp) -> String {
    let file = app.database.file().with_extension("secret");
    let former = std::fs::read_to_string(file).ok().map(|text| text.trim().to_owned());
    former.or_else(|| app.database.secret().map(str::to_owned)).unwrap()
}

/// What holds this secret and no former one.
pub fn seals_of(secret: &str) -> AuditSeals {
    AuditSeals::new(&SecretBytes::new(secret.as_bytes().to_vec()), None)
}

/// What a server of this secret does that doesn't know the former one. (It starts: the keys have been sealed anew.)
async fn seal_without_proof(app: &TestApp) {
    let mut config = app.state.config.clone();
    config.auth_secret_previous = None;
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let (clock, rng) = (app.state.clock.clone(), Rng::from_system());
    let parts = Parts { config, clock, rng, cost, hash_threads: 1 };
    let state = RUNTIME.spawn_blocking(|| RUNTIME.block_on(AppState::start(parts))).await.unwrap().unwrap();
    look(&state).await.unwrap();
}

async fn found_by(app: &TestApp, seals: &AuditSeals, accepted: &[Accepted]) -> Report {
    verify(&app.state.db, seals, (None, accepted)).await.unwrap().report
}

#[tokio::test]
async fn a_change_of_the_auth_secret_is_proved_while_the_former_one_is_known_and_believed_ever_after() {
    let app = sealed(4).await;
    let former = secret_of(&app);
    let app = app.restart_with(&[("auth_secret", OTHER_SECRET), ("auth_secret_previous", &former)]).await;
    let new_only = seals_of(OTHER_SECRET);
    let unknown = |before| Finding::UnknownKey { from: 1, to: 4, before };
    assert_eq!(found_by(&app, &new_only, &[]).await.findings, [unknown(None)]);
    look(&app.state).await.unwrap();
    assert_eq!(app.audit("audit_key").await, 1);
    assert_eq!(look(&app.state).await.unwrap(), None, "once");
    let after = found_by(&app, &new_only, &[]).await;
    assert_eq!((after.findings, after.covered, after.sealed), (vec![], 4, 5));
    assert_eq!(verified(&app, None).await.report.covered, 0, "both are known while it is being changed");
    tamper(&app, "UPDATE audit SET actor_id = 'b' WHERE seq = 2").await;
    assert_eq!(findings(&app).await, [Finding::Edited { seq: 2 }]);
    let edited = found_by(&app, &new_only, &[]).await;
    assert!(edited.findings.contains(&Finding::Edited { seq: 2 }), "{:?}", edited.findings);
}

#[tokio::test]
async fn two_changes_one_after_the_other_are_believed_with_the_last_secret_alone() {
    const THIRD: &str = "p4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgo=";
    let app = sealed(2).await;
    let first = secret_of(&app);
    let app = app.restart_with(&[("auth_secret", OTHER_SECRET), ("auth_secret_previous", &first)]).await;
    look(&app.state).await.unwrap();
    let app = app.restart_with(&[("auth_secret", THIRD), ("auth_secret_previous", OTHER_SECRET)]).await;
    look(&app.state).await.unwrap();
    let report = found_by(&app, &seals_of(THIRD), &[]).await;
    assert_eq!((report.findings, report.covered, report.sealed), (vec![], 3, 4));
}

#[tokio::test]
async fn a_change_without_the_former_secret_is_reported_until_that_is_given_or_the_row_accepted() {
    let app = sealed(4).await;
    let former = secret_of(&app);
    let app = app.restart_with(&[("auth_secret", OTHER_SECRET), ("auth_secret_previous", &former)]).await;
    seal_without_proof(&app).await;
    let new_only = seals_of(OTHER_SECRET);
    let told = found_by(&app, &new_only, &[]).await;
    assert_eq!(told.findings, [Finding::UnknownKey { from: 1, to: 4, before: Some(5) }]);
    let by_number = Accepted::parse("5").unwrap();
    assert_eq!(found_by(&app, &new_only, &[by_number]).await.findings, []);
    let by_head = Accepted::parse(&told.head.to_string()).unwrap();
    assert_eq!(found_by(&app, &new_only, &[by_head]).await.findings, []);
    let other = Accepted { link: Some([1; 32]), ..by_head };
    assert_eq!(found_by(&app, &new_only, &[other]).await.findings.len(), 1, "another row with that number");
    assert_eq!(findings(&app).await, [], "with the former secret each row is verified by its own seal");
}

/// Whether the database takes it.
async fn takes(app: &TestApp, statement: &str) -> bool {
    let statement = AssertSqlSafe(statement.to_owned());
    match app.state.db.read() {
        On::Sqlite(pool) => sqlx::raw_sql(statement).execute(pool).await.is_ok(),
        On::Postgres(server) => sqlx::raw_sql(statement).execute(&server.pool).await.is_ok(),
        On::SqliteTx(_) | On::PostgresTx(_) => unreachable!("no write is in progress"),
    }
}

#[tokio::test]
async fn the_database_itself_refuses_what_would_change_the_log_by_accident() {
    let app = sealed(2).await;
    write(&app, 1).await;
    for statement in [
        "UPDATE audit SET detail = NULL",
        "UPDATE audit SET actor_id = 'x' WHERE seq IS NULL",
        "UPDATE audit SET seq = 9 WHERE seq = 2",
        "UPDATE audit SET seal = NULL WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 1",
        "DELETE FROM audit WHERE seq IS NULL",
        "DELETE FROM audit",
    ] {
        assert!(!takes(&app, statement).await, "{statement}");
    }
    assert_eq!(findings(&app).await, []);
    assert_eq!(app.number("SELECT COUNT(*) FROM audit").await, 3);
}

fn run(command: &mut Command) -> (Option<i32>, serde_json::Value, String) {
    let done = command.output().unwrap();
    let value = serde_json::from_slice(&done.stdout).unwrap_or_default();
    (done.status.code(), value, text(&done.stdout) + &text(&done.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_verified_on_the_command_line_beside_a_running_server() {
    let app = TestApp::today().await;
    write(&app, 4).await;
    look(&app.state).await.unwrap();
    let verify = |more: &[&str]| run(on(&app).args(["--json", "audit", "verify"]).args(more));
    let (code, report, told) = verify(&[]);
    assert_eq!((code, &report["clean"], &report["sealed"]), (Some(0), &true.into(), &4.into()), "{told}");
    let head = report["head"].as_str().unwrap().to_owned();
    assert_eq!(verify(&["--head", &head]).1["given"], "found");
    assert_eq!(verify(&["--head", "4:0"]).0, Some(2));
    let foreign = run(on(&app).args(["--json", "audit", "verify"]).env("AUTH_SECRET", OTHER_SECRET));
    assert_eq!((foreign.0, &foreign.1["findings"][0]["kind"]), (Some(1), &"unknown_key".into()), "{}", foreign.2);
    tamper(&app, "UPDATE audit SET device = 'x' WHERE seq = 3; DELETE FROM audit WHERE seq = 4").await;
    tamper(&app, "UPDATE audit_chain SET seq = 3 WHERE name = 'head'").await;
    let (code, report, told) = verify(&["--head", &head]);
    let expected = serde_json::json!([
        { "kind": "edited", "seq": 3 }, { "kind": "cut_tail", "from": 4, "to": 4 }, { "kind": "head", "seq": 3 },
    ]);
    assert_eq!((code, &report["findings"], &report["clean"]), (Some(1), &expected, &false.into()), "{told}");
    let (code, _, told) = run(on(&app).args(["audit", "verify"]));
    assert!(code == Some(1) && told.contains("number 3 was changed, or put in"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_taken_out_on_the_command_line_and_that_is_written_down() {
    let app = TestApp::today().await;
    write(&app, 3).await;
    let (code, _, told) = run(on(&app).args(["audit", "export"]));
    let lines: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, lines.len(), &lines[0]["action"]), (Some(0), 4, &"audit_export".into()), "{told}");
    assert_eq!(lines[0]["detail"]["by"], "cli");
    assert_eq!(lines[3]["device"], "d");
}
