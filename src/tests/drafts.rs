//! The keys of drafts: whose they are, of which day, and what they outlast.

use std::time::Duration;

use axum::http::{StatusCode, header};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sekisho::{
    domain::{draft, strategy::Strategy, time::Timestamp},
    server::{
        crypto::{
            seal::Sealer,
            sealed_keys::{self, MAC},
            signing_key::SigningAlgorithm,
        },
        flow::keys::{self, Rotation},
        node::revocation_feed::hear,
        rng::Rng,
        state::AppState,
        store,
    },
};
use serde_json::Value;

use crate::{
    conformance::{ADMIN, EMAIL, Kind, app_of, kinds},
    keys::{another_node, rotate},
    test_app::{Browser, TestApp},
};

const DAY: Duration = Duration::from_secs(86_400);
const ANOTHER_SECRET: &str = "Zq3nVb8sLw5yKd1mXc7tRf0gHj2pQa9eUi4oBk6vNzY=";

/// Without ends that would come before the day's.
async fn start(kind: &Kind) -> TestApp {
    app_of(kind, &[("session.idle_timeout", "0")]).await
}

async fn start_plain() -> TestApp {
    start(&Kind { strategy: Strategy::Hybrid, redis: None }).await
}

/// The two days and their keys, today's first.
async fn asked(browser: &mut Browser) -> [(i64, String); 2] {
    let mut reply = browser.get("/api/drafts/key").await;
    if reply.status == StatusCode::UNAUTHORIZED {
        browser.refresh().await.expect(StatusCode::OK);
        reply = browser.get("/api/drafts/key").await;
    }
    let reply = reply.expect(StatusCode::OK);
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
    let told = reply.json();
    let today = draft::day_of(Timestamp(told["server_now"].as_i64().unwrap()));
    let keys = told["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    let pair = |at: usize| (keys[at]["day"].as_i64().unwrap(), keys[at]["key"].as_str().unwrap().to_owned());
    let pairs = [pair(0), pair(1)];
    assert_eq!(pairs.each_ref().map(|(day, _)| *day), [today, today - 1]);
    assert!(pairs.iter().all(|(_, key)| BASE64_URL_SAFE_NO_PAD.decode(key).unwrap().len() == 32));
    pairs
}

async fn today(browser: &mut Browser) -> String {
    let [(_, key), _] = asked(browser).await;
    key
}

/// Advances to a moment before or after the next midnight UTC.
fn to_midnight(app: &TestApp, before: Duration) {
    let now = app.state.clock.now();
    app.advance(draft::begin_of(draft::day_of(now) + 1).since(now).saturating_sub(before));
}

#[tokio::test]
async fn keys_are_of_one_person_and_one_day_under_every_strategy() {
    for kind in kinds() {
        let app = start(&kind).await;
        let (mut browser, mut other) = (app.signed_in(EMAIL).await, app.signed_in(ADMIN).await);
        let (keys, others) = (asked(&mut browser).await, asked(&mut other).await);
        let mut all: Vec<&String> = keys.iter().chain(&others).map(|(_, key)| key).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 4, "{kind:?}");
        assert_eq!(asked(&mut browser).await, keys, "asked again");
        assert_eq!(asked(&mut app.signed_in(EMAIL).await).await, keys, "on another device");
    }
}

#[tokio::test]
async fn the_reply_says_whose_keys_they_are() {
    let app = start_plain().await;
    let mut browser = app.signed_in(EMAIL).await;
    let own = browser.session().await.json()["user"]["id"].clone();
    assert_eq!(browser.get("/api/drafts/key").await.json()["user_id"], own);
}

#[tokio::test]
async fn todays_key_is_yesterdays_after_midnight_and_no_key_a_day_later() {
    for kind in kinds() {
        let app = start(&kind).await;
        let mut browser = app.signed_in(EMAIL).await;
        to_midnight(&app, Duration::from_millis(1));
        let [today, _] = asked(&mut browser).await;
        app.advance(Duration::from_millis(1));
        let next = asked(&mut browser).await;
        assert_eq!(next[1], today, "{kind:?}");
        assert_ne!(next[0].1, today.1, "{kind:?}");
        app.advance(DAY);
        assert!(asked(&mut browser).await.iter().all(|of_day| *of_day != today), "{kind:?}");
    }
}

#[tokio::test]
async fn nobody_who_is_not_signed_in_is_given_a_key() {
    for kind in kinds() {
        let app = start(&kind).await;
        app.browser().get("/api/drafts/key").await.signed_out("none");
        let mut browser = app.signed_in(EMAIL).await;
        browser.post("/api/logout", &[]).await.expect(StatusCode::OK);
        browser.get("/api/drafts/key").await.signed_out("none");
    }
}

#[tokio::test]
async fn a_rotation_of_the_signing_keys_changes_no_draft_key_on_any_node() {
    let app = start_plain().await;
    let mut browser = app.signed_in(EMAIL).await;
    let other = another_node(&app).await;
    let mut there = Browser { router: TestApp::router_of(&other).await, ..browser.clone() };
    let before = asked(&mut browser).await;
    assert_eq!(asked(&mut there).await, before, "on another node");
    for rotation in [Rotation::Announced, Rotation::Now] {
        rotate(&app, rotation).await;
        hear(&app.state).await;
        hear(&other).await;
        assert_eq!(asked(&mut browser).await, before, "{rotation:?}");
        there.cookies.clone_from(&browser.cookies);
        assert_eq!(asked(&mut there).await, before, "{rotation:?}, on another node");
    }
    other.db.close().await;
}

/// Puts another key to derive under beside the first, as a rotation of those would.
async fn another_mac(app: &TestApp) {
    app.advance(Duration::from_secs(1));
    let (state, now) = (&app.state, app.state.clock.now());
    let secret = state.config.secret(true, [0; 32]).unwrap();
    let made = sealed_keys::first(&Sealer::new(&secret), &Rng::from_system(), SigningAlgorithm::EdDsa, now);
    let mac = made.into_iter().find(|key| key.purpose == MAC).unwrap();
    state.db.write(move |tx| Box::pin(async move { store::keys::insert(tx, &mac).await })).await.unwrap();
    keys::read_again(state, now).await.unwrap();
}

fn deriving(state: &AppState) -> String {
    state.keyring.now().deriving().0.to_owned()
}

#[tokio::test]
async fn another_key_to_derive_under_holds_from_the_next_day_on_and_opens_what_was_saved_before() {
    let app = start_plain().await;
    let mut browser = app.signed_in(EMAIL).await;
    let before = asked(&mut browser).await;
    let former = deriving(&app.state);
    another_mac(&app).await;
    assert_ne!(deriving(&app.state), former);
    assert_eq!(asked(&mut browser).await, before);
    let app = app.restart().await;
    browser.router = app.router.clone();
    assert_eq!(asked(&mut browser).await, before, "after a restart");
    to_midnight(&app, Duration::ZERO);
    assert_eq!(asked(&mut browser).await[1], before[0]);
    let under_both = today(&mut browser).await;
    app.execute(&format!("UPDATE keys SET dead_at = 1 WHERE kid <> '{former}' AND purpose = 'mac'")).await;
    keys::read_again(&app.state, app.state.clock.now()).await.unwrap();
    assert_ne!(today(&mut browser).await, under_both, "the new day is under the new key");
}

#[tokio::test]
async fn a_changed_auth_secret_changes_no_draft_key() {
    let app = start_plain().await;
    let mut browser = app.signed_in(EMAIL).await;
    let before = asked(&mut browser).await;
    let former = app.state.config.secret(true, [0; 32]).unwrap();
    let former = String::from_utf8(former.expose().to_vec()).unwrap();
    let app = app.restart_with(&[("auth_secret", ANOTHER_SECRET), ("auth_secret_previous", &former)]).await;
    browser.router = app.router.clone();
    assert_eq!(asked(&mut browser).await, before);
}

#[tokio::test]
async fn no_page_carries_a_draft_key() {
    let app = start_plain().await;
    let mut browser = app.signed_in(EMAIL).await;
    let keys = asked(&mut browser).await;
    let page = browser.page("/settings/account").await.expect(StatusCode::OK);
    assert!(page.text.contains(EMAIL));
    assert!(keys.iter().all(|(_, key)| !page.text.contains(key)));
    let told: Value = browser.session().await.json();
    assert!(keys.iter().all(|(_, key)| !told.to_string().contains(key)));
}
