//! Redis in front of the ledger: what lies there signs nobody in, what is planted there is not believed, and one that is
//! down costs a single failure.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::StatusCode;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use redis::AsyncCommands as _;
use sekisho::{domain::strategy::Strategy, server::crypto::session_token};
use tokio::net::TcpListener;

use crate::{
    conformance::{ADMIN, EMAIL, Kind, app_of},
    test_app::{Browser, TestApp},
    test_database::skipped,
};

/// An app behind the Redis of the tests, and a connection to that; `None` where there is none.
async fn start() -> Option<(TestApp, redis::aio::MultiplexedConnection)> {
    let url = std::env::var("SEKISHO_TEST_REDIS").ok()?;
    let app = app_of(&Kind { strategy: Strategy::Database, redis: Some(url.clone()) }, &[]).await;
    let connection = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    Some((app, connection))
}

fn key(token: &str) -> String {
    let hash = session_token::hash(&token.parse().unwrap());
    format!("sekisho:session:{}", BASE64_URL_SAFE_NO_PAD.encode(hash))
}

/// Where a browser's session lies, once it was read.
async fn kept(browser: &mut Browser) -> String {
    browser.session().await.expect(StatusCode::OK);
    key(browser.cookie("__Host-session"))
}

#[tokio::test]
async fn what_lies_in_redis_signs_nobody_in() {
    let Some((app, mut redis)) = start().await else { return skipped("SEKISHO_TEST_REDIS is not set") };
    let mut user = app.signed_in(EMAIL).await;
    let text: String = redis.get(kept(&mut user).await).await.unwrap();
    let token = user.cookie("__Host-session");
    let id: tower_sessions::session::Id = token.parse().unwrap();
    for secret in [token.to_owned(), id.0.to_string()] {
        assert!(!text.contains(&secret), "{text}");
    }
}

#[tokio::test]
async fn a_record_of_ours_spares_the_ledger_a_read() {
    let Some((app, _redis)) = start().await else { return skipped("SEKISHO_TEST_REDIS is not set") };
    let mut user = app.signed_in(EMAIL).await;
    kept(&mut user).await;
    app.state.db.close().await;
    user.get("/auth/verify").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn what_was_planted_in_redis_is_a_miss() {
    let Some((app, mut redis)) = start().await else { return skipped("SEKISHO_TEST_REDIS is not set") };
    let (mut user, mut admin) = (app.signed_in(EMAIL).await, app.signed_in(ADMIN).await);
    let of_admin: String = redis.get(kept(&mut admin).await).await.unwrap();
    let of_user: String = redis.get(kept(&mut user).await).await.unwrap();
    let forged = {
        let mut stored: serde_json::Value = serde_json::from_str(&of_user).unwrap();
        let data = stored["data"].as_str().unwrap().replace("\"user\"", "\"admin\"");
        stored["data"] = data.into();
        stored.to_string()
    };
    let token = user.cookie("__Host-session").to_owned();
    let invented = "AAAAAAAAAAAAAAAAAAAAAA";
    let plain = serde_json::json!({ "id": 0, "data": {}, "expiry_date": [2027, 1, 0, 0, 0, 0, 0, 0, 0] }).to_string();
    for (record, what) in [(&of_admin, "a record of another"), (&forged, "a changed one"), (&plain, "none of ours")] {
        for place in [token.as_str(), invented] {
            let _: () = redis.set(key(place), record).await.unwrap();
            let mut thief = user.clone();
            thief.cookies.insert("__Host-session".to_owned(), place.to_owned());
            assert_ne!(thief.get("/api/admin/users").await.status, StatusCode::OK, "{what}");
            if place == invented {
                assert_eq!(thief.session().await.status, StatusCode::UNAUTHORIZED, "{what}");
            }
            let _: () = redis.del(key(place)).await.unwrap();
        }
    }
    // An old record of one's own says what no longer is.
    let _: () = redis.set(key(&token), &of_user).await.unwrap();
    app.minutes(16);
    user.session().await.signed_out("idle");
}

/// Nothing else ends this session; but who ended it meanwhile may be remembered no more.
#[tokio::test]
async fn a_record_that_is_older_than_a_revocation_is_remembered_is_a_miss() {
    let Ok(url) = std::env::var("SEKISHO_TEST_REDIS") else { return skipped("SEKISHO_TEST_REDIS is not set") };
    let kind = Kind { strategy: Strategy::Database, redis: Some(url.clone()) };
    let app = app_of(&kind, &[("session.idle_timeout", "0")]).await;
    let mut redis = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut user = app.signed_in(EMAIL).await;
    let place = kept(&mut user).await;
    let record: String = redis.get(&place).await.unwrap();
    app.minutes(60);
    let _: () = redis.set(&place, &record).await.unwrap();
    app.execute("UPDATE users SET display_name = 'Another'").await;
    assert_eq!(
        user.session().await.expect(StatusCode::OK).json()["user"]["display_name"],
        "Another",
        "the ledger was read"
    );
}

#[tokio::test]
async fn a_redis_that_is_not_there_stops_no_start_and_no_sign_in() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let kind = Kind { strategy: Strategy::Database, redis: Some(format!("redis://{free}/0")) };
    let app = app_of(&kind, &[]).await;
    let mut user = app.signed_in(EMAIL).await;
    user.session().await.expect(StatusCode::OK);
    user.post("/api/logout", &[]).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_redis_that_hangs_is_asked_once_and_then_by_none_of_the_requests() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/0", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            silent.push(stream);
        }
    });
    let app = app_of(&Kind { strategy: Strategy::Database, redis: Some(url) }, &[]).await;
    let mut user = app.signed_in(EMAIL).await;
    user.session().await.expect(StatusCode::OK);
    let many = async {
        for _ in 0..200 {
            user.session().await.expect(StatusCode::OK);
        }
    };
    // At a quarter of a second each they would take fifty.
    tokio::time::timeout(Duration::from_secs(40), many).await.expect("requests that don't wait for Redis");
    assert!(asked.load(Ordering::SeqCst) > 0);
}
