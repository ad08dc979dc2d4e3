//! Acts on everybody at the command line, beside a running server: all sessions, those of late, and all keys.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::{
    domain::role::Role,
    server::{clock::shown, node::revocation_feed::hear},
};

use crate::{
    cli::{on, run, text},
    keys::another_node,
    test_app::{Browser, TestApp},
};

const HANAKO: &str = "hanako@example.com";
const TARO: &str = "taro@example.com";

/// What a command says that goes well.
fn done(app: &TestApp, arguments: &[&str]) -> serde_json::Value {
    let done = run(on(app).arg("--json").args(arguments));
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

async fn start(strategy: &str) -> TestApp {
    let app = TestApp::today_with(&[("session.strategy", strategy)]).await;
    for email in [HANAKO, TARO] {
        app.user(email, Role::User).await;
    }
    app
}

async fn can_sign_in_anew(app: &TestApp) {
    let mut browser = app.signed_in(HANAKO).await;
    browser.session().await.expect(StatusCode::OK);
    browser.refresh().await.expect(StatusCode::OK);
    browser.session().await.expect(StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybodys_sessions_end_at_once_and_everybody_can_sign_in_anew() {
    for strategy in ["hybrid", "database"] {
        let app = start(strategy).await;
        app.user("idle@example.com", Role::User).await;
        let browsers = [app.signed_in(HANAKO).await, app.signed_in(HANAKO).await, app.signed_in(TARO).await];
        let setting = format!("session.strategy={strategy}");
        let kill = ["session", "kill", "--all", "--message", "Sign in again, please.", "--set", &setting];
        assert_eq!(done(&app, &kill)["ended"], 3);
        hear(&app.state).await;
        for mut browser in browsers {
            browser.session().await.signed_out("kicked");
            let told = browser.get("/api/session/end").await.expect(StatusCode::OK).json();
            assert_eq!(told["message"], "Sign in again, please.");
            browser.refresh().await.signed_out("kicked");
        }
        can_sign_in_anew(&app).await;
        assert_eq!((app.audit("kick_all").await, app.audit("kick_user").await), (1, 2), "{strategy}");
        assert_eq!(app.number("SELECT COUNT(*) FROM users WHERE dead_below = 0").await, 0, "also who had none");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_began_since_a_moment_end_and_older_ones_live() {
    let app = start("hybrid").await;
    let mut older = app.signed_in(HANAKO).await;
    app.advance(Duration::from_secs(120));
    let since = shown(app.state.clock.now());
    app.advance(Duration::from_secs(1));
    let mut newer = [app.signed_in(HANAKO).await, app.signed_in(TARO).await];
    assert_eq!(done(&app, &["session", "kill", "--since", &since])["ended"], 2);
    hear(&app.state).await;
    for browser in &mut newer {
        browser.session().await.signed_out("kicked");
        browser.refresh().await.signed_out("kicked");
    }
    older.session().await.expect(StatusCode::OK);
    older.refresh().await.expect(StatusCode::OK);
    assert_eq!(done(&app, &["session", "kill", "--since", "1h"])["ended"], 1, "the older one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_all_keys_are_others_no_refresh_token_of_before_is_worth_anything() {
    let app = start("hybrid").await;
    let mut browser = app.signed_in(HANAKO).await;
    let told = done(&app, &["keys", "rotate", "--now", "--all"]);
    assert_eq!((&told["ended"], told["dead"].as_array().unwrap().len()), (&1.into(), 2));
    hear(&app.state).await;
    let mut access_only = browser.clone();
    access_only.cookies.remove("__Host-refresh");
    access_only.session().await.signed_out("none");
    // Not even where its row were live again, as in a copy from before.
    app.execute("UPDATE sessions SET ended_at = NULL, end_reason = NULL").await;
    app.execute("UPDATE users SET dead_below = 0").await;
    browser.refresh().await.signed_out("none");
    can_sign_in_anew(&app).await;
    assert_eq!(app.audit("key_rotate").await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM keys WHERE dead_at IS NULL").await, 2, "one of each kind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_in_under_the_new_keys_is_known_by_a_node_that_has_not_heard_of_them() {
    for strategy in ["hybrid", "database"] {
        let app = start(strategy).await;
        let deaf = TestApp::router_of(&another_node(&app).await).await;
        let setting = format!("session.strategy={strategy}");
        done(&app, &["keys", "rotate", "--now", "--all", "--set", &setting]);
        hear(&app.state).await;
        let browser = app.signed_in(HANAKO).await;
        let mut elsewhere = Browser { router: deaf, ..browser };
        elsewhere.refresh().await.expect(StatusCode::OK);
        elsewhere.session().await.expect(StatusCode::OK);
    }
}
