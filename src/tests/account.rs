//! Changing how one is called: what is taken, who hears of it, and what is refused.

use std::time::Duration;

use axum::http::{StatusCode, header};
use sekisho::{domain::strategy::Strategy, server::node::revocation_feed::hear};

use crate::{
    conformance::{ADMIN, EMAIL, Kind, app_of, kinds},
    keys::another_node,
    test_app::{Browser, Reply, TestApp},
};

const UPDATE: &str = "/api/account/update";

async fn start() -> TestApp {
    app_of(&Kind { strategy: Strategy::Hybrid, redis: None }, &[]).await
}

async fn rename(browser: &mut Browser, name: &str) -> Reply {
    browser.post(UPDATE, &[("display_name", name)]).await
}

async fn name(browser: &mut Browser) -> String {
    browser.session().await.expect(StatusCode::OK).json()["user"]["display_name"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_name_is_told_at_once_on_every_device_under_every_strategy() {
    for kind in kinds() {
        let app = app_of(&kind, &[]).await;
        let (mut here, mut there) = (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await);
        let mut other = app.signed_in(ADMIN).await;
        assert_eq!(name(&mut there).await, "Test");
        rename(&mut here, " 山田\t花子 ").await.expect(StatusCode::OK);
        assert_eq!(name(&mut here).await, "山田 花子", "{kind:?}");
        assert_eq!(name(&mut there).await, "山田 花子", "{kind:?}");
        assert_eq!(name(&mut other).await, "Test", "{kind:?}");
        assert_eq!(app.audit("account_update").await, 1, "{kind:?}");
    }
}

#[tokio::test]
async fn another_node_tells_the_new_name_within_a_minute() {
    for kind in kinds() {
        let app = app_of(&kind, &[]).await;
        let mut here = app.signed_in(EMAIL).await;
        let node = another_node(&app).await;
        let mut there = Browser { router: TestApp::router_of(&node).await, ..here.clone() };
        assert_eq!(name(&mut there).await, "Test");
        rename(&mut here, "Hanako").await.expect(StatusCode::OK);
        app.advance(Duration::from_secs(60));
        assert_eq!(name(&mut there).await, "Hanako", "{kind:?}");
        node.db.close().await;
    }
}

#[tokio::test]
async fn while_the_database_is_away_a_session_is_told_what_was_known_last() {
    let app = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    assert_eq!(name(&mut browser).await, "Test");
    app.advance(Duration::from_secs(60));
    hear(&app.state).await;
    app.state.db.close().await;
    assert_eq!(name(&mut browser).await, "Test");
}

#[tokio::test]
async fn a_name_that_is_none_is_refused_with_its_field_and_changes_nothing() {
    let app = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    let (long, longer, huge) = ("名".repeat(65), "x".repeat(1025), "x".repeat(30_000));
    for bad in ["", "   ", "\t\r\n", "\u{0}\u{7}", "\u{200b}\u{202e}\u{feff}", &long, &longer, &huge] {
        let refused = rename(&mut browser, bad).await;
        let shown: String = bad.chars().take(8).collect();
        let told = refused.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid").json();
        assert_eq!(told["field"], "display_name", "{shown:?}");
    }
    browser.post(UPDATE, &[]).await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    let enormous = "x".repeat(3_000_000);
    rename(&mut browser, &enormous).await.refused(StatusCode::PAYLOAD_TOO_LARGE, "too_large");
    assert_eq!(name(&mut browser).await, "Test");
    assert_eq!(app.audit("account_update").await, 0);
}

#[tokio::test]
async fn what_cannot_be_seen_is_taken_out_of_a_name_and_the_longest_fits() {
    let app = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    rename(&mut browser, "Ha\u{202e}na\u{0}ko\u{200b}").await.expect(StatusCode::OK);
    assert_eq!(name(&mut browser).await, "Hanako");
    let longest = "名".repeat(64);
    rename(&mut browser, &longest).await.expect(StatusCode::OK);
    assert_eq!(name(&mut browser).await, longest);
    rename(&mut browser, "'; DROP TABLE users; -- <b>").await.expect(StatusCode::OK);
    assert_eq!(name(&mut browser).await, "'; DROP TABLE users; -- <b>");
    let page = browser.page("/settings/account").await.expect(StatusCode::OK);
    assert!(!page.text.contains("-- <b>"), "it is text, not markup");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_name_twice_at_once_is_one_change() {
    let app = start().await;
    let browser = app.signed_in(EMAIL).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let mut browser = browser.clone();
            tokio::spawn(async move { rename(&mut browser, "Hanako").await.expect(StatusCode::OK) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(app.audit("account_update").await, 1);
    assert_eq!(name(&mut browser.clone()).await, "Hanako");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_different_names_at_once_one_stands_and_is_the_one_that_is_told() {
    let app = start().await;
    let browser = app.signed_in(EMAIL).await;
    let tasks: Vec<_> = (0..8)
        .map(|at| {
            let mut browser = browser.clone();
            tokio::spawn(async move { rename(&mut browser, &format!("Name {at}")).await.expect(StatusCode::OK) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(app.audit("account_update").await, 8);
    let stands = app.text(&format!("SELECT display_name FROM users WHERE email = '{EMAIL}'")).await;
    assert_eq!(name(&mut browser.clone()).await, stands);
}

#[tokio::test]
async fn nobody_else_changes_it() {
    for kind in kinds() {
        let app = app_of(&kind, &[]).await;
        rename(&mut app.browser(), "Nobody").await.signed_out("none");
        let mut browser = app.signed_in(EMAIL).await;
        let mut foreign = browser.form(UPDATE, &[("display_name", "Mallory")]);
        foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        browser.deliver(foreign).await.refused(StatusCode::FORBIDDEN, "cross_site");
        assert_eq!(name(&mut browser).await, "Test", "{kind:?}");
        if kind.redis.is_none() {
            // Whatever the credential still says, the row decides.
            app.execute(&format!("UPDATE users SET locked_at = 1 WHERE email = '{EMAIL}'")).await;
            rename(&mut browser, "Locked").await.signed_out("locked");
            assert_eq!(app.text(&format!("SELECT display_name FROM users WHERE email = '{EMAIL}'")).await, "Test");
        }
        assert_eq!(app.audit("account_update").await, 0, "{kind:?}");
    }
}

#[tokio::test]
async fn without_scripts_the_page_says_what_became_of_it() {
    let app = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    for (typed, said) in [("Hanako", "Your name was changed."), (" ", "Please give a name of up to 64 characters.")] {
        let mut form = browser.form(UPDATE, &[("display_name", typed), ("page", "/settings/account")]);
        form.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        let led = browser.send(form).await.expect(StatusCode::SEE_OTHER);
        let back = led.headers[header::LOCATION].to_str().unwrap().replace("http://localhost:3000", "");
        assert!(!back.contains("Hanako"), "no name in an address: {back}");
        let page = browser.page(&back).await.expect(StatusCode::OK);
        assert!(page.text.contains(said), "{back}");
        assert!(page.text.contains("value=\"Hanako\""), "the form holds the name as it is");
    }
}
