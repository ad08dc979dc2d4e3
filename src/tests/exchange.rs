//! A renewal at the node that did the last one: nothing is read, and what has changed since is seen all the same.

use std::time::Duration;

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
        let sid = id(&app).await;
        app.execute(change).await;
        browser.refresh().await.signed_out(reason);
        assert!(app.state.known.get(&sid).is_none(), "{change}: nothing more is tried with it");
    }
}

#[tokio::test]
async fn a_forged_token_of_the_generation_that_is_known_is_as_unknown_as_any_and_moves_nothing() {
    let (app, mut browser) = renewed().await;
    let mut forged = app.browser();
    let mut token = browser.cookie("__Host-refresh").to_owned();
    let last = token.len() - 2;
    let other = if &token[last..=last] == "A" { "B" } else { "A" };
    token.replace_range(last..=last, other);
    forged.cookies.insert("__Host-refresh".to_owned(), token);
    forged.refresh().await.signed_out("none");
    assert_eq!(app.number("SELECT generation FROM sessions").await, 2);
    browser.refresh().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn an_end_that_another_node_moved_is_read_before_anybody_is_told_to_be_over() {
    let (app, mut browser) = renewed().await;
    let idle_end_at = app.number("SELECT idle_end_at FROM sessions").await;
    app.execute("UPDATE sessions SET idle_end_at = idle_end_at + 60000").await;
    let left = u64::try_from(idle_end_at - app.state.clock.now().0).unwrap();
    app.advance(Duration::from_millis(left));
    browser.refresh().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_name_that_was_changed_elsewhere_is_told_within_a_minute_and_one_that_was_changed_here_at_once() {
    let (app, mut browser) = renewed().await;
    app.execute("UPDATE users SET display_name = 'Hanako'").await;
    browser.refresh().await.expect(StatusCode::OK);
    assert_eq!(browser.session().await.json()["user"]["display_name"], "Hanako");
    let mut other = app.signed_in(EMAIL).await;
    other.refresh().await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(30));
    other.post("/api/account/update", &[("display_name", "Yamada")]).await.expect(StatusCode::OK);
    other.refresh().await.expect(StatusCode::OK);
    assert_eq!(other.session().await.json()["user"]["display_name"], "Yamada");
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
