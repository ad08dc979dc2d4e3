//! Alarms: a token came twice, its owner and the desk see both uses, and somebody says what it was.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::{domain::role::Role, server::node::revocation_feed::hear};
use serde_json::Value;

use crate::{
    cli::{on, text},
    test_app::{Browser, CHROME, PASSWORD, Reply, TestApp},
};

const EMAIL: &str = "hanako@example.com";
const OTHER: &str = "taro@example.com";
const ADMIN: &str = "admin@example.com";

async fn start() -> TestApp {
    let app = TestApp::today().await;
    for (email, role) in [(EMAIL, Role::User), (OTHER, Role::User), (ADMIN, Role::Admin)] {
        app.user(email, role).await;
    }
    app
}

/// A token of theirs comes twice, the second time from another place.
pub async fn reuse(app: &TestApp) {
    reuse_of(app, EMAIL).await;
}

async fn reuse_of(app: &TestApp, email: &str) {
    let mut thief = copied(app, email).await;
    thief.refresh().await.signed_out("reuse");
}

/// Someone elsewhere with a token that its owner has used and left behind.
pub async fn copied(app: &TestApp, email: &str) -> Browser {
    let mut owner = app.signed_in(email).await;
    let thief = owner.clone().from("198.51.100.9").using(CHROME);
    app.minutes(13);
    owner.refresh().await.expect(StatusCode::OK);
    owner.session().await.expect(StatusCode::OK);
    app.settle().await;
    app.advance(Duration::from_secs(21));
    thief
}

pub async fn open(browser: &mut Browser) -> Vec<Value> {
    browser.get("/api/alarms").await.expect(StatusCode::OK).json()["alarms"].as_array().unwrap().clone()
}

pub async fn answer(browser: &mut Browser, alarm: &Value, answer: &str) -> Reply {
    let id = alarm["id"].as_str().unwrap();
    browser.post("/api/alarms/answer", &[("alarm_id", id), ("answer", answer)]).await
}

#[tokio::test]
async fn both_uses_are_shown_to_their_owner_and_one_answer_closes_the_alarm() {
    let app = start().await;
    reuse(&app).await;
    let (mut owner, mut other) = (app.signed_in(EMAIL).await, app.signed_in(OTHER).await);
    let alarms = open(&mut owner).await;
    assert_eq!((alarms.len(), open(&mut other).await.len()), (1, 0));
    let alarm = &alarms[0];
    assert_eq!((&alarm["kind"], &alarm["first"]["address"]), (&"reuse".into(), &"203.0.113.7".into()));
    assert_eq!(
        (&alarm["second"]["address"], &alarm["second"]["label"]["browser"]),
        (&"198.51.100.9".into(), &"Chrome".into())
    );
    assert!(alarm["first"]["at"].as_i64() < alarm["second"]["at"].as_i64());
    assert!(alarm["first"]["user_agent"].is_null(), "that is for the desk");
    assert_eq!(owner.get("/api/devices").await.json()["alarms"], Value::from(alarms.clone()));
    for page in ["/settings/devices", "/settings/security"] {
        let page = owner.page(page).await.expect(StatusCode::OK).text;
        assert!(page.contains("Was this you?") && page.contains("198.51.100.9"));
    }
    answer(&mut other, alarm, "mine").await.refused(StatusCode::NOT_FOUND, "not_found");
    answer(&mut app.browser(), alarm, "mine").await.expect(StatusCode::UNAUTHORIZED);
    for odd in ["admin", "", "Mine"] {
        answer(&mut owner, alarm, odd).await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    }
    answer(&mut owner, alarm, "mine").await.expect(StatusCode::OK);
    answer(&mut owner, alarm, "not_mine").await.refused(StatusCode::NOT_FOUND, "not_found");
    owner.session().await.expect(StatusCode::OK);
    assert_eq!((open(&mut owner).await.len(), app.audit("alarm_answer").await), (0, 1));
}

#[tokio::test]
async fn it_was_not_me_ends_everything_forgets_every_browser_and_asks_for_another_password() {
    let app = start().await;
    reuse(&app).await;
    reuse(&app).await;
    let (mut owner, mut second) = (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await);
    let mut other = app.signed_in(OTHER).await;
    let id = app.text(&format!("SELECT id FROM users WHERE email = '{EMAIL}'")).await;
    let known = format!("SELECT COUNT(*) FROM known_devices WHERE user_id = '{id}'");
    assert!(app.number(&known).await > 0);
    let alarms = open(&mut owner).await;
    let reply = answer(&mut owner, &alarms[0], "not_mine").await.expect(StatusCode::OK);
    assert_eq!((reply.json()["ended"].as_i64(), reply.json()["signed_out"].as_bool()), (Some(2), Some(true)));
    assert!(!owner.cookies.contains_key("__Host-access") && !owner.cookies.contains_key("__Host-refresh"));
    second.session().await.signed_out("revoked");
    second.refresh().await.signed_out("revoked");
    other.session().await.expect(StatusCode::OK);
    assert_eq!(app.number(&known).await, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM alarms WHERE answer = 'not_mine'").await, 2, "all of theirs");
    owner.sign_in(EMAIL, PASSWORD).await.refused(StatusCode::FORBIDDEN, "password_change_required");
}

#[tokio::test]
async fn it_was_not_me_says_nothing_of_the_alarms_of_others_nor_of_those_that_were_answered_before() {
    let app = start().await;
    reuse_of(&app, OTHER).await;
    reuse(&app).await;
    let mut owner = app.signed_in(EMAIL).await;
    let first = open(&mut owner).await[0].clone();
    answer(&mut owner, &first, "mine").await.expect(StatusCode::OK);
    reuse(&app).await;
    let mut owner = app.signed_in(EMAIL).await;
    let second = open(&mut owner).await[0].clone();
    answer(&mut owner, &second, "not_mine").await.expect(StatusCode::OK);
    for said in ["mine", "not_mine"] {
        let told = "SELECT COUNT(*) FROM alarms JOIN users ON users.id = alarms.user_id AND users.id = answered_by";
        assert_eq!(app.number(&format!("{told} WHERE answer = '{said}' AND email = '{EMAIL}'")).await, 1, "{said}");
    }
    let mut other = app.signed_in(OTHER).await;
    assert_eq!(open(&mut other).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_answers_at_once_one_counts() {
    let app = start().await;
    for _ in 0..10 {
        app.execute("UPDATE users SET password_due_at = NULL").await;
        reuse(&app).await;
        let mut owner = app.signed_in(EMAIL).await;
        let alarm = open(&mut owner).await[0].clone();
        let tasks = ["mine", "not_mine", "mine", "not_mine"].map(|said| {
            let (mut tab, alarm) = (owner.clone(), alarm.clone());
            tokio::spawn(async move { answer(&mut tab, &alarm, said).await.status })
        });
        let mut done = 0;
        for task in tasks {
            done += u32::from(task.await.unwrap() == StatusCode::OK);
        }
        assert_eq!(done, 1);
    }
    assert_eq!(app.audit("alarm_answer").await, 10);
}

#[tokio::test]
async fn the_desk_counts_what_is_open_shows_the_evidence_and_ends_everything_by_one_press() {
    let app = start().await;
    reuse(&app).await;
    let (mut admin, mut owner) = (app.signed_in(ADMIN).await, app.signed_in(EMAIL).await);
    let overview = admin.get("/api/admin/overview").await.expect(StatusCode::OK).json();
    assert_eq!((&overview["alarms_open"], &overview["alarms"][0]["email"]), (&1.into(), &EMAIL.into()));
    let id = overview["alarms"][0]["user_id"].as_str().unwrap().to_owned();
    let page = admin.page("/admin").await.expect(StatusCode::OK).text;
    assert!(page.contains("One alarm waits for an answer") && page.contains(EMAIL));
    let detail = admin.get(&format!("/api/admin/user?user_id={id}")).await.expect(StatusCode::OK).json();
    assert_eq!(detail["alarms"][0]["second"]["user_agent"], CHROME);
    let fields = [("user_id", id.as_str()), ("close_alarms", "true"), ("message", "copied")];
    let kicked = admin.post("/api/admin/kick_user", &fields).await.expect(StatusCode::OK).json();
    assert_eq!(kicked["ended"], 1);
    owner.session().await.signed_out("kicked");
    let detail = admin.get(&format!("/api/admin/user?user_id={id}")).await.expect(StatusCode::OK).json();
    assert_eq!(detail["alarms"][0]["answer"], "admin");
    assert_eq!(admin.get("/api/admin/overview").await.json()["alarms_open"], 0);
    let row = app.text("SELECT detail FROM audit WHERE action = 'kick_user'").await;
    assert!(row.contains("\"alarms\":1"), "{row}");
    let closed = detail["alarms"][0]["id"].as_str().unwrap();
    let close = admin.post("/api/admin/close_alarm", &[("alarm_id", closed)]).await;
    close.refused(StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn a_kick_closes_no_alarm_unless_it_is_asked_to_and_the_desk_may_close_one_by_itself() {
    let app = start().await;
    reuse(&app).await;
    let mut admin = app.signed_in(ADMIN).await;
    let id = app.text(&format!("SELECT id FROM users WHERE email = '{EMAIL}'")).await;
    admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
    let alarm = app.text("SELECT id FROM alarms WHERE answered_at IS NULL").await;
    admin.post("/api/admin/close_alarm", &[("alarm_id", &alarm)]).await.expect(StatusCode::OK);
    assert_eq!(app.text("SELECT answer FROM alarms").await, "admin");
    assert_eq!(app.audit("alarm_answer").await, 1);
    let mut user = app.signed_in(OTHER).await;
    let forbidden = user.post("/api/admin/close_alarm", &[("alarm_id", &alarm)]).await;
    forbidden.refused(StatusCode::FORBIDDEN, "forbidden");
}

#[tokio::test]
async fn three_generations_in_a_row_that_came_late_raise_one_alarm_and_the_session_lives_on() {
    let app = TestApp::with(&[("session.idle_timeout", "0")]).await;
    app.user(EMAIL, Role::User).await;
    let mut owner = app.signed_in(EMAIL).await;
    for _ in 0..5 {
        let mut late = owner.clone();
        app.minutes(13);
        owner.refresh().await.expect(StatusCode::OK);
        app.advance(Duration::from_secs(21));
        late.refresh().await.expect(StatusCode::OK);
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM alarms WHERE kind = 'late'").await, 1);
    assert!(app.audit("refresh_repeated_late").await >= 3);
    let alarm = open(&mut owner).await[0].clone();
    answer(&mut owner, &alarm, "mine").await.expect(StatusCode::OK);
    owner.session().await.expect(StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_lists_alarms_and_closes_them() {
    let app = start().await;
    reuse(&app).await;
    let mut owner = app.signed_in(EMAIL).await;
    let listed = on(&app).args(["alarm", "list", "--json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(
        (&listed[0]["email"], &listed[0]["evidence"]["second"]["address"]),
        (&EMAIL.into(), &"198.51.100.9".into())
    );
    let id = listed[0]["alarm_id"].as_str().unwrap();
    let done = on(&app).args(["alarm", "answer", id, "--kick"]).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    hear(&app.state).await;
    owner.session().await.signed_out("kicked");
    assert_eq!(on(&app).args(["alarm", "answer", id]).output().unwrap().status.code(), Some(1));
    assert_eq!(on(&app).args(["alarm", "answer", "7"]).output().unwrap().status.code(), Some(2));
    let all = on(&app).args(["alarm", "list", "--user", EMAIL, "--json"]).output().unwrap();
    assert!(text(&all.stdout).contains("\"answer\": \"admin\""), "{}", text(&all.stdout));
}
