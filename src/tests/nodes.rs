//! Several nodes on one database: what one ends is ended on all of them, in time and whatever breaks.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::{
    domain::role::Role,
    server::{
        crypto::password_hash::Cost,
        flow::{
            accounts::By,
            keys::{self, Rotation},
        },
        node::{
            cleanup,
            nodes::{attend, holds_schedule},
            revocation_feed::{HEARD_WITHIN, hear},
        },
        rng::Rng,
        state::{AppState, Parts},
    },
};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    binary::Server,
    proxy::{Proxy, Way},
    test_app::{Browser, PASSWORD, RUNTIME, TestApp},
    test_database::{TestDatabase, postgres_server, skipped},
};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";

/// Another node on the database of an app, with the same clock. It hears when it is told to.
pub async fn another(app: &TestApp) -> AppState {
    let (config, clock) = (app.state.config.clone(), app.state.clock.clone());
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let parts = Parts { config, clock, rng: Rng::from_system(), cost, hash_threads: 1 };
    RUNTIME.spawn_blocking(|| RUNTIME.block_on(AppState::start(parts))).await.unwrap().unwrap()
}

/// The same browser, asking the other node.
async fn at(node: &AppState, browser: &Browser) -> Browser {
    Browser { router: TestApp::router_of(node).await, ..browser.clone() }
}

async fn start() -> (TestApp, AppState, Browser, Browser) {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let other = another(&app).await;
    let user = app.signed_in(EMAIL).await;
    let there = at(&other, &user).await;
    (app, other, user, there)
}

async fn kick(app: &TestApp, user: &mut Browser) -> serde_json::Value {
    let sid = user.session_id().await;
    let mut admin = app.signed_in(ADMIN).await;
    admin.post("/api/admin/kick_session", &[("session_id", &sid)]).await.expect(StatusCode::OK).json()
}

#[tokio::test]
async fn a_node_that_has_heard_nothing_for_five_seconds_asks_before_it_lets_anyone_in() {
    let (app, _other, mut user, mut there) = start().await;
    kick(&app, &mut user).await;
    there.session().await.expect(StatusCode::OK);
    app.advance(Duration::from_millis(4999));
    there.session().await.expect(StatusCode::OK);
    app.advance(Duration::from_millis(1));
    there.session().await.signed_out("kicked");
    there.get("/auth/verify").await.signed_out("kicked");
}

#[tokio::test]
async fn a_sign_out_of_what_another_node_ended_just_now_is_in_force_here_too() {
    let (app, _other, mut user, mut there) = start().await;
    let mut copy = there.clone();
    kick(&app, &mut user).await;
    copy.session().await.expect(StatusCode::OK);
    there.post("/api/logout", &[]).await.expect(StatusCode::OK);
    copy.session().await.signed_out("kicked");
}

#[tokio::test]
async fn a_node_that_can_ask_nobody_lets_nobody_in() {
    let (app, other, _user, mut there) = start().await;
    there.session().await.expect(StatusCode::OK);
    other.db.close().await;
    there.session().await.expect(StatusCode::OK);
    app.advance(HEARD_WITHIN);
    there.session().await.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    let reply = there.get("/auth/verify").await.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    assert_eq!(reply.headers["retry-after"], "1");
    let mut nobody = at(&other, &app.browser()).await;
    nobody.page("/login").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn an_end_is_told_to_be_everywhere_once_every_node_has_it_in_force() {
    let (app, other, mut user, mut there) = start().await;
    assert_eq!(kick(&app, &mut user).await["everywhere"], true, "nobody else is known");
    attend(&app.state).await.unwrap();
    // The other node has not said yet how far it has heard.
    app.execute("INSERT INTO nodes (id, beat, applied, started_at) VALUES ('mute', 1, 0, 0)").await;
    let mut second = app.signed_in(EMAIL).await;
    assert_eq!(kick(&app, &mut second).await["everywhere"], false);
    app.execute("DELETE FROM nodes WHERE id = 'mute'").await;
    app.execute("INSERT INTO nodes (id, beat, applied, started_at) VALUES ('someone', 1, 99, 0)").await;
    attend(&other).await.unwrap();
    let mut third = app.signed_in(EMAIL).await;
    let following = tokio::spawn(async move {
        for _ in 0..20 {
            hear(&other).await;
            attend(&other).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    assert_eq!(kick(&app, &mut third).await["everywhere"], true);
    there.session().await.signed_out("kicked");
    following.await.unwrap();
}

#[tokio::test]
async fn a_feed_of_another_history_is_read_from_its_beginning() {
    let (app, other, mut user, mut there) = start().await;
    let mut second = app.signed_in(EMAIL).await;
    let mut second_there = at(&other, &second).await;
    kick(&app, &mut user).await;
    hear(&other).await;
    there.session().await.signed_out("kicked");
    // A standby takes over that had not heard of that end, and what comes next gets its number.
    app.execute("DELETE FROM revocations; UPDATE feed SET seq = 0").await;
    kick(&app, &mut second).await;
    hear(&other).await;
    second_there.session().await.signed_out("kicked");
    there.session().await.signed_out("kicked");
}

#[tokio::test]
async fn what_was_cleaned_up_is_no_other_history() {
    let (app, other, mut user, mut there) = start().await;
    kick(&app, &mut user).await;
    hear(&other).await;
    app.minutes(20);
    app.execute("DELETE FROM revocations").await;
    hear(&other).await;
    assert!(!other.revoked.take_keys_changed(), "nothing was read again");
    there.session().await.expect(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_end_that_commits_late_is_not_passed_over_by_those_after_it() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let app = TestApp::upon(TestDatabase::postgres(&server).await, &[]).await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let other = another(&app).await;
    let (slow, mut quick) = (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await);
    let slow_sid = slow.clone().session_id().await;
    let (mut slow_there, mut quick_there) = (at(&other, &slow).await, at(&other, &quick).await);
    let mut open = PgConnection::connect(&app.database.url()).await.unwrap();
    let until = app.state.clock.now().0 + 900_000;
    open.execute(sqlx::AssertSqlSafe(format!(
        "BEGIN; UPDATE feed SET seq = seq + 1;
         INSERT INTO revocations (seq, kind, subject, reason, until_at)
         SELECT seq, 'session', '{slow_sid}', 'kicked', {until} FROM feed"
    )))
    .await
    .unwrap();
    let committing = tokio::spawn(async move {
        kick(&app, &mut quick).await;
        app
    });
    tokio::time::sleep(Duration::from_millis(400)).await;
    hear(&other).await;
    slow_there.session().await.expect(StatusCode::OK);
    open.execute("COMMIT").await.unwrap();
    let _app = committing.await.unwrap();
    hear(&other).await;
    slow_there.session().await.signed_out("kicked");
    quick_there.session().await.signed_out("kicked");
}

#[tokio::test]
async fn one_node_cleans_up_and_another_takes_over_when_it_is_gone() {
    let (app, other, ..) = start().await;
    assert!(holds_schedule(&app.state).await.unwrap());
    app.execute("INSERT INTO nodes (id, beat, applied, started_at) VALUES ('third', 1, 0, 0)").await;
    attend(&app.state).await.unwrap();
    attend(&other).await.unwrap();
    assert!(!holds_schedule(&other).await.unwrap());
    let due = app.state.config.cleanup.next_after(app.state.clock.now());
    for _ in 0..5 {
        app.advance(Duration::from_secs(1));
        attend(&app.state).await.unwrap();
        attend(&other).await.unwrap();
    }
    let now = app.state.clock.now();
    for state in [&app.state, &other] {
        cleanup::look(state, now).await;
    }
    assert!(due > now);
    assert_eq!(app.audit("cleanup").await, 1);
    // The holder's beat stands still.
    app.advance(HEARD_WITHIN);
    assert!(holds_schedule(&other).await.unwrap());
    assert!(!holds_schedule(&app.state).await.unwrap() || !holds_schedule(&other).await.unwrap(), "one of them");
}

#[tokio::test]
async fn nodes_that_restart_one_by_one_amid_a_key_rotation_sign_nobody_out() {
    let (app, other, user, there) = start().await;
    let (mut user, mut there) = (user, there);
    let now = app.state.clock.now();
    let entry = sekisho::server::store::audit::Entry::of_system(
        app.state.rng.uuid(now),
        now,
        sekisho::domain::audit::Event::KeyRotate,
    );
    let by = By { entry, detail: serde_json::json!({}), last_end: now.plus(Duration::from_secs(3600)) };
    keys::rotate(&app.state.config, &app.state.db, &app.state.rng, (Rotation::Announced, by)).await.unwrap();
    let app = app.restart().await;
    user.router = app.router.clone();
    user.session().await.expect(StatusCode::OK);
    there.session().await.expect(StatusCode::OK);
    let clock = &app.state.clock;
    for _ in 0..3 {
        app.minutes(5);
        other.clock.advance(Duration::from_secs(300));
        assert_eq!(clock.now(), other.clock.now());
        for node in [&app.state, &other] {
            hear(node).await;
        }
        user.post("/api/touch", &[("acted_ms_ago", "0")]).await;
        user.refresh().await.expect(StatusCode::OK);
        there.cookies = user.cookies.clone();
        there.session().await.expect(StatusCode::OK);
        there.refresh().await.expect(StatusCode::OK);
        user.cookies = there.cookies.clone();
        user.session().await.expect(StatusCode::OK);
    }
}

/// The cookies of a sign-in at a process.
fn sign_in(server: &Server, browser: &mut Browser, email: &str) {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", email), ("password", PASSWORD)])
        .finish();
    let reply = server.ask(browser, "POST", "/api/login", &form).expect(StatusCode::OK);
    browser.receive(&reply);
}

fn session(server: &Server, browser: &Browser) -> crate::test_app::Reply {
    server.ask(browser, "GET", "/api/session", "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_serve_one_database_as_one() {
    let app = TestApp::today().await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let url = app.database.url();
    let (first, second) = (Server::upon(&app.database, &url), Server::upon(&app.database, &url));
    let (mut user, mut admin) = (app.browser(), app.browser());
    sign_in(&first, &mut user, EMAIL);
    sign_in(&second, &mut admin, ADMIN);
    let sid = session(&second, &user).expect(StatusCode::OK).json()["session_id"].as_str().unwrap().to_owned();
    // One token at both at once: one successor.
    let refresh = |server: &Server| {
        let reply = server.ask(&user, "POST", "/api/refresh", "").expect(StatusCode::OK);
        let mut jar = user.clone();
        jar.receive(&reply);
        jar
    };
    let jars = std::thread::scope(|scope| {
        let tabs = [&first, &second].map(|server| scope.spawn(|| refresh(server)));
        tabs.map(|tab| tab.join().unwrap())
    });
    assert_eq!(jars[0].cookie("__Host-refresh"), jars[1].cookie("__Host-refresh"));
    let kicked = second.ask(&admin, "POST", "/api/admin/kick_session", &format!("session_id={sid}"));
    assert_eq!(kicked.expect(StatusCode::OK).json()["everywhere"], true);
    for (server, jar) in [&first, &second].into_iter().zip(&jars) {
        session(server, jar).signed_out("kicked");
        server.ask(jar, "POST", "/api/refresh", "").signed_out("kicked");
    }
    // One is restarted, the other goes on, and who was signed in stays so.
    first.stop();
    session(&second, &admin).expect(StatusCode::OK);
    let third = Server::upon(&app.database, &url);
    session(&third, &admin).expect(StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_cut_off_from_its_database_stops_letting_people_in_and_misses_nothing() {
    let Some(postgres) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let proxy = Proxy::before(&postgres).await;
    let database = TestDatabase::postgres(&postgres).await;
    let behind = database.url_by(&proxy.url(&postgres));
    let app = TestApp::upon_today(database).await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let cut_off = Server::upon(&app.database, &behind);
    let (mut user, mut stays) = (app.browser(), app.browser());
    sign_in(&cut_off, &mut user, EMAIL);
    sign_in(&cut_off, &mut stays, ADMIN);
    for browser in [&user, &stays] {
        session(&cut_off, browser).expect(StatusCode::OK);
    }
    proxy.set(Way::BlackHole).await;
    let mut admin = app.signed_in(ADMIN).await;
    let sid = session_of(&app, &user).await;
    admin.post("/api/admin/kick_session", &[("session_id", &sid)]).await.expect(StatusCode::OK);
    tokio::time::sleep(HEARD_WITHIN + Duration::from_secs(1)).await;
    session(&cut_off, &user).refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    session(&cut_off, &stays).refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    cut_off.ask(&app.browser(), "GET", "/readyz", "").expect(StatusCode::SERVICE_UNAVAILABLE);
    proxy.set(Way::Open).await;
    let healed = || cut_off.ask(&app.browser(), "GET", "/readyz", "").status == StatusCode::OK;
    for _ in 0..200 {
        if healed() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    session(&cut_off, &user).signed_out("kicked");
    session(&cut_off, &stays).expect(StatusCode::OK);
}

/// What the session of a browser is called, by another node.
async fn session_of(app: &TestApp, browser: &Browser) -> String {
    let mut here = Browser { router: app.router.clone(), ..browser.clone() };
    here.session_id().await
}
