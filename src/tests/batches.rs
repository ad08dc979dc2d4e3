//! Renewals that go to PostgreSQL together: each row comes to what it would have come to by itself.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use sekisho::{
    domain::{ids::SessionId, role::Role, strategy::Strategy, time::Timestamp},
    server::store::{
        Db, Fault, StoreError, StoreResult,
        sessions::{self, Renewal, Session},
    },
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::time::{Instant, timeout};

use crate::{
    test_app::TestApp,
    test_database::{TestDatabase, postgres_server, skipped},
};

/// Long before anyone loses patience, and as busy as the machine may be that tests.
const SOON: Duration = Duration::from_millis(1000);

/// An app on PostgreSQL, and so many sessions of as many people as they are in their rows.
async fn sessions_of(people: usize) -> Option<(TestApp, Vec<Session>)> {
    let Some(server) = postgres_server() else {
        skipped("SEKISHO_TEST_POSTGRES is not set");
        return None;
    };
    let app = TestApp::upon(TestDatabase::postgres(&server).await, &[]).await;
    let mut found = Vec::new();
    for number in 0..people {
        let email = format!("hanako{number}@example.com");
        app.user(&email, Role::User).await;
        let id = app.signed_in(&email).await.session_id().await;
        found.push(SessionId::parse(&id).unwrap());
    }
    app.settle().await;
    let mut read = Vec::new();
    for id in &found {
        read.push(sessions::find(app.state.db.read(), id).await.unwrap().unwrap());
    }
    Some((app, read))
}

/// The next generation of a session.
fn moved(app: &TestApp, read: &Session) -> Renewal {
    let mut to = read.clone();
    to.chain.generation += 1;
    "another".clone_into(&mut to.user_agent);
    Renewal { read: read.clone(), to, now: app.state.clock.now() }
}

/// The same generation, another browser.
fn kept(app: &TestApp, read: &Session) -> Renewal {
    let Renewal { read, mut to, now } = moved(app, read);
    to.chain.generation = read.chain.generation;
    Renewal { read, to, now }
}

/// At once: all are handed in before the first goes on its way, because one thread does both.
async fn together(db: &Db, renewals: Vec<Renewal>) -> Vec<StoreResult<Option<Session>>> {
    join_all(renewals.into_iter().map(|renewal| renewal.carry_out(db))).await
}

fn renewed(outcome: &StoreResult<Option<Session>>) -> bool {
    outcome.as_ref().unwrap().is_some()
}

pub async fn other_connection(app: &TestApp) -> PgConnection {
    PgConnection::connect(&app.database.url()).await.unwrap()
}

pub async fn run(conn: &mut PgConnection, text: String) {
    timeout(SOON, conn.execute(AssertSqlSafe(text))).await.expect("nothing to wait for").unwrap();
}

#[tokio::test]
async fn renewals_at_once_are_one_statement_which_writes_all_that_one_by_itself_writes() {
    let Some((app, read)) = sessions_of(9).await else { return };
    let (alone, many) = read.split_first().unwrap();
    let whole = |read: &Session| {
        let Renewal { read, mut to, now } = moved(&app, read);
        to.chain.confirmed_generation = 8;
        to.chain.rotated_at = Timestamp(9);
        to.chain.late_streak = 10;
        to.chain.late_generation = 11;
        "Teapot/Wall".clone_into(&mut to.chain.device_kind);
        "192.0.2.9".clone_into(&mut to.address);
        to.ends.expires_at = Timestamp(now.0 + 12);
        to.issued_as = Strategy::Database;
        // One that has both hashes, and one that has none, in one array.
        let hash = read.id.as_str().ends_with(['0', '1', '2', '3', '4', '5', '6', '7']);
        to.token_hash = hash.then(|| first_bytes(&read, 1));
        to.former_token_hash = hash.then(|| first_bytes(&read, 2));
        to.proved_at = Timestamp(13);
        Renewal { read, to, now }
    };
    assert!(together(&app.state.db, many.iter().map(whole).collect()).await.iter().all(renewed));
    assert_eq!(app.number("SELECT COUNT(DISTINCT xmin::text) FROM sessions WHERE generation = 2").await, 1);
    let one = whole(alone);
    let Renewal { read, to, now } = one;
    app.state.db.write(move |tx| Box::pin(async move { sessions::renew(tx, &read, &to, now).await })).await.unwrap();
    for session in many.iter().chain([alone]) {
        let expected = whole(session).to;
        let written = sessions::find(app.state.db.read(), &session.id).await.unwrap().unwrap();
        assert_eq!(format!("{written:?}"), format!("{expected:?}"));
        assert_eq!((written.token_hash, written.former_token_hash), (expected.token_hash, expected.former_token_hash));
    }
}

/// Its own for each session.
fn first_bytes(session: &Session, mark: u8) -> [u8; 32] {
    let mut bytes = [mark; 32];
    bytes[..31].copy_from_slice(&session.id.as_str().as_bytes()[5..36]);
    bytes
}

#[tokio::test]
async fn each_guard_refuses_its_row_in_a_batch_as_it_does_by_itself_and_no_other_row() {
    let Some((app, read)) = sessions_of(3).await else { return };
    let other = &read[1];
    app.execute("CREATE TABLE s AS TABLE sessions; CREATE TABLE u AS TABLE users").await;
    for change in [
        "sessions SET ended_at = 1, end_reason = 'kicked'",
        "sessions SET expires_at = 1",
        "sessions SET idle_end_at = 1",
        "sessions SET absolute_end_at = 1",
        "sessions SET generation = generation + 1",
        "sessions SET confirmed_generation = confirmed_generation + 1",
        "sessions SET late_streak = late_streak + 1",
        "sessions SET late_generation = late_generation + 1",
        "users SET version = version + 1",
        "users SET locked_at = 1",
    ] {
        let key = if change.starts_with("users") { other.user_id.as_str() } else { other.id.as_str() };
        app.execute(&format!("UPDATE {change} WHERE id = '{key}'")).await;
        let one = kept(&app, other);
        let alone = app
            .state
            .db
            .write(move |tx| Box::pin(async move { sessions::renew(tx, &one.read, &one.to, one.now).await }));
        assert_eq!(alone.await.unwrap(), None, "{change}");
        let outcomes = together(&app.state.db, read.iter().map(|read| kept(&app, read)).collect()).await;
        assert_eq!(outcomes.iter().map(renewed).collect::<Vec<_>>(), [true, false, true], "{change}");
        app.execute("DELETE FROM users; INSERT INTO users TABLE u; INSERT INTO sessions TABLE s").await;
    }
}

#[tokio::test]
async fn of_many_renewals_of_one_session_at_once_one_is_written() {
    let Some((app, read)) = sessions_of(2).await else { return };
    let renewals = (0..32).map(|number| moved(&app, &read[number % 2])).collect();
    let outcomes = together(&app.state.db, renewals).await;
    assert_eq!(outcomes.iter().filter(|outcome| renewed(outcome)).count(), 2);
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE generation = 2").await, 2);
}

#[tokio::test]
async fn a_row_that_another_transaction_holds_keeps_only_its_own_caller_waiting() {
    let Some((app, read)) = sessions_of(3).await else { return };
    let mut other = other_connection(&app).await;
    run(&mut other, format!("BEGIN; UPDATE sessions SET address = 'x' WHERE id = '{}'", read[1].id)).await;
    let (held, last) = (moved(&app, &read[1]), moved(&app, &read[2]));
    let db = app.state.db.clone();
    let began = Instant::now();
    let waiting = tokio::spawn(async move { (held.carry_out(&db).await, began.elapsed()) });
    let beside = together(&app.state.db, vec![moved(&app, &read[0]), last]).await;
    assert!(beside.iter().all(renewed) && began.elapsed() < SOON, "{:?}", began.elapsed());
    tokio::time::sleep(Duration::from_millis(300)).await;
    run(&mut other, "COMMIT".to_owned()).await;
    let (outcome, took) = waiting.await.unwrap();
    assert!(renewed(&outcome) && took > Duration::from_millis(300), "when it was free again");
}

#[tokio::test]
async fn a_row_that_is_held_for_good_is_refused_for_now_and_loses_nothing() {
    let Some((app, read)) = sessions_of(2).await else { return };
    let mut other = other_connection(&app).await;
    run(&mut other, format!("BEGIN; UPDATE sessions SET address = 'x' WHERE id = '{}'", read[1].id)).await;
    let outcomes = together(&app.state.db, read.iter().map(|read| moved(&app, read)).collect()).await;
    assert!(renewed(&outcomes[0]));
    let refused = outcomes[1].as_ref().map(Option::is_some).unwrap_err();
    assert!(matches!(refused.fault(), Fault::Locked | Fault::Slow), "{refused:?}");
    run(&mut other, "ROLLBACK".to_owned()).await;
    assert!(renewed(&moved(&app, &read[1]).carry_out(&app.state.db).await));
}

#[tokio::test]
async fn who_holds_one_row_of_a_batch_and_wants_another_is_in_no_deadlock_with_it() {
    let Some((app, read)) = sessions_of(3).await else { return };
    let mut other = other_connection(&app).await;
    for (holds, wants) in [(0, 2), (2, 0)] {
        let held = format!("UPDATE sessions SET address = 'x' WHERE id = '{}'", read[holds].id);
        run(&mut other, format!("BEGIN; {held}")).await;
        let now = app.state.clock.now();
        let again: Vec<_> = read.iter().map(|read| Renewal { read: read.clone(), to: read.clone(), now }).collect();
        let db = app.state.db.clone();
        let waiting = tokio::spawn(async move { together(&db, again).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        run(&mut other, format!("UPDATE sessions SET address = 'x' WHERE id = '{}'; COMMIT", read[wants].id)).await;
        assert!(waiting.await.unwrap().iter().all(renewed));
    }
}

#[tokio::test]
async fn two_nodes_with_the_same_sessions_in_another_order_renew_each_once() {
    let Some((app, mut read)) = sessions_of(16).await else { return };
    let node = Db::open_postgres(&app.database.url(), Arc::new(|_: &[_], _: &[_]| {})).await.unwrap();
    for round in 0..100 {
        let there = read.iter().rev().map(|read| moved(&app, read)).collect();
        let here = read.iter().map(|read| moved(&app, read)).collect();
        let (mut there, here) = tokio::join!(together(&node, there), together(&app.state.db, here));
        there.reverse();
        for (here, there) in here.iter().zip(&there) {
            assert!(renewed(here) != renewed(there), "{round}");
        }
        for session in &mut read {
            session.chain.generation += 1;
        }
    }
    node.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_one_row_is_no_trouble_of_the_others() {
    let Some((app, read)) = sessions_of(4).await else { return };
    let mut renewals: Vec<_> = read.iter().map(|read| moved(&app, read)).collect();
    // Two of one hash, which is unique.
    renewals[0].to.token_hash = Some([7; 32]);
    renewals[2].to.token_hash = Some([7; 32]);
    let outcomes = together(&app.state.db, renewals).await;
    assert!(renewed(&outcomes[1]) && renewed(&outcomes[3]));
    let told = [&outcomes[0], &outcomes[2]];
    assert_eq!(told.iter().filter(|told| matches!(told, Err(StoreError::Conflict))).count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|told| matches!(told, Ok(Some(_)))).count(), 1, "{told:?}");
}

#[tokio::test]
async fn what_was_handed_in_is_written_before_the_end_though_its_caller_is_gone() {
    let Some((app, read)) = sessions_of(4).await else { return };
    let callers: Vec<_> = read
        .iter()
        .map(|read| {
            let (renewal, db) = (moved(&app, read), app.state.db.clone());
            tokio::spawn(async move { renewal.carry_out(&db).await })
        })
        .collect();
    tokio::task::yield_now().await;
    for caller in &callers {
        caller.abort();
    }
    app.state.db.close().await;
    assert!(join_all(callers).await.iter().all(|gone| gone.as_ref().is_err_and(tokio::task::JoinError::is_cancelled)));
    let mut other = other_connection(&app).await;
    let moved: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sessions WHERE generation = 2").fetch_one(&mut other).await.unwrap();
    assert_eq!(moved, 4);
}

#[tokio::test]
async fn sessions_read_together_are_each_given_to_who_asked_and_one_that_is_not_there_to_none() {
    let Some((app, read)) = sessions_of(3).await else { return };
    let nobody = SessionId::parse("01a1ffc5-012b-746f-aeaf-000000000000").unwrap();
    let ids = [&read[2].id, &nobody, &read[0].id, &read[2].id, &read[1].id];
    let found = join_all(ids.map(|id| sessions::find_with_user(app.state.db.read(), id))).await;
    for (id, found) in ids.into_iter().zip(found) {
        let found = found.unwrap().map(|(session, user)| (session.id, session.user_id == user.id));
        assert_eq!(found, (id != &nobody).then(|| (id.clone(), true)));
    }
    app.execute(&format!("UPDATE sessions SET issued_as = 'nonsense' WHERE id = '{}'", read[1].id)).await;
    let found = join_all(read.iter().map(|read| sessions::find_with_user(app.state.db.read(), &read.id))).await;
    assert_eq!(found.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true], "a row that can't be read");
}
