//! Changing the strategy signs nobody out: a credential of the former one is replaced at its next use.

use std::{collections::BTreeSet, time::Duration};

use axum::http::StatusCode;
use sekisho::domain::{role::Role, strategy::Strategy};

use crate::test_app::{Browser, TestApp};

const EMAIL: &str = "hanako@example.com";

async fn app_of(strategy: Strategy) -> TestApp {
    let app = TestApp::with(&[("session.strategy", strategy.as_str())]).await;
    app.user(EMAIL, Role::User).await;
    app.user("admin@example.com", Role::Admin).await;
    app
}

fn with_router_of(app: &TestApp, browser: Browser) -> Browser {
    Browser { router: app.router.clone(), ..browser }
}

fn pairs() -> impl Iterator<Item = (Strategy, Strategy)> {
    Strategy::ALL
        .into_iter()
        .flat_map(|from| Strategy::ALL.into_iter().map(move |to| (from, to)))
        .filter(|(from, to)| from != to)
}

/// What the browser holds of a strategy that lasts.
fn lasting(browser: &Browser, strategy: Strategy) -> String {
    let name = match strategy {
        Strategy::Jwt => "__Host-access",
        Strategy::Database => "__Host-session",
        Strategy::Hybrid => "__Host-refresh",
    };
    browser.cookie(name).to_owned()
}

#[tokio::test]
async fn nobody_is_signed_out_by_a_change_of_strategy_there_and_back() {
    for (from, to) in pairs() {
        let app = app_of(from).await;
        let mut browser = app.signed_in(EMAIL).await;
        let sid = browser.session_id().await;
        let app = app.restart_with(&[("session.strategy", to.as_str())]).await;
        let mut browser = with_router_of(&app, browser);
        let told = browser.session().await;
        if told.status == StatusCode::UNAUTHORIZED {
            // As the page does when it is told to renew.
            told.refused(StatusCode::UNAUTHORIZED, "renew");
            browser.refresh().await.expect(StatusCode::OK);
        }
        let told = browser.session().await.expect(StatusCode::OK).json();
        assert_eq!((told["strategy"].as_str(), told["session_id"].as_str()), (Some(to.as_str()), Some(sid.as_str())));
        assert!(!lasting(&browser, to).is_empty(), "{from:?} to {to:?}");
        app.advance(Duration::from_secs(60));
        let app = app.restart_with(&[("session.strategy", from.as_str())]).await;
        let mut browser = with_router_of(&app, browser);
        if browser.session().await.status == StatusCode::UNAUTHORIZED {
            browser.refresh().await.expect(StatusCode::OK);
        }
        let told = browser.session().await.expect(StatusCode::OK).json();
        assert_eq!(told["session_id"].as_str(), Some(sid.as_str()), "{to:?} back to {from:?}");
        assert_eq!(told["strategy"].as_str(), Some(from.as_str()));
    }
}

#[tokio::test]
async fn a_page_loaded_with_a_voucher_is_rendered_at_once() {
    for (from, to) in pairs() {
        let app = app_of(from).await;
        let browser = app.signed_in(EMAIL).await;
        let app = app.restart_with(&[("session.strategy", to.as_str())]).await;
        let mut browser = with_router_of(&app, browser);
        let page = browser.page("/settings/account").await.expect(StatusCode::OK);
        assert!(page.text.contains(EMAIL), "{from:?} to {to:?}");
        browser.session().await.expect(StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_at_once_and_again_get_the_same_new_credential() {
    for (from, to) in pairs() {
        let app = app_of(from).await;
        let browser = app.signed_in(EMAIL).await;
        let app = app.restart_with(&[("session.strategy", to.as_str())]).await;
        let voucher = with_router_of(&app, browser);
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let mut tab = voucher.clone();
                tokio::spawn(async move {
                    tab.refresh().await.expect(StatusCode::OK);
                    lasting(&tab, to)
                })
            })
            .collect();
        let mut given = BTreeSet::new();
        for task in tasks {
            given.insert(task.await.unwrap());
        }
        app.advance(Duration::from_secs(5 * 60));
        let mut late = voucher.clone();
        late.refresh().await.expect(StatusCode::OK);
        given.insert(lasting(&late, to));
        assert_eq!(given.len(), 1, "{from:?} to {to:?}: {given:?}");
    }
}

#[tokio::test]
async fn a_session_ended_under_the_new_strategy_stays_ended_for_the_voucher() {
    for from in Strategy::ALL {
        let app = app_of(from).await;
        let browser = app.signed_in(EMAIL).await;
        let to = if from == Strategy::Hybrid { Strategy::Database } else { Strategy::Hybrid };
        let app = app.restart_with(&[("session.strategy", to.as_str())]).await;
        let mut voucher = with_router_of(&app, browser);
        let mut browser = voucher.clone();
        browser.refresh().await.expect(StatusCode::OK);
        let sid = browser.session_id().await;
        let mut admin = app.signed_in("admin@example.com").await;
        admin.post("/api/admin/kick_session", &[("session_id", &sid)]).await.expect(StatusCode::OK);
        voucher.refresh().await.signed_out("kicked");
        voucher.session().await.signed_out("kicked");
    }
}

#[tokio::test]
async fn a_kick_of_a_user_holds_for_vouchers_that_never_had_a_row() {
    let app = app_of(Strategy::Jwt).await;
    let mut browser = app.signed_in(EMAIL).await;
    let id = browser.session().await.json()["user"]["id"].as_str().unwrap().to_owned();
    let app = app.restart_with(&[("session.strategy", "hybrid")]).await;
    let mut admin = app.signed_in("admin@example.com").await;
    admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
    with_router_of(&app, browser).session().await.signed_out("kicked");
}

#[tokio::test]
async fn no_verifier_takes_the_token_of_another_strategy() {
    for (from, to) in [(Strategy::Jwt, Strategy::Hybrid), (Strategy::Hybrid, Strategy::Jwt)] {
        let app = app_of(from).await;
        let browser = app.signed_in(EMAIL).await;
        let app = app.restart_with(&[("session.strategy", to.as_str())]).await;
        let bearer = format!("Bearer {}", browser.cookie("__Host-access"));
        let stranger = app.browser();
        let request = stranger.request(axum::http::Method::GET, "/api/session").header("authorization", &bearer);
        stranger.deliver(request.body(axum::body::Body::empty()).unwrap()).await.signed_out("none");
    }
}

#[tokio::test]
async fn an_idle_or_expired_voucher_is_refused_with_its_reason() {
    let app = app_of(Strategy::Jwt).await;
    let browser = app.signed_in(EMAIL).await;
    let app = app.restart_with(&[("session.strategy", "hybrid")]).await;
    app.minutes(16);
    with_router_of(&app, browser).session().await.signed_out("idle");
}

/// It lives for minutes; what it would be exchanged for, for weeks.
#[tokio::test]
async fn an_access_token_alone_is_no_voucher() {
    for to in [Strategy::Jwt, Strategy::Database] {
        let app = app_of(Strategy::Hybrid).await;
        let browser = app.signed_in(EMAIL).await;
        let app = app.restart_with(&[("session.strategy", to.as_str())]).await;
        let mut thief = with_router_of(&app, browser);
        thief.cookies.remove("__Host-refresh");
        thief.session().await.signed_out("none");
        thief.refresh().await.signed_out("none");
        thief.page("/settings/devices").await;
        thief.session().await.signed_out("none");
    }
}
