//! Keys that sign: published before they do, believed until their last token has ended, and the emergency brake.

use std::time::Duration;

use axum::http::{StatusCode, header};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sekisho::{
    domain::{audit::Event, role::Role},
    server::{
        crypto::{keyring::PUBLISHED_FOR, password_hash::Cost},
        flow::{
            accounts::By,
            keys::{self, Rotated, Rotation},
        },
        node::{key_rotation, revocation_feed::hear},
        rng::Rng,
        state::{AppState, Parts},
        store::audit::Entry,
    },
};

use crate::test_app::{Browser, TestApp};

const EMAIL: &str = "hanako@example.com";
const SECOND: Duration = Duration::from_secs(1);

/// As the command line does, in a process that serves nobody.
pub async fn rotate(app: &TestApp, rotation: Rotation) -> Rotated {
    let state = &app.state;
    let now = state.clock.now();
    let entry = Entry::of_system(state.rng.uuid(now), now, Event::KeyRotate);
    let by = By { entry, detail: serde_json::json!({}), last_end: now.plus(PUBLISHED_FOR * 3) };
    keys::rotate(&state.config, &state.db, &state.rng, (rotation, by)).await.unwrap()
}

/// Another server on the same database.
pub async fn another_node(app: &TestApp) -> AppState {
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let (config, clock) = (app.state.config.clone(), app.state.clock.clone());
    AppState::start(Parts { config, clock, rng: Rng::from_system(), cost, hash_threads: 1 }).await.unwrap()
}

/// The key that signed a browser's access token.
fn kid(browser: &Browser) -> String {
    let header = browser.cookie("__Host-access").split('.').next().unwrap().to_owned();
    let header: serde_json::Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// The keys of the published set, by their names.
async fn published(app: &TestApp) -> String {
    let set = app.browser().get("/.well-known/jwks.json").await.expect(StatusCode::OK).json();
    let names: Vec<_> = set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    names.join(" ")
}

async fn start() -> TestApp {
    let app = TestApp::with(&[("session.idle_timeout", "0")]).await;
    app.user(EMAIL, Role::User).await;
    app
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs_and_the_former_verifies_until_its_last_token_has_ended() {
    let app = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    let former = kid(&browser);
    let new = rotate(&app, Rotation::Announced).await.kid;
    assert_eq!(published(&app).await, former, "before the node has heard of it");
    hear(&app.state).await;
    assert_eq!(published(&app).await, format!("{new} {former}"));
    app.advance(PUBLISHED_FOR.saturating_sub(SECOND));
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(kid(&browser), former);
    let mut old = browser.clone();
    app.advance(SECOND);
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(kid(&browser), new);
    app.minutes(14);
    hear(&app.state).await;
    browser.session().await.expect(StatusCode::OK);
    old.session().await.expect(StatusCode::OK);
    app.minutes(3);
    hear(&app.state).await;
    assert_eq!(published(&app).await, new);
    old.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
}

#[tokio::test]
async fn the_published_set_may_be_kept_for_less_time_than_a_key_is_published_before_it_signs() {
    let app = start().await;
    let reply = app.browser().get("/.well-known/jwks.json").await.expect(StatusCode::OK);
    let kept = reply.headers[header::CACHE_CONTROL].to_str().unwrap();
    let seconds: u64 = kept.strip_prefix("public, max-age=").unwrap().parse().unwrap();
    assert!(seconds < PUBLISHED_FOR.as_secs());
}

#[tokio::test]
async fn the_brake_refuses_every_token_on_every_node_as_soon_as_it_hears_and_signs_nobody_out() {
    let app = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    let other = another_node(&app).await;
    let (token, former) = (browser.cookie("__Host-access").to_owned(), kid(&browser));
    browser.session().await.expect(StatusCode::OK);
    assert!(other.keyring.now().verifying(&former).is_some());
    let rotated = rotate(&app, Rotation::Now).await;
    assert_eq!(rotated.dead.join(" "), former);
    hear(&app.state).await;
    hear(&other).await;
    assert!(other.keyring.now().verifying(&former).is_none());
    assert_eq!(published(&app).await, rotated.kid);
    browser.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    let mut service = app.browser();
    let request = service.request(axum::http::Method::GET, "/api/session");
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    service.send(request.body(axum::body::Body::empty()).unwrap()).await.signed_out("none");
    browser.refresh().await.expect(StatusCode::OK);
    browser.session().await.expect(StatusCode::OK);
    assert_eq!(kid(&browser), rotated.kid);
    other.db.close().await;
}

#[tokio::test]
async fn what_the_brake_killed_stays_dead_after_a_restart() {
    let app = start().await;
    let browser = app.signed_in(EMAIL).await;
    rotate(&app, Rotation::Now).await;
    let app = app.restart().await;
    let mut browser = Browser { router: app.router.clone(), ..browser };
    browser.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    browser.refresh().await.expect(StatusCode::OK);
    assert!(!published(&app).await.contains(' '));
}

#[tokio::test]
async fn the_brake_also_takes_a_key_that_was_only_announced() {
    let app = start().await;
    let announced = rotate(&app, Rotation::Announced).await.kid;
    assert_eq!(rotate(&app, Rotation::Now).await.dead.len(), 2);
    app.minutes(11);
    hear(&app.state).await;
    assert_ne!(kid(&app.signed_in(EMAIL).await), announced);
}

#[tokio::test]
async fn an_entry_of_a_kind_that_is_unknown_does_not_stop_the_feed() {
    let app = start().await;
    let id = app.user("admin@example.com", Role::Admin).await;
    let mut browser = app.signed_in(EMAIL).await;
    let other = another_node(&app).await;
    let until = app.state.clock.now().plus(PUBLISHED_FOR).0;
    app.execute(&format!(
        "UPDATE feed SET seq = seq + 1;
         INSERT INTO revocations (seq, kind, subject, reason, until_at)
         SELECT seq, 'comet', 'x', 'eclipse', {until} FROM feed;
         UPDATE feed SET seq = seq + 1;
         INSERT INTO revocations (seq, kind, subject, below_version, reason, until_at)
         SELECT seq, 'user', '{id}', 99, 'eclipse', {until} FROM feed"
    ))
    .await;
    let mut admin = app.signed_in("admin@example.com").await;
    hear(&app.state).await;
    admin.session().await.signed_out("none");
    browser.post("/api/devices/revoke_others", &[]).await.expect(StatusCode::OK);
    hear(&other).await;
    other.db.close().await;
}

#[tokio::test]
async fn a_key_is_followed_by_the_next_when_it_has_signed_for_as_long_as_is_configured() {
    let app = TestApp::with(&[("session.idle_timeout", "0"), ("keys.rotation", "30d")]).await;
    app.user(EMAIL, Role::User).await;
    let former = published(&app).await;
    app.advance(Duration::from_secs(29 * 86_400));
    key_rotation::look(&app.state).await.unwrap();
    hear(&app.state).await;
    assert_eq!(published(&app).await, former);
    let mut browser = app.signed_in(EMAIL).await;
    app.advance(Duration::from_secs(86_400));
    for _ in 0..2 {
        key_rotation::look(&app.state).await.unwrap();
        hear(&app.state).await;
    }
    assert_eq!(published(&app).await.split(' ').count(), 2, "announced once");
    assert_eq!(app.audit("key_rotate").await, 1);
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(kid(&browser), former);
    app.advance(PUBLISHED_FOR);
    browser.refresh().await.expect(StatusCode::OK);
    assert_ne!(kid(&browser), former);
}

#[tokio::test]
async fn another_algorithm_is_taken_up_without_signing_anybody_out() {
    let app = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    let app = app.restart_with(&[("keys.algorithm", "ES256")]).await;
    browser.router = app.router.clone();
    key_rotation::look(&app.state).await.unwrap();
    hear(&app.state).await;
    browser.session().await.expect(StatusCode::OK);
    app.advance(PUBLISHED_FOR);
    let mut former = browser.clone();
    browser.refresh().await.expect(StatusCode::OK);
    let algorithm = |browser: &Browser| jsonwebtoken::decode_header(browser.cookie("__Host-access")).unwrap().alg;
    assert_eq!(algorithm(&browser), jsonwebtoken::Algorithm::ES256);
    assert_eq!(algorithm(&former), jsonwebtoken::Algorithm::EdDSA);
    browser.session().await.expect(StatusCode::OK);
    former.session().await.expect(StatusCode::OK);
}
