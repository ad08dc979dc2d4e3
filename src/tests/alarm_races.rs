//! Alarms amid what else is written at the same time, on PostgreSQL, where writers do not take turns.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::domain::role::Role;

use crate::{
    alarms::{answer, copied, open, reuse},
    batches::{other_connection, run},
    test_app::{Browser, Reply, TestApp},
    test_database::{TestDatabase, postgres_server, skipped},
};

const EMAIL: &str = "hanako@example.com";

async fn start() -> Option<TestApp> {
    let Some(server) = postgres_server() else {
        skipped("SEKISHO_TEST_POSTGRES is not set");
        return None;
    };
    let settings = [("session.idle_timeout", "0")];
    let app = TestApp::upon(TestDatabase::postgres(&server).await, &settings).await;
    app.user(EMAIL, Role::User).await;
    Some(app)
}

/// What two renewals come to that have both judged the session before either can write its row.
async fn at_once(app: &TestApp, browser: &Browser) -> [Reply; 2] {
    let mut other = other_connection(app).await;
    run(&mut other, "BEGIN; UPDATE sessions SET address = address WHERE ended_at IS NULL".to_owned()).await;
    let [one, next] =
        [browser.clone(), browser.clone()].map(|mut browser| tokio::spawn(async move { browser.refresh().await }));
    tokio::time::sleep(Duration::from_millis(300)).await;
    run(&mut other, "ROLLBACK".to_owned()).await;
    [one.await.unwrap(), next.await.unwrap()]
}

#[tokio::test]
async fn of_copies_that_come_at_once_one_ends_the_session_and_raises_the_alarm() {
    let Some(app) = start().await else { return };
    let thief = copied(&app, EMAIL).await;
    for reply in at_once(&app, &thief).await {
        reply.signed_out("reuse");
    }
    assert_eq!((app.number("SELECT COUNT(*) FROM alarms").await, app.audit("refresh_reuse").await), (1, 1));
}

#[tokio::test]
async fn of_late_repeats_that_come_at_once_one_raises_the_alarm_and_each_is_told_once() {
    let Some(app) = start().await else { return };
    let mut owner = app.signed_in(EMAIL).await;
    for generation in 1..=3 {
        let mut late = owner.clone();
        app.minutes(13);
        owner.refresh().await.expect(StatusCode::OK);
        app.advance(Duration::from_secs(21));
        if generation < 3 {
            late.refresh().await.expect(StatusCode::OK);
            continue;
        }
        for reply in at_once(&app, &late).await {
            reply.expect(StatusCode::OK);
        }
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM alarms WHERE kind = 'late'").await, 1);
    assert_eq!(app.audit("refresh_repeated_late").await, 4, "the two before, and each of these once");
}

#[tokio::test]
async fn an_answer_takes_the_user_before_the_alarm_as_all_do_and_so_is_in_no_deadlock() {
    let Some(app) = start().await else { return };
    reuse(&app).await;
    let mut owner = app.signed_in(EMAIL).await;
    let alarm = open(&mut owner).await[0].clone();
    let mut other = other_connection(&app).await;
    run(&mut other, "BEGIN; UPDATE users SET touched = touched + 1".to_owned()).await;
    let answered = tokio::spawn(async move { answer(&mut owner, &alarm, "not_mine").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    run(&mut other, "UPDATE alarms SET evidence = evidence; COMMIT".to_owned()).await;
    answered.await.unwrap().expect(StatusCode::OK);
}
