//! Forgeries of the audit log, by somebody who writes to the database and doesn't have the auth secret: each is found, at
//! once and after the server that runs beside it has sealed on.

use sekisho::{
    domain::audit_chain::{Accepted, Finding, Head, Seal},
    server::{
        crypto::audit_seal::{AuditSeals, Sealed},
        flow::{audit_retention::Retention, audit_seal::verify},
        node::audit_seal::look,
        store::{
            On,
            audit_chain::{End, Row, end, sealed_after},
        },
    },
};

use crate::{
    audit_chain::{clean_up, findings, sealed, seals_of, secret_of, tamper, verified, write},
    metrics::told,
    test_app::TestApp,
};

const MADE_UP: &str = "f4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";
const OTHER_SECRET: &str = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";
const NAME: usize = 6;

/// What a forger does, beginning with plain statements.
enum Then {
    Nothing,
    /// Links and seals of the rows from this number on are made anew, under a made-up key, and the head is moved along.
    Reseal(i64),
    /// The same, with the name of the genuine key before the seals.
    ResealAsOurs(i64),
    /// A row gets the seal of another database.
    ResealOne(i64),
    /// The clean-up of the server runs.
    CleanUp,
}

/// What it takes to find it before the server has sealed on.
#[derive(PartialEq)]
enum Takes {
    Nothing,
    /// A head that was written down.
    Head,
    /// That the server seals what was put in.
    Sealing,
}

type Forgery = (&'static str, Takes, &'static str, Then);

/// The log has rows 4 to 13; those up to 3 have gone by the retention.
#[rustfmt::skip]
const FORGERIES: [Forgery; 38] = [
    ("content", Takes::Nothing, "UPDATE audit SET actor_id = 'x' WHERE seq = 6", Then::Nothing),
    ("content of the last row", Takes::Nothing, "UPDATE audit SET actor_id = 'x' WHERE seq = 13", Then::Nothing),
    ("time of a row", Takes::Nothing, "UPDATE audit SET at = at - 1 WHERE seq = 6", Then::Nothing),
    ("a row deleted", Takes::Nothing, "DELETE FROM audit WHERE seq = 7", Then::Nothing),
    ("the first row deleted", Takes::Nothing, "DELETE FROM audit WHERE seq = 4", Then::Nothing),
    ("a row deleted and the numbers closed", Takes::Nothing, "DELETE FROM audit WHERE seq = 7;
      UPDATE audit SET seq = -seq WHERE seq > 7; UPDATE audit SET seq = -seq - 1 WHERE seq < 0;
      UPDATE audit_chain SET seq = 12 WHERE name = 'head'", Then::Nothing),
    ("two rows in each other's place", Takes::Nothing, "UPDATE audit SET seq = 99 WHERE seq = 5;
      UPDATE audit SET seq = 5 WHERE seq = 6; UPDATE audit SET seq = 6 WHERE seq = 99", Then::Nothing),
    ("two contents in each other's place", Takes::Nothing, "UPDATE audit SET request_id = id WHERE seq IN (5, 6);
      UPDATE audit SET id = '0' WHERE seq = 5;
      UPDATE audit SET id = (SELECT a.request_id FROM audit a WHERE a.seq = 5) WHERE seq = 6;
      UPDATE audit SET id = (SELECT a.request_id FROM audit a WHERE a.seq = 6) WHERE seq = 5;
      UPDATE audit SET request_id = 'r' WHERE seq IN (5, 6)", Then::Nothing),
    ("a row put in at the end with a copied seal", Takes::Nothing,
      "INSERT INTO audit (id, at, action, outcome, seq, link, seal)
       SELECT 'x', at, action, outcome, 14, link, seal FROM audit WHERE seq = 13;
       UPDATE audit_chain SET seq = 14 WHERE name = 'head'", Then::Nothing),
    ("a row put in after the head", Takes::Nothing,
      "INSERT INTO audit (id, at, action, outcome, seq) VALUES ('x', 1, 'sign_in', 'done', 14)", Then::Nothing),
    ("seal and link copied from the row before", Takes::Nothing,
      "UPDATE audit SET link = (SELECT a.link FROM audit a WHERE a.seq = 5),
         seal = (SELECT a.seal FROM audit a WHERE a.seq = 5) WHERE seq = 6", Then::Nothing),
    ("a number twice", Takes::Nothing, "DROP INDEX audit_by_seq;
      INSERT INTO audit (id, at, action, outcome, seq, link, seal)
      SELECT 'zz', at, action, outcome, seq, link, seal FROM audit WHERE seq = 6", Then::Nothing),
    ("a row below the checkpoint", Takes::Nothing,
      "INSERT INTO audit (id, at, action, outcome, seq, link, seal)
       SELECT 'x', at, action, outcome, 2, link, seal FROM audit WHERE seq = 6", Then::Nothing),
    ("a row at the checkpoint", Takes::Nothing,
      "INSERT INTO audit (id, at, action, outcome, seq, link, seal)
       SELECT 'x', 1, 'sign_in', 'done', seq, link, seal FROM audit_chain WHERE name = 'checkpoint'", Then::Nothing),
    ("a row with number zero", Takes::Nothing,
      "INSERT INTO audit (id, at, action, outcome, seq) VALUES ('x', 1, 'sign_in', 'done', 0)", Then::Nothing),
    ("a row with a number below zero", Takes::Nothing,
      "INSERT INTO audit (id, at, action, outcome, seq) VALUES ('x', 1, 'sign_in', 'done', -5)", Then::Nothing),
    ("a seal taken off, to be put on anew", Takes::Nothing,
      "UPDATE audit SET seq = NULL, link = NULL, seal = NULL, actor_id = 'x' WHERE seq = 8", Then::Nothing),
    ("a seal emptied", Takes::Nothing, "UPDATE audit SET seal = NULL WHERE seq = 8", Then::Nothing),
    ("a seal of another database", Takes::Nothing, "UPDATE audit SET actor_id = 'x' WHERE seq = 8", Then::ResealOne(8)),
    ("all rewritten under a made-up key", Takes::Nothing, "UPDATE audit SET actor_id = 'x'", Then::Reseal(4)),
    ("all rewritten under the name of our key", Takes::Nothing, "UPDATE audit SET actor_id = 'x'", Then::ResealAsOurs(4)),
    ("the end rewritten under a made-up key", Takes::Nothing, "UPDATE audit SET actor_id = 'x' WHERE seq >= 9", Then::Reseal(9)),
    ("the end rewritten under the name of our key", Takes::Nothing,
      "UPDATE audit SET actor_id = 'x' WHERE seq >= 9", Then::ResealAsOurs(9)),
    ("all rewritten, with a row that says that the change was verified", Takes::Nothing,
      "UPDATE audit SET actor_id = 'x'; INSERT INTO audit (id, at, action, outcome, detail) VALUES ('0', 1, 'audit_key', 'done',
       '{\"by\":\"schedule\",\"verified\":true}')", Then::Reseal(4)),
    ("a row that says that a change was verified", Takes::Sealing,
      "INSERT INTO audit (id, at, action, outcome, detail) VALUES ('0', 1, 'audit_key', 'done', '{\"verified\":true}')", Then::Nothing),
    ("the beginning cut, the checkpoint under a made-up name", Takes::Nothing,
      "UPDATE audit_chain SET seq = 8, link = (SELECT link FROM audit WHERE seq = 8),
         seal = (SELECT FORGED FROM audit WHERE seq = 8) WHERE name = 'checkpoint';
       DELETE FROM audit WHERE seq <= 8", Then::Nothing),
    ("the beginning cut, the checkpoint with the seal of a row", Takes::Nothing,
      "UPDATE audit_chain SET seq = 8, link = (SELECT link FROM audit WHERE seq = 8),
         seal = (SELECT seal FROM audit WHERE seq = 8) WHERE name = 'checkpoint';
       DELETE FROM audit WHERE seq <= 8", Then::Nothing),
    ("the beginning cut, the checkpoint with its former seal", Takes::Nothing,
      "UPDATE audit_chain SET seq = 8, link = (SELECT link FROM audit WHERE seq = 8) WHERE name = 'checkpoint';
       DELETE FROM audit WHERE seq <= 8", Then::Nothing),
    ("the checkpoint moved back", Takes::Nothing,
      "UPDATE audit_chain SET seq = 0, link = NULL, seal = NULL WHERE name = 'checkpoint'", Then::Nothing),
    ("the checkpoint deleted", Takes::Nothing, "DELETE FROM audit_chain WHERE name = 'checkpoint'", Then::Nothing),
    ("rows made old, so that the clean-up takes them", Takes::Nothing, "UPDATE audit SET at = 1 WHERE seq <= 8", Then::CleanUp),
    ("the beginning cut, so that the clean-up moves the checkpoint", Takes::Nothing,
      "DELETE FROM audit WHERE seq < 8; UPDATE audit SET at = 1 WHERE seq = 8", Then::CleanUp),
    ("the head moved back", Takes::Nothing, "UPDATE audit_chain SET seq = 8, link = (SELECT link FROM audit WHERE seq = 8),
      seal = (SELECT seal FROM audit WHERE seq = 8) WHERE name = 'head'", Then::Nothing),
    ("the head moved forward", Takes::Nothing, "UPDATE audit_chain SET seq = 20 WHERE name = 'head'", Then::Nothing),
    ("the head deleted", Takes::Nothing, "DELETE FROM audit_chain WHERE name = 'head'", Then::Nothing),
    ("both ends deleted", Takes::Nothing, "DELETE FROM audit_chain", Then::Nothing),
    ("the tail cut, and the head moved back", Takes::Head, "DELETE FROM audit WHERE seq > 8;
      UPDATE audit_chain SET seq = 8, link = (SELECT link FROM audit WHERE seq = 8),
      seal = (SELECT seal FROM audit WHERE seq = 8) WHERE name = 'head'", Then::Nothing),
    ("nothing left, as on the first day", Takes::Head,
      "DELETE FROM audit; UPDATE audit_chain SET seq = 0, link = NULL, seal = NULL", Then::Nothing),
];

/// A log with rows 4 to 13.
async fn log() -> TestApp {
    let app = sealed(3).await;
    app.minutes(399 * 24 * 60);
    write(&app, 9).await;
    look(&app.state).await.unwrap();
    app.minutes(24 * 60);
    assert_eq!(clean_up(&app).await, 3);
    assert_eq!(look(&app.state).await.unwrap().unwrap().seq, 13);
    assert_eq!(findings(&app).await, []);
    app
}

fn blob(app: &TestApp, bytes: &[u8]) -> String {
    let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    match app.state.db.read() {
        On::Sqlite(_) => format!("x'{hex}'"),
        _ => format!("'\\x{hex}'::bytea"),
    }
}

async fn rows(app: &TestApp, from: i64) -> Vec<Row> {
    sealed_after(app.state.db.read(), (from, ""), 1000).await.unwrap()
}

async fn put(app: &TestApp, id: &str, sealed: &Sealed) {
    let (seq, link, seal) = (sealed.head.seq, blob(app, &sealed.head.link), blob(app, &sealed.seal));
    tamper(app, &format!("UPDATE audit SET seq = {seq}, link = {link}, seal = {seal} WHERE id = '{id}'")).await;
    tamper(app, &format!("UPDATE audit_chain SET seq = {seq}, link = {link}, seal = {seal} WHERE name = 'head'")).await;
}

/// Makes links and seals anew from a number on; those that come after it too.
async fn reseal(app: &TestApp, from: i64, seals: &AuditSeals, name: Option<[u8; NAME]>) {
    let before = rows(app, from - 1).await.into_iter().find(|row| row.seq == Some(from - 1));
    let checkpoint = format!("SELECT seq FROM audit_chain WHERE name = 'checkpoint' AND seq = {}", from - 1);
    let mut last = if let Some(row) = before {
        row.place().head
    } else {
        assert_eq!(app.number(&checkpoint).await, from - 1);
        end(app.state.db.read(), End::Checkpoint).await.unwrap().unwrap().head
    };
    for row in rows(app, from).await {
        let mut sealed = seals.next(&last, &row.content().canonical());
        if let Some(name) = name {
            sealed.seal[..NAME].copy_from_slice(&name);
        }
        put(app, &row.id, &sealed).await;
        last = sealed.head;
    }
}

async fn forge(app: &TestApp, statements: &str, then: &Then) {
    let made_up = blob(app, b"FORGED-and-forty-bytes-that-nobody-can-read");
    tamper(app, &statements.replace("FORGED", &made_up)).await;
    let (seals, last) = (seals_of(MADE_UP), rows(app, 0).await.pop());
    match then {
        Then::Nothing => {}
        Then::Reseal(from) => reseal(app, *from, &seals, None).await,
        Then::ResealAsOurs(from) => {
            let name = last.unwrap().place().seal[..NAME].try_into().unwrap();
            reseal(app, *from, &seals, Some(name)).await;
        }
        Then::ResealOne(seq) => {
            let found = rows(app, *seq - 1).await;
            let sealed = seals.next(&found[0].place().head, &found[1].content().canonical());
            let seal = blob(app, &sealed.seal);
            tamper(app, &format!("UPDATE audit SET seal = {seal} WHERE seq = {seq}")).await;
        }
        Then::CleanUp => assert_eq!(clean_up(app).await, 0),
    }
}

#[tokio::test]
async fn each_forgery_is_found_at_once_and_after_the_server_has_sealed_on() {
    for (name, takes, statements, then) in FORGERIES {
        let app = log().await;
        let known = verified(&app, None).await.report.head;
        forge(&app, statements, &then).await;
        if takes != Takes::Sealing {
            let given = (takes == Takes::Head).then_some(known);
            let found = verified(&app, given).await.report.findings;
            assert!(!found.is_empty(), "{name}: not found");
        }
        for _ in 0..2 {
            write(&app, 1).await;
            // It may be that it can't be sealed any more.
            let _ = look(&app.state).await;
            let found = findings(&app).await;
            assert!(!found.is_empty(), "{name}: not found after it was sealed on");
        }
    }
}

#[tokio::test]
async fn a_server_that_runs_says_once_that_the_log_is_not_the_one_it_sealed() {
    let app = log().await;
    forge(&app, "UPDATE audit SET actor_id = 'x'", &Then::Reseal(4)).await;
    for _ in 0..3 {
        look(&app.state).await.unwrap();
    }
    assert_eq!(app.audit("audit_key").await, 1, "without waiting for an act, and once");
    let metrics = told(&app).await;
    assert!(metrics.contains("sekisho_audit_breaks_total{why=\"rewritten\"} 1"), "{metrics}");
    let detail = app.text("SELECT detail FROM audit WHERE action = 'audit_key'").await;
    let detail: serde_json::Value = serde_json::from_str(&detail).unwrap();
    assert_eq!((&detail["verified"], &detail["why"]), (&false.into(), &"rewritten".into()), "{detail}");
}

#[tokio::test]
async fn a_server_that_starts_on_a_rewritten_log_vouches_for_none_of_it() {
    let app = log().await;
    forge(&app, "UPDATE audit SET actor_id = 'x'", &Then::Reseal(4)).await;
    let app = app.restart().await;
    look(&app.state).await.unwrap();
    assert_eq!(findings(&app).await, [Finding::UnknownKey { from: 4, to: 13, before: Some(14) }]);
}

#[tokio::test]
async fn a_checkpoint_is_sealed_anew_when_the_key_changes() {
    let app = log().await;
    let former = secret_of(&app);
    let app = app.restart_with(&[("auth_secret", OTHER_SECRET), ("auth_secret_previous", &former)]).await;
    look(&app.state).await.unwrap();
    let report = verify(&app.state.db, &seals_of(OTHER_SECRET), (None, &[])).await.unwrap().report;
    assert_eq!((report.findings, report.covered, report.checkpoint), (vec![], 10, 3));
    let checkpoint = end(app.state.db.read(), End::Checkpoint).await.unwrap().unwrap();
    assert_eq!(seals_of(OTHER_SECRET).judge_checkpoint(&checkpoint.head, &checkpoint.seal), Seal::Good);
}

/// As the code before did it: a row that says no more than that there is another key.
#[tokio::test]
async fn a_change_of_the_secret_from_before_there_were_proofs_is_believed_when_it_is_accepted() {
    let app = sealed(4).await;
    app.execute("INSERT INTO audit (id, at, action, outcome, detail) VALUES ('key', 1, 'audit_key', 'done', '{\"by\":\"schedule\"}')")
        .await;
    let seals = seals_of(OTHER_SECRET);
    let unsealed = sekisho::server::store::audit_chain::unsealed(app.state.db.read(), 9).await.unwrap();
    let former: Head = rows(&app, 4).await[0].place().head;
    put(&app, "key", &seals.next(&former, &unsealed[0].content().canonical())).await;
    let found = verify(&app.state.db, &seals, (None, &[])).await.unwrap().report.findings;
    assert_eq!(found, [Finding::UnknownKey { from: 1, to: 4, before: Some(5) }]);
    let accepted = [Accepted { seq: 5, link: None }];
    let report = verify(&app.state.db, &seals, (None, &accepted)).await.unwrap().report;
    assert_eq!((report.findings, report.covered), (vec![], 4));
}

#[tokio::test]
async fn rows_that_do_not_verify_stay_until_an_operator_lets_them_go() {
    let app = log().await;
    tamper(&app, "UPDATE audit SET actor_id = 'x' WHERE seq = 6").await;
    app.minutes(400 * 24 * 60);
    assert_eq!(clean_up(&app).await, 2, "those before it");
    assert_eq!(findings(&app).await, [Finding::Edited { seq: 6 }]);
    let all = Retention { unverified: true, ..Retention::of_server(&app.state) };
    assert_eq!(all.enforce(&app.state.db, &app.state.clock).await.unwrap(), 8);
    look(&app.state).await.unwrap();
    assert_eq!(findings(&app).await, []);
}
