//! An end misses nothing: whatever a node's clock thinks of a session, whatever its row says.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::{
    domain::{role::Role, strategy::Strategy},
    server::{
        clock::Clock,
        crypto::password_hash::Cost,
        node::revocation_feed::hear,
        rng::Rng,
        state::{AppState, Parts},
    },
};

use crate::{
    conformance::{ADMIN, EMAIL, Kind, app_of},
    test_app::{Browser, PASSWORD, RUNTIME, TestApp},
};

const SKEW: Duration = Duration::from_secs(20 * 60);

/// Another node on the same database, whose clock is ahead of the app's or behind it.
async fn skewed(app: &TestApp, ahead: bool) -> AppState {
    let now = app.state.clock.now();
    let clock = Clock::set_to(if ahead { now.plus(SKEW) } else { now.minus(SKEW) });
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let parts = Parts { config: app.state.config.clone(), clock, rng: Rng::from_system(), cost, hash_threads: 1 };
    RUNTIME.spawn_blocking(|| RUNTIME.block_on(AppState::start(parts))).await.unwrap().unwrap()
}

/// One who is signed in at the app, and an admin at a node whose clock is 20 minutes off.
async fn start(strategy: Strategy, ahead: bool) -> (TestApp, Browser, Browser) {
    let app = app_of(&Kind { strategy, redis: None }, &[]).await;
    let there = skewed(&app, ahead).await;
    let user = app.signed_in(EMAIL).await;
    let mut admin = Browser { router: TestApp::router_of(&there).await, ..app.browser() };
    admin.sign_in(ADMIN, PASSWORD).await.expect(StatusCode::OK);
    (app, user, admin)
}

async fn id_of(app: &TestApp, email: &str) -> String {
    app.text(&format!("SELECT id FROM users WHERE email = '{email}'")).await
}

fn cases() -> impl Iterator<Item = (Strategy, bool)> {
    [Strategy::Hybrid, Strategy::Database].into_iter().flat_map(|strategy| [(strategy, true), (strategy, false)])
}

async fn is_dead(app: &TestApp, mut user: Browser, what: &str) {
    hear(&app.state).await;
    for reply in [user.refresh().await, user.session().await, user.get("/auth/verify").await] {
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{what}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_node_whose_clock_is_twenty_minutes_off_ends_every_session() {
    for act in ["kick_user", "kick_users", "lock_user", "require_password_change", "delete_user", "kick_session"] {
        for (strategy, ahead) in cases() {
            let (app, mut user, mut admin) = start(strategy, ahead).await;
            let (id, sid) = (id_of(&app, EMAIL).await, user.session_id().await);
            let fields = [("user_id", id.as_str()), ("user_ids", &id), ("session_id", &sid)];
            admin.post(&format!("/api/admin/{act}"), &fields).await.expect(StatusCode::OK);
            is_dead(&app, user, &format!("{act} {strategy:?} ahead: {ahead}")).await;
        }
    }
}

#[tokio::test]
async fn a_changed_password_and_a_sign_out_of_the_others_end_what_the_own_node_takes_to_be_over() {
    for (act, fields) in [
        ("/api/devices/revoke_others", &[][..]),
        ("/api/password/change", &[("current_password", PASSWORD), ("new_password", "quite another teapot 7")]),
    ] {
        for (strategy, ahead) in cases() {
            let (app, user, mut admin) = start(strategy, ahead).await;
            admin.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
            admin.post(act, fields).await.expect(StatusCode::OK);
            is_dead(&app, user, &format!("{act} {strategy:?} ahead: {ahead}")).await;
        }
    }
}

#[tokio::test]
async fn one_session_is_ended_by_its_owner_where_it_seems_to_be_over() {
    for (strategy, ahead) in cases() {
        let (app, mut user, mut admin) = start(strategy, ahead).await;
        let sid = user.session_id().await;
        admin.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
        admin.post("/api/devices/revoke", &[("session_id", &sid)]).await.expect(StatusCode::OK);
        is_dead(&app, user, &format!("{strategy:?} ahead: {ahead}")).await;
    }
}

#[tokio::test]
async fn a_row_that_was_never_marked_is_dead_below_its_users_version() {
    for strategy in [Strategy::Hybrid, Strategy::Database] {
        let app = app_of(&Kind { strategy, redis: None }, &[]).await;
        let mut user = app.signed_in(EMAIL).await;
        let raise = "UPDATE users SET version = version + 1, dead_below = version + 1, dead_reason = 'kicked'";
        app.execute(raise).await;
        user.refresh().await.signed_out("kicked");
        assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE ended_at IS NOT NULL").await, 0, "{strategy:?}");
    }
}

/// The session that ended the others is of the version that it raised.
#[tokio::test]
async fn the_session_that_was_excepted_goes_on() {
    for strategy in [Strategy::Hybrid, Strategy::Database] {
        let app = app_of(&Kind { strategy, redis: None }, &[]).await;
        let mut user = app.signed_in(EMAIL).await;
        user.post("/api/devices/revoke_others", &[]).await.expect(StatusCode::OK);
        app.advance(Duration::from_secs(30));
        user.refresh().await.expect(StatusCode::OK);
        user.session().await.expect(StatusCode::OK);
    }
}

/// What was over long before keeps the reason that its owner knows.
#[tokio::test]
async fn a_kick_writes_no_other_reason_over_what_ended_long_ago() {
    let app = app_of(&Kind { strategy: Strategy::Hybrid, redis: None }, &[]).await;
    let mut former = app.signed_in(EMAIL).await;
    app.user("second@example.com", Role::User).await;
    app.minutes(3 * 24 * 60);
    app.signed_in(EMAIL).await;
    let mut admin = app.signed_in(ADMIN).await;
    let id = id_of(&app, EMAIL).await;
    let told = admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK).json();
    assert_eq!(told["ended"], 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE end_reason = 'kicked'").await, 1);
    assert_eq!(former.refresh().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_voucher_that_is_redeemed_beside_a_kick_does_not_survive_it() {
    let app = app_of(&Kind { strategy: Strategy::Jwt, redis: None }, &[]).await;
    let user = app.signed_in(EMAIL).await;
    let app = app.restart_with(&[("session.strategy", "hybrid")]).await;
    let (id, mut admin) = (id_of(&app, EMAIL).await, app.signed_in(ADMIN).await);
    for _ in 0..10 {
        let mut voucher = Browser { router: app.router.clone(), ..user.clone() };
        let redeeming = tokio::spawn(async move {
            voucher.page("/settings/account").await;
            voucher
        });
        admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
        is_dead(&app, redeeming.await.unwrap(), "redeemed").await;
    }
}
