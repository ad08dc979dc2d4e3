//! A renewal at the node that did the last one: nothing is read, and what has changed since is seen all the same.

use axum::http::StatusCode;
use sekisho::domain::role::Role;

use crate::test_app::{Browser, TestApp};

const EMAIL: &str = "hanako@example.com";

/// Someone whose session was renewed here a while ago.
async fn renewed() -> (TestApp, Browser) {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    browser.refresh().await.expect(StatusCode::OK);
    app.minutes(1);
    (app, browser)
}

#[tokio::test]
async fn the_next_renewal_reads_nothing() {
    let (app, mut browser) = renewed().await;
    app.execute("UPDATE sessions SET mac_kid = 'what nobody has'").await;
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(app.number("SELECT generation FROM sessions").await, 3);
    let mut elsewhere = Browser { router: TestApp::router_of(&app.state).await, ..browser.clone() };
    app.state.known.clear();
    elsewhere.refresh().await.signed_out("none");
}

#[tokio::test]
async fn what_ended_meanwhile_is_told_as_if_it_had_been_read() {
    for (change, reason) in [
        ("UPDATE sessions SET ended_at = 1, end_reason = 'kicked'", "kicked"),
        ("UPDATE sessions SET expires_at = 1", "expired"),
        ("UPDATE sessions SET idle_end_at = 1", "idle"),
        ("UPDATE users SET locked_at = 1", "locked"),
        ("DELETE FROM sessions", "none"),
    ] {
        let (app, mut browser) = renewed().await;
        app.execute(change).await;
        browser.refresh().await.signed_out(reason);
    }
}

#[tokio::test]
async fn a_role_that_was_given_elsewhere_is_in_the_next_token() {
    let (app, mut browser) = renewed().await;
    app.execute("UPDATE users SET role = 'admin', version = version + 1").await;
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(browser.session().await.expect(StatusCode::OK).json()["user"]["role"], "admin");
}

#[tokio::test]
async fn an_act_that_another_node_wrote_down_is_in_the_reply() {
    let (app, mut browser) = renewed().await;
    app.execute("UPDATE sessions SET idle_end_at = idle_end_at + 60000, confirmed_generation = generation").await;
    let idle_end_at = app.number("SELECT idle_end_at FROM sessions").await;
    let ends = browser.refresh().await.expect(StatusCode::OK).json();
    assert_eq!(ends["idle_ends_at"], idle_end_at);
    assert_eq!(app.number("SELECT generation FROM sessions").await, 3);
}

#[tokio::test]
async fn a_chain_that_moved_on_at_another_node_is_read_and_a_repeat_of_its_token_gets_the_same_successor() {
    let (app, browser) = renewed().await;
    let mut before = browser.clone();
    let known = app.state.known.get(&id(&app).await).unwrap();
    before.refresh().await.expect(StatusCode::OK);
    app.state.known.insert(id(&app).await, known);
    let mut late = browser.clone();
    late.refresh().await.expect(StatusCode::OK);
    assert_eq!(late.cookie("__Host-refresh"), before.cookie("__Host-refresh"));
    assert_eq!(app.number("SELECT generation FROM sessions").await, 3);
}

async fn id(app: &TestApp) -> sekisho::domain::ids::SessionId {
    sekisho::domain::ids::SessionId::parse(&app.text("SELECT id FROM sessions").await).unwrap()
}
