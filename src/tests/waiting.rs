//! How long a database is waited for that hangs, and that a node hears on meanwhile.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use sekisho::{
    domain::{ids::UserId, role::Role},
    server::{
        node::revocation_feed::{HEARD_WITHIN, hear},
        store::On,
    },
};
use tokio_util::sync::CancellationToken;

use tokio::time::Instant;

use crate::{
    metrics,
    proxy::{Proxy, Way},
    test_app::{PASSWORD, RUNTIME, TestApp},
    test_database::{TestDatabase, execute, postgres_server, skipped},
};

const EMAIL: &str = "hanako@example.com";
/// Two seconds are promised. Whoever waited twice would take three.
const ONE_WAIT: Duration = Duration::from_millis(2900);
const IN_TIME: Duration = Duration::from_secs(40);

async fn behind(server: &str) -> (TestApp, Proxy) {
    let proxy = Proxy::before(server).await;
    let database = TestDatabase::postgres(server).await;
    let url = database.url_by(&proxy.url(server));
    (TestApp::upon(database, &[("database.url", &url)]).await, proxy)
}

/// A node that is deaf asks the database first, and then each route does for reasons of its own.
#[tokio::test]
async fn each_route_waits_once_for_a_database_that_hangs() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let (app, proxy) = behind(&server).await;
    app.user(EMAIL, Role::Admin).await;
    let browser = app.signed_in(EMAIL).await;
    app.settle().await;
    proxy.set(Way::BlackHole).await;
    app.advance(HEARD_WITHIN);
    let posts = ["/api/refresh", "/api/touch", "/api/logout", "/api/login", "/api/password/change"];
    for path in posts {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("acted_ms_ago", "0")];
        let began = Instant::now();
        let reply = browser.clone().post(path, &fields).await;
        assert!(began.elapsed() < ONE_WAIT, "{path} took {:?}: {}", began.elapsed(), reply.status);
    }
    for path in ["/.well-known/revocations", "/events"] {
        let began = Instant::now();
        let reply = browser.clone().get(path).await;
        assert!(began.elapsed() < ONE_WAIT, "{path} took {:?}: {}", began.elapsed(), reply.status);
    }
    for path in ["/api/session", "/api/devices", "/auth/verify", "/readyz"] {
        let began = Instant::now();
        let reply = browser.clone().get(path).await;
        assert!(began.elapsed() < ONE_WAIT, "{path} took {:?}: {}", began.elapsed(), reply.status);
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
    for path in [
        "/",
        "/login",
        "/register",
        "/settings/devices",
        "/settings/security",
        "/admin",
        "/admin/users",
        "/admin/audit",
    ] {
        let began = Instant::now();
        let reply = browser.clone().page(path).await;
        assert!(began.elapsed() < ONE_WAIT, "{path} took {:?}: {}", began.elapsed(), reply.status);
    }
    let began = Instant::now();
    metrics::told(&app).await;
    assert!(began.elapsed() < ONE_WAIT, "/metrics took {:?}", began.elapsed());
}

#[tokio::test]
async fn a_node_whose_connections_are_all_in_use_hears_on() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let (mut of_sqlite, mut of_postgres) = (Vec::new(), Vec::new());
    match app.state.db.read() {
        On::Sqlite(pool) => {
            for _ in 0..pool.options().get_max_connections() {
                of_sqlite.push(pool.acquire().await.unwrap());
            }
        }
        On::Postgres(server) => {
            for _ in 0..server.pool.options().get_max_connections() {
                of_postgres.push(server.pool.acquire().await.unwrap());
            }
        }
        On::SqliteTx(_) | On::PostgresTx(_) => unreachable!("no write is in progress"),
    }
    app.advance(HEARD_WITHIN);
    hear(&app.state).await;
    assert!(!app.state.feed.is_deaf(&app.state.clock));
    browser.get("/auth/verify").await.expect(StatusCode::OK);
}

/// As when a firewall forgets a connection that was silent for long: it is neither cut nor answered.
#[tokio::test]
async fn a_notice_connection_that_was_forgotten_is_found_out() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let (app, proxy) = behind(&server).await;
    let stop = CancellationToken::new();
    let _stopped = stop.clone().drop_guard();
    let db = app.state.db.clone();
    let mut notices = RUNTIME.spawn(async move { db.notices(Arc::new(|_: &UserId| ()), &stop) }).await.unwrap();
    // That it listens.
    tokio::time::timeout(IN_TIME, notices.next()).await.unwrap();
    proxy.set(Way::BlackHole).await;
    execute(&server, "NOTIFY sekisho_revocations").await;
    assert!(tokio::time::timeout(Duration::from_millis(500), notices.next()).await.is_err(), "it is lost on the way");
    proxy.set(Way::Open).await;
    execute(&server, "NOTIFY sekisho_revocations").await;
    let heard = tokio::time::timeout(IN_TIME, notices.next()).await;
    assert!(heard.is_ok(), "another connection listens");
}
