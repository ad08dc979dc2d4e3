//! `GET /events`: what an open page is told at once, with the right reason, and that a stream never outlives what it was
//! opened with.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use sekisho::{
    domain::{role::Role, strategy::Strategy},
    server::{
        node::{live::MOST_OF_SESSION, revocation_feed},
        state::AppState,
    },
};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    event_page::{listen, listen_at, refused},
    nodes::another,
    test_app::{Browser, CHROME, PASSWORD, RUNTIME, TestApp},
    test_database::{TestDatabase, postgres_server, skipped},
};

const EMAIL: &str = "hanako@example.com";
const OTHER: &str = "taro@example.com";
const ADMIN: &str = "admin@example.com";
const KEEPING: [Strategy; 2] = [Strategy::Database, Strategy::Hybrid];
const NEW_PASSWORD: &str = "another teapot river 9";

async fn app_of(strategy: Strategy, more: &[(&str, &str)]) -> TestApp {
    let mut settings = vec![("session.strategy", strategy.as_str())];
    settings.extend_from_slice(more);
    let app = TestApp::with(&settings).await;
    for (email, role) in [(EMAIL, Role::User), (OTHER, Role::User), (ADMIN, Role::Admin)] {
        app.user(email, role).await;
    }
    app
}

async fn id_of(app: &TestApp, email: &str) -> String {
    app.text(&format!("SELECT id FROM users WHERE email = '{email}'")).await
}

fn devices() -> Value {
    json!({ "what": "devices" })
}

fn users() -> Value {
    json!({ "what": "users" })
}

#[tokio::test]
async fn each_way_to_end_a_session_is_told_to_its_page_with_its_reason() {
    for strategy in KEEPING {
        let app = app_of(strategy, &[]).await;
        let user_id = id_of(&app, EMAIL).await;
        let mut admin = app.signed_in(ADMIN).await;
        let user = [("user_id", user_id.as_str())];

        let mut browser = app.signed_in(EMAIL).await;
        let (page, sid) = (listen(&browser).await, browser.session_id().await);
        admin.post("/api/admin/kick_session", &[("session_id", &sid)]).await.expect(StatusCode::OK);
        page.ends("kicked").await;

        let page = listen(&app.signed_in(EMAIL).await).await;
        admin.post("/api/admin/kick_user", &user).await.expect(StatusCode::OK);
        page.ends("kicked").await;

        let (mut browser, mut other) = (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await);
        let (page, sid) = (listen(&browser).await, browser.session_id().await);
        other.post("/api/devices/revoke", &[("session_id", &sid)]).await.expect(StatusCode::OK);
        page.ends("revoked").await;

        let page = listen(&app.signed_in(EMAIL).await).await;
        other.post("/api/devices/revoke_others", &[]).await.expect(StatusCode::OK);
        page.ends("revoked").await;

        let page = listen(&app.signed_in(EMAIL).await).await;
        let change = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
        other.post("/api/password/change", &change).await.expect(StatusCode::OK);
        page.ends("password").await;

        let page = listen(&other).await;
        admin.post("/api/admin/lock_user", &user).await.expect(StatusCode::OK);
        page.ends("locked").await;

        let page = listen(&app.signed_in(OTHER).await).await;
        let other_id = id_of(&app, OTHER).await;
        admin.post("/api/admin/delete_user", &[("user_id", &other_id)]).await.expect(StatusCode::OK);
        page.ends("locked").await;

        let page = listen(&admin).await;
        admin.post("/api/logout", &[]).await.expect(StatusCode::OK);
        page.ends("none").await;
        refused(&browser).await.signed_out("revoked");
    }
}

#[tokio::test]
async fn a_place_that_went_to_another_device_is_told_as_such() {
    for strategy in KEEPING {
        let app = app_of(strategy, &[("session.max_sessions", "1")]).await;
        let page = listen(&app.signed_in(EMAIL).await).await;
        app.signed_in(EMAIL).await;
        page.ends("limit").await;
    }
}

#[tokio::test]
async fn a_token_that_came_back_is_told_as_such() {
    let app = app_of(Strategy::Hybrid, &[]).await;
    let mut browser = app.signed_in(EMAIL).await;
    let mut thief = browser.clone();
    for _ in 0..2 {
        app.minutes(1);
        browser.refresh().await.expect(StatusCode::OK);
        browser.session().await.expect(StatusCode::OK);
        app.settle().await;
    }
    let page = listen(&browser).await;
    thief.refresh().await.signed_out("reuse");
    page.ends("reuse").await;
}

#[tokio::test]
async fn only_those_whom_it_concerns_are_told() {
    let app = app_of(Strategy::Hybrid, &[]).await;
    let (mut kicked, own, stranger) =
        (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await, app.signed_in(OTHER).await);
    let mut admin = app.signed_in(ADMIN).await;
    let sid = kicked.session_id().await;
    let (mut stranger, mut own, mut viewer) = (listen(&stranger).await, listen(&own).await, listen(&admin).await);
    admin.post("/api/admin/kick_session", &[("session_id", &sid)]).await.expect(StatusCode::OK);
    own.hears("changed", &devices()).await;
    viewer.hears("changed", &users()).await;
    own.hears_nothing().await;
    stranger.hears_nothing().await;
}

#[tokio::test]
async fn a_list_that_changed_is_told_and_many_changes_as_few() {
    let app = app_of(Strategy::Hybrid, &[]).await;
    let (mut page, mut viewer) = (listen(&app.signed_in(EMAIL).await).await, listen(&app.signed_in(ADMIN).await).await);
    for _ in 0..3 {
        app.signed_in(EMAIL).await;
    }
    page.hears("changed", &devices()).await;
    viewer.hears("changed", &users()).await;
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < Duration::from_millis(2200) {
        app.signed_in(EMAIL).await;
    }
    let mut times = 0;
    while let Ok(told) = timeout(Duration::from_millis(1500), page.told.recv()).await {
        assert_eq!(told, Some(("changed".to_owned(), devices())));
        times += 1;
    }
    assert!((2..=4).contains(&times), "{times}");
}

#[tokio::test]
async fn what_an_account_is_now_is_told_to_those_who_look_at_accounts() {
    let app = app_of(Strategy::Hybrid, &[]).await;
    let mut admin = app.signed_in(ADMIN).await;
    let user = [("user_id", &*id_of(&app, EMAIL).await)];
    for path in ["/api/admin/lock_user", "/api/admin/unlock_user", "/api/admin/delete_user"] {
        let mut viewer = listen(&admin).await;
        admin.post(path, &user).await.expect(StatusCode::OK);
        viewer.hears("changed", &users()).await;
    }
    let mut viewer = listen(&admin).await;
    app.user("new@example.com", Role::User).await;
    viewer.hears("changed", &users()).await;
}

#[tokio::test]
async fn another_role_asks_the_page_to_renew_and_the_next_stream_knows_it() {
    for strategy in KEEPING {
        let app = app_of(strategy, &[]).await;
        let mut browser = app.signed_in(EMAIL).await;
        let mut admin = app.signed_in(ADMIN).await;
        let mut page = listen(&browser).await;
        let fields = [("user_id", &*id_of(&app, EMAIL).await), ("role", "support")];
        admin.post("/api/admin/set_role", &fields).await.expect(StatusCode::OK);
        page.hears("renew", &json!({ "code": "renew" })).await;
        page.closes().await;
        refused(&browser).await.refused(StatusCode::UNAUTHORIZED, "renew");
        browser.refresh().await.expect(StatusCode::OK);
        let mut page = listen(&browser).await;
        app.signed_in(OTHER).await;
        page.hears("changed", &users()).await;
    }
}

#[tokio::test]
async fn the_device_that_changed_the_password_goes_on_with_a_newer_token() {
    for strategy in KEEPING {
        let app = app_of(strategy, &[]).await;
        let mut browser = app.signed_in(EMAIL).await;
        let mut page = listen(&browser).await;
        let change = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
        browser.post("/api/password/change", &change).await.expect(StatusCode::OK);
        page.hears("renew", &json!({ "code": "renew" })).await;
        page.closes().await;
        listen(&browser).await.hears_nothing().await;
    }
}

#[tokio::test]
async fn nobody_listens_without_a_session_or_from_another_site() {
    for strategy in [Strategy::Jwt, Strategy::Database, Strategy::Hybrid] {
        let app = app_of(strategy, &[]).await;
        refused(&app.browser()).await.signed_out("none");
        let browser = app.signed_in(EMAIL).await;
        for (name, value, status) in [
            ("sec-fetch-site", "same-site", 403),
            ("sec-fetch-site", "cross-site", 403),
            ("sec-fetch-site", "none", 200),
            ("origin", "https://evil.example", 403),
            ("origin", "http://localhost:3000", 200),
            ("x-nothing", "of this is said", 200),
        ] {
            let mut request = browser.request(Method::GET, "/events").body(Body::empty()).unwrap();
            request.headers_mut().remove("sec-fetch-site");
            request.headers_mut().insert(name, value.parse().unwrap());
            let response = RUNTIME.spawn(app.router.clone().oneshot(request)).await.unwrap().unwrap();
            assert_eq!(response.status().as_u16(), status, "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn a_stream_says_nothing_and_ends_once_its_token_has_ended() {
    let app = app_of(Strategy::Hybrid, &[("session.idle_timeout", "5m")]).await;
    for minutes in [5, 15] {
        let mut browser = app.browser();
        let remember = if minutes == 15 { "true" } else { "" };
        browser.post("/api/login", &[("email", EMAIL), ("password", PASSWORD), ("remember", remember)]).await;
        let mut page = listen(&browser).await;
        app.advance(Duration::from_secs(minutes * 60 - 1));
        app.signed_in(EMAIL).await;
        page.hears("changed", &devices()).await;
        app.advance(Duration::from_secs(1));
        app.signed_in(EMAIL).await;
        page.closes().await;
        refused(&browser).await.refused(StatusCode::UNAUTHORIZED, "renew");
    }
}

#[tokio::test]
async fn a_stream_of_a_signed_token_promises_nothing_that_the_token_can_not() {
    let app = app_of(Strategy::Jwt, &[("session.idle_timeout", "5m")]).await;
    let mut admin = app.signed_in(ADMIN).await;
    let (mut page, mut viewer) = (listen(&app.signed_in(EMAIL).await).await, listen(&admin).await);
    let fields = [("user_id", &*id_of(&app, EMAIL).await)];
    admin.post("/api/admin/lock_user", &fields).await.expect(StatusCode::OK);
    viewer.hears("changed", &users()).await;
    page.hears("changed", &devices()).await;
    page.hears_nothing().await;
    // Another tab may have been given a newer one: the stream ends, and says nothing of the session.
    app.minutes(5);
    app.state.live.changed(&sekisho::domain::ids::UserId::parse(fields[0].1).unwrap());
    page.closes().await;
}

#[tokio::test]
async fn to_listen_is_no_use_and_no_act() {
    for strategy in KEEPING {
        let app = app_of(strategy, &[]).await;
        let browser = app.signed_in(EMAIL).await;
        let ends = "SELECT last_active_at + idle_end_at + generation FROM sessions";
        let before = app.number(ends).await;
        app.minutes(5);
        let mut page = listen(&browser).await;
        app.signed_in(OTHER).await;
        page.hears_nothing().await;
        app.settle().await;
        let of = format!("{ends} WHERE user_id = '{}'", id_of(&app, EMAIL).await);
        assert_eq!(app.number(&of).await, before, "{strategy:?}");
    }
}

#[tokio::test]
async fn to_listen_renews_nothing_that_is_due() {
    for strategy in [Strategy::Jwt, Strategy::Database] {
        let app = app_of(strategy, &[]).await;
        let mut browser = app.browser();
        let fields = [("email", EMAIL), ("password", PASSWORD), ("remember", "true")];
        browser.post("/api/login", &fields).await.expect(StatusCode::OK);
        app.minutes(25 * 60);
        let read = browser.clone().get("/api/session").await.expect(StatusCode::OK);
        assert!(!read.set_cookies().is_empty(), "a renewal was due");
        app.minutes(25 * 60);
        // That no cookie is set is looked at with every stream.
        listen(&browser).await.hears_nothing().await;
    }
}

#[tokio::test]
async fn a_browser_that_opens_too_many_loses_its_oldest_and_nobody_elses() {
    let app = app_of(Strategy::Hybrid, &[]).await;
    let (browser, other) = (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await.using(CHROME));
    let mut bystander = listen(&other).await;
    let mut pages = Vec::new();
    for _ in 0..=MOST_OF_SESSION {
        pages.push(listen(&browser).await);
    }
    pages[0].closes().await;
    for page in &mut pages[1..] {
        page.hears_nothing().await;
    }
    bystander.hears_nothing().await;
    assert_eq!(app.state.live.len(), MOST_OF_SESSION + 1);
}

#[tokio::test]
async fn a_node_that_can_not_ask_what_was_revoked_lets_nobody_listen() {
    let app = app_of(Strategy::Hybrid, &[]).await;
    let other = another(&app).await;
    let browser = app.signed_in(EMAIL).await;
    let mut page = listen_at(TestApp::router_of(&other).await, &browser).await.unwrap_or_else(|_| panic!("refused"));
    other.db.close().await;
    app.advance(revocation_feed::HEARD_WITHIN);
    let user = sekisho::domain::ids::UserId::parse(&id_of(&app, EMAIL).await).unwrap();
    other.live.changed(&user);
    page.closes().await;
    let refused = listen_at(TestApp::router_of(&other).await, &browser).await.err().unwrap();
    refused.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
}

async fn kick(app: &TestApp, browser: &mut Browser) {
    let sid = browser.session_id().await;
    let mut admin = app.signed_in(ADMIN).await;
    admin.post("/api/admin/kick_session", &[("session_id", &sid)]).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_page_at_another_node_is_told_as_soon_as_that_has_heard() {
    let app = app_of(Strategy::Hybrid, &[]).await;
    let other = another(&app).await;
    let mut browser = app.signed_in(EMAIL).await;
    let page = listen_at(TestApp::router_of(&other).await, &browser).await.unwrap_or_else(|_| panic!("refused"));
    let admin = app.signed_in(ADMIN).await;
    let mut viewer = listen_at(TestApp::router_of(&other).await, &admin).await.unwrap_or_else(|_| panic!("refused"));
    kick(&app, &mut browser).await;
    revocation_feed::hear(&other).await;
    page.ends("kicked").await;
    viewer.hears("changed", &users()).await;
}

/// A node that hears as a server does.
async fn following(state: &AppState) -> (axum::Router, CancellationToken) {
    let stop = CancellationToken::new();
    RUNTIME.spawn(revocation_feed::follow(state.clone(), stop.clone()));
    // It has to listen before something can be heard by notice alone.
    tokio::time::sleep(Duration::from_millis(500)).await;
    (TestApp::router_of(state).await, stop)
}

#[tokio::test]
async fn on_postgresql_a_page_at_another_node_hears_of_what_its_list_shows() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let app = TestApp::upon(TestDatabase::postgres(&server).await, &[]).await;
    for (email, role) in [(EMAIL, Role::User), (OTHER, Role::User), (ADMIN, Role::Admin)] {
        app.user(email, role).await;
    }
    let other = another(&app).await;
    let (there, stop) = following(&other).await;
    let (browser, admin, stranger) =
        (app.signed_in(EMAIL).await, app.signed_in(ADMIN).await, app.signed_in(OTHER).await);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut pages = Vec::new();
    for browser in [&browser, &admin, &stranger] {
        pages.push(listen_at(there.clone(), browser).await.unwrap_or_else(|_| panic!("refused")));
    }
    let mut second = app.signed_in(EMAIL).await;
    pages[0].hears("changed", &devices()).await;
    pages[1].hears("changed", &users()).await;
    pages[2].hears_nothing().await;
    let page = listen_at(there, &second).await.unwrap_or_else(|_| panic!("refused"));
    kick(&app, &mut second).await;
    page.ends("kicked").await;
    pages[0].hears("changed", &devices()).await;
    stop.cancel();
}

#[tokio::test]
async fn how_many_listen_is_counted() {
    let app = TestApp::with(&[("metrics.addr", "127.0.0.1:0")]).await;
    app.user(EMAIL, Role::User).await;
    let browser = app.signed_in(EMAIL).await;
    let mut page = listen(&browser).await;
    assert!(crate::metrics::told(&app).await.contains("sekisho_event_streams 1\n"));
    app.state.live.close();
    page.closes().await;
    let told = crate::metrics::told(&app).await;
    assert!(told.contains("sekisho_event_streams 0\n"), "{told}");
    assert!(told.contains("sekisho_requests_total{route=\"/events\",status=\"200\"} 1"), "{told}");
    refused(&browser).await.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
}
