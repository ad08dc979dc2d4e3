//! What each strategy promises: the table of the README, asked by the tests of every rule, and the kinds of servers they
//! run against.

use axum::http::StatusCode;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use sekisho::{
    domain::{role::Role, strategy::Strategy},
    server::config::{Config, Layers},
};

use crate::test_app::TestApp;

pub const EMAIL: &str = "hanako@example.com";
pub const ADMIN: &str = "admin@example.com";

/// What the suite runs for.
#[derive(Clone, Debug)]
pub struct Kind {
    pub strategy: Strategy,
    /// The address of the Redis in front of the ledger.
    pub redis: Option<String>,
}

/// Every strategy; `database` with Redis too where there is one.
pub fn kinds() -> Vec<Kind> {
    let plain = Strategy::ALL.into_iter().map(|strategy| Kind { strategy, redis: None });
    let redis = std::env::var("SEKISHO_TEST_REDIS").ok();
    let cached = redis.map(|url| Kind { strategy: Strategy::Database, redis: Some(url) });
    plain.chain(cached).collect()
}

/// Those whose strategy promises a rule.
pub fn promising(rule: &str) -> Vec<Kind> {
    kinds().into_iter().filter(|kind| promises(kind.strategy, rule)).collect()
}

pub async fn app_of(kind: &Kind, settings: &[(&str, &str)]) -> TestApp {
    let mut all = vec![("session.strategy", kind.strategy.as_str())];
    if let Some(url) = &kind.redis {
        all.extend([("session.store", "redis"), ("redis.url", url.as_str())]);
    }
    all.extend(settings);
    let app = TestApp::with(&all).await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    app
}

/// In the words of the README.
const PROMISES: [(&str, [bool; 3]); 11] = [
    (ENDS, [true, true, true]),
    (ROLLS, [true, true, true]),
    (NO_QUERY, [true, false, true]),
    (OTHERS_VERIFY, [true, false, true]),
    (SIGN_OUT, [false, true, true]),
    (KICK, [false, true, true]),
    (LIST, [false, true, true]),
    (PASSWORD_CHANGE, [false, true, true]),
    (LIMIT, [false, true, true]),
    (PROOF, [true, true, true]),
    (REPLACED, [false, true, true]),
];
pub const ENDS: &str = "Ends when nobody acts, and at a hard end";
pub const ROLLS: &str = "Rolls while it is in use";
pub const NO_QUERY: &str = "A request costs no query";
pub const OTHERS_VERIFY: &str = "Other services verify by themselves";
pub const SIGN_OUT: &str = "A copy of the cookie is worth nothing after sign-out";
pub const KICK: &str = "A kick bites at the next request";
pub const LIST: &str = "Devices are listed and signed out";
pub const PASSWORD_CHANGE: &str = "A password change ends the other devices";
pub const LIMIT: &str = "A device limit";
pub const PROOF: &str = "Managing accounts takes a recent password";
pub const REPLACED: &str = "A copy of the cookie is worth nothing after a step-up";

pub fn promises(strategy: Strategy, rule: &str) -> bool {
    let (_, by) = PROMISES.iter().find(|(name, _)| *name == rule).unwrap();
    by[Strategy::ALL.iter().position(|other| *other == strategy).unwrap()]
}

#[test]
fn the_readme_tells_what_each_strategy_promises() {
    let mut table = "| | `jwt` | `database` | `hybrid` |\n|---|---|---|---|\n".to_owned();
    for (rule, by) in PROMISES {
        let marks = by.map(|promised| if promised { "yes" } else { "no" });
        table.push_str(&format!("| {rule} | {} |\n", marks.join(" | ")));
    }
    assert!(include_str!("../../README.md").contains(&table), "README.md wants this table:\n{table}");
}

#[tokio::test]
async fn a_request_costs_no_query_where_the_token_says_all() {
    for kind in kinds().into_iter().filter(|kind| kind.redis.is_none()) {
        let app = app_of(&kind, &[]).await;
        let mut browser = app.signed_in(EMAIL).await;
        browser.get("/auth/verify").await.expect(StatusCode::OK);
        app.state.db.close().await;
        let status = if promises(kind.strategy, NO_QUERY) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        browser.get("/auth/verify").await.expect(status);
    }
}

#[tokio::test]
async fn other_services_verify_where_there_is_a_token() {
    for kind in kinds() {
        let app = app_of(&kind, &[]).await;
        let mut browser = app.signed_in(EMAIL).await;
        let keys: JwkSet = serde_json::from_str(&browser.get("/.well-known/jwks.json").await.text).unwrap();
        let verified = browser.cookies.values().any(|value| verifies(&keys, value));
        assert_eq!(verified, promises(kind.strategy, OTHERS_VERIFY), "{kind:?}");
    }
}

/// As a service does that knows the published keys and what it is called.
fn verifies(keys: &JwkSet, token: &str) -> bool {
    let Ok(header) = decode_header(token) else { return false };
    let key = header.kid.and_then(|kid| keys.find(&kid).and_then(|key| DecodingKey::from_jwk(key).ok()));
    let mut validation = Validation::new(header.alg);
    // The tests' clock is not the machine's.
    validation.validate_exp = false;
    validation.set_audience(&["http://localhost:3000"]);
    validation.set_issuer(&["http://localhost:3000"]);
    key.is_some_and(|key| decode::<serde_json::Value>(token, &key, &validation).is_ok())
}

#[tokio::test]
async fn devices_are_limited_where_they_are_counted() {
    for kind in kinds() {
        let limit = [("session.max_sessions", "1")];
        if promises(kind.strategy, LIMIT) {
            let app = app_of(&kind, &limit).await;
            let mut former = app.signed_in(EMAIL).await;
            app.signed_in(EMAIL).await.session().await.expect(StatusCode::OK);
            former.session().await.signed_out("limit");
        } else {
            let flags = [format!("session.strategy={}", kind.strategy.as_str()), "session.max_sessions=1".to_owned()];
            let refused = Config::read(&Layers::gather(None, std::iter::empty(), &flags).unwrap()).unwrap_err();
            assert!(refused.to_string().starts_with("session.max_sessions: "), "{refused}");
        }
    }
}
