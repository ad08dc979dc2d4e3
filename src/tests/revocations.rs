//! What services that verify by themselves are told of revocations.

use std::time::Duration;

use axum::http::{StatusCode, header};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use sekisho::domain::role::Role;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::test_app::{Browser, TestApp};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";

async fn start() -> TestApp {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    app
}

fn hashed(id: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(id))
}

/// The list as it is sent.
async fn sent(app: &TestApp, query: &str) -> String {
    let reply = app.browser().get(&format!("/.well-known/revocations{query}")).await.expect(StatusCode::OK);
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(reply.headers[header::CONTENT_TYPE], "application/jwt");
    reply.text
}

/// The list as a service reads it that has the published keys.
async fn list(app: &TestApp, query: &str) -> Value {
    let text = sent(app, query).await;
    let header = decode_header(&text).unwrap();
    assert_eq!(header.typ.as_deref(), Some("revocations+jwt"));
    let keys: JwkSet = serde_json::from_str(&app.browser().get("/.well-known/jwks.json").await.text).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    // The tests' clock is not the machine's.
    validation.validate_exp = false;
    validation.set_issuer(&["http://localhost:3000"]);
    let claims = decode::<Value>(&text, &key, &validation).unwrap().claims;
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 10);
    assert_eq!(claims["iat"].as_i64().unwrap(), app.state.clock.now().as_secs());
    claims
}

fn entries(list: &Value) -> &[Value] {
    list["entries"].as_array().unwrap()
}

async fn kick(app: &TestApp, browser: &mut Browser) -> String {
    let sid = browser.session_id().await;
    let mut admin = app.signed_in(ADMIN).await;
    admin.post("/api/admin/kick_session", &[("session_id", &sid)]).await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(1));
    sid
}

#[tokio::test]
async fn nothing_new_is_told_by_a_signed_list_too() {
    let app = start().await;
    let told = list(&app, "").await;
    assert_eq!((&told["seq"], &told["since"], entries(&told).len()), (&0.into(), &0.into(), 0));
}

#[tokio::test]
async fn a_list_names_sessions_users_and_keys_so_that_only_who_knows_them_learns_anything() {
    let app = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    let sid = kick(&app, &mut browser).await;
    let told = list(&app, "?since=0").await;
    assert_eq!(entries(&told)[0]["sid"], hashed(&sid));
    assert!(!told.to_string().contains(&sid));
    let seq = told["seq"].as_i64().unwrap();
    assert_eq!(entries(&list(&app, &format!("?since={seq}")).await).len(), 0);
    let mut browser = app.signed_in(EMAIL).await;
    let user = browser.session().await.json()["user"]["id"].as_str().unwrap().to_owned();
    app.signed_in(ADMIN).await.post("/api/admin/kick_user", &[("user_id", &user)]).await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(1));
    let told = list(&app, &format!("?since={seq}")).await;
    assert_eq!((&told["since"], &entries(&told)[0]["sub"]), (&seq.into(), &hashed(&user).into()));
    assert!(entries(&told)[0]["uv"].as_i64().unwrap() > 0);
    assert!(!told.to_string().contains(&user));
}

#[tokio::test]
async fn a_list_is_made_once_a_second_and_forgets_what_can_end_nothing_more() {
    let app = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    let first = sent(&app, "").await;
    kick(&app, &mut browser).await;
    let second = sent(&app, "").await;
    assert_ne!(first, second);
    assert_eq!(sent(&app, "?since=0").await, second);
    app.minutes(20);
    assert_eq!(entries(&list(&app, "").await).len(), 0);
}

#[tokio::test]
async fn a_number_from_another_history_of_the_feed_is_told_all() {
    let app = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    kick(&app, &mut browser).await;
    let told = list(&app, "?since=7000").await;
    assert_eq!((&told["since"], entries(&told).len()), (&0.into(), 1));
}

#[tokio::test]
async fn what_is_no_number_is_refused_and_many_numbers_cost_no_signature_each() {
    let app = start().await;
    for query in ["?since=x", "?since=", "?since=1&since=2", "?since=99999999999999999999"] {
        let reply = app.browser().get(&format!("/.well-known/revocations{query}")).await;
        let reply = reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid").json();
        assert_eq!(reply["field"], "since");
    }
    let mut browser = app.signed_in(EMAIL).await;
    for _ in 0..3 {
        kick(&app, &mut browser).await;
        browser = app.signed_in(EMAIL).await;
    }
    app.execute("UPDATE feed SET seq = 1000").await;
    let mut lists = std::collections::HashSet::new();
    for since in 0..200 {
        lists.insert(sent(&app, &format!("?since={since}")).await);
    }
    assert!(lists.len() <= 64, "{}", lists.len());
}

#[tokio::test]
async fn without_the_database_there_is_no_list() {
    let app = start().await;
    app.state.db.close().await;
    let reply = app.browser().get("/.well-known/revocations").await;
    reply.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
}
