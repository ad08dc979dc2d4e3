//! Wall clocks that are set: a kick stays a kick, forth and back. And a database with another history.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::{
    domain::{role::Role, strategy::Strategy},
    server::{
        clock::Clock,
        crypto::password_hash::Cost,
        node::{
            nodes::{Nodes, attend, forget_former_selves, origin},
            revocation_feed::hear,
        },
        rng::Rng,
        state::{AppState, Parts},
    },
};

use crate::{
    conformance::{ADMIN, EMAIL, Kind, app_of},
    test_app::{Browser, RUNTIME, TestApp},
};

const HOUR_MS: i64 = 3_600_000;

async fn start() -> (TestApp, Browser) {
    let app = app_of(&Kind { strategy: Strategy::Hybrid, redis: None }, &[("session.idle_timeout", "0")]).await;
    let user = app.signed_in(EMAIL).await;
    (app, user)
}

async fn kick(app: &TestApp) {
    let id = app.text(&format!("SELECT id FROM users WHERE email = '{EMAIL}'")).await;
    let mut admin = app.signed_in(ADMIN).await;
    admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
}

/// As the node does each second.
async fn seconds(app: &TestApp, seconds: u64) {
    for _ in 0..seconds {
        hear(&app.state).await;
        app.advance(Duration::from_secs(1));
    }
    hear(&app.state).await;
}

#[tokio::test]
async fn a_kick_outlasts_a_clock_that_is_set_forth_and_back() {
    for hours in [1, 24, 24 * 366] {
        let (app, mut user) = start().await;
        kick(&app).await;
        user.session().await.signed_out("kicked");
        app.state.clock.step(hours * HOUR_MS);
        seconds(&app, 4).await;
        app.state.clock.step(-hours * HOUR_MS);
        seconds(&app, 1).await;
        user.session().await.signed_out("kicked");
        user.get("/auth/verify").await.signed_out("kicked");
    }
}

#[tokio::test]
async fn a_kick_by_a_clock_that_was_behind_outlasts_its_being_set_right() {
    let (app, user) = start().await;
    app.state.clock.step(-HOUR_MS);
    seconds(&app, 1).await;
    kick(&app).await;
    app.state.clock.step(HOUR_MS);
    seconds(&app, 1).await;
    user.clone().session().await.signed_out("kicked");
    // Nor does a restart forget it.
    let app = app.restart().await;
    let mut user = Browser { router: app.router.clone(), ..user };
    user.session().await.signed_out("kicked");
}

/// What is past use by a clock that is far ahead is passed over, and read once that is set right.
#[tokio::test]
async fn a_clock_that_is_set_has_the_feed_read_again() {
    let (app, user) = start().await;
    let clock = Clock::set_to(app.state.clock.now());
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let parts = Parts {
        config: app.state.config.clone(),
        clock: clock.clone(),
        rng: Rng::from_system(),
        cost,
        hash_threads: 1,
    };
    let there = RUNTIME.spawn_blocking(|| RUNTIME.block_on(AppState::start(parts))).await.unwrap().unwrap();
    let mut user = Browser { router: TestApp::router_of(&there).await, ..user };
    user.session().await.expect(StatusCode::OK);
    clock.step(5 * HOUR_MS);
    hear(&there).await;
    kick(&app).await;
    hear(&there).await;
    clock.step(-5 * HOUR_MS);
    hear(&there).await;
    user.session().await.signed_out("kicked");
}

#[tokio::test]
async fn who_signs_in_again_after_an_older_database_came_back_is_let_in_and_a_token_from_before_is_not() {
    let (app, mut user) = start().await;
    let id = app.text(&format!("SELECT id FROM users WHERE email = '{EMAIL}'")).await;
    kick(&app).await;
    hear(&app.state).await;
    user.session().await.signed_out("kicked");
    // As it was before the kick.
    app.execute(&format!(
        "UPDATE users SET version = 0, dead_below = 0 WHERE id = '{id}'; DELETE FROM revocations; UPDATE feed SET seq = 0"
    ))
    .await;
    app.advance(Duration::from_secs(2));
    hear(&app.state).await;
    let mut anew = app.signed_in(EMAIL).await;
    anew.session().await.expect(StatusCode::OK);
    anew.refresh().await.expect(StatusCode::OK);
    anew.session().await.expect(StatusCode::OK);
    user.session().await.signed_out("kicked");
}

#[tokio::test]
async fn a_node_waits_for_no_crashed_self_of_its_own() {
    let (app, _) = start().await;
    app.user("second@example.com", Role::User).await;
    let own = origin(app.state.config.addr);
    assert!(!own.is_empty());
    for (id, at) in [("crashed", own.as_str()), ("elsewhere", "other-machine 127.0.0.1:3000"), ("of_old", "")] {
        app.execute(&format!(
            "INSERT INTO nodes (id, beat, applied, started_at, origin) VALUES ('{id}', 1, 0, 0, '{at}')"
        ))
        .await;
    }
    forget_former_selves(&app.state).await;
    attend(&app.state).await.unwrap();
    assert_eq!(app.number("SELECT COUNT(*) FROM nodes WHERE id = 'crashed'").await, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM nodes WHERE id IN ('elsewhere', 'of_old')").await, 2);
    assert_eq!(origin("127.0.0.1:0".parse().unwrap()), "", "many may run at a port that the system chooses");
    assert!(!Nodes::new("id".to_owned(), app.state.clock.now(), own).id().is_empty());
}
