//! Many sessions of one person: how many there can be, and that every list of them has pages.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use axum::http::StatusCode;
use sekisho::domain::{device_limit::MOST, role::Role};
use serde_json::Value;

use crate::test_app::{Browser, TestApp};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";

/// Sign-ins of a person from before one of theirs, the earliest last.
async fn earlier(app: &TestApp, browser: &mut Browser, many: usize) {
    let sid = browser.session_id().await;
    let mut text = format!("CREATE TABLE earlier AS SELECT * FROM sessions WHERE id = '{sid}';");
    for number in 0..many {
        let copy = format!("00000000-012b-746f-aeaf-{number:012}");
        write!(text, "UPDATE earlier SET id = '{copy}', signed_in_at = signed_in_at - 1;").unwrap();
        text.push_str("INSERT INTO sessions SELECT * FROM earlier;");
    }
    text.push_str("DROP TABLE earlier");
    app.execute(&text).await;
}

async fn live(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL").await
}

async fn ended_by_limit(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM sessions WHERE end_reason = 'limit'").await
}

#[tokio::test]
async fn whatever_the_configuration_says_the_earliest_sign_in_goes_for_one_too_many() {
    let far = [("session.max_sessions", "1000"), ("session.on_limit", "refuse")];
    for settings in [&[][..], &far] {
        let app = TestApp::with(settings).await;
        app.user(EMAIL, Role::User).await;
        let mut browser = app.signed_in(EMAIL).await;
        earlier(&app, &mut browser, MOST as usize - 1).await;
        let mut new = app.signed_in(EMAIL).await;
        assert_eq!((live(&app).await, ended_by_limit(&app).await), (i64::from(MOST), 1));
        let earliest = format!("SELECT COUNT(*) FROM sessions WHERE end_reason = 'limit' AND id LIKE '%{}'", MOST - 2);
        assert_eq!((app.number(&earliest).await, app.audit("session_evict").await), (1, 1));
        new.session().await.expect(StatusCode::OK);
        browser.session().await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn of_far_too_many_no_sign_in_ends_more_than_there_may_be() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    earlier(&app, &mut browser, 2 * MOST as usize + 100).await;
    app.signed_in(EMAIL).await;
    assert_eq!(ended_by_limit(&app).await, i64::from(MOST));
    app.signed_in(EMAIL).await;
    assert_eq!(live(&app).await, i64::from(MOST));
    browser.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_token_of_a_strategy_that_kept_nothing_comes_under_the_same_bound() {
    let app = TestApp::with(&[("session.strategy", "jwt")]).await;
    app.user(EMAIL, Role::User).await;
    let voucher = app.signed_in(EMAIL).await;
    let app = app.restart_with(&[("session.strategy", "hybrid")]).await;
    let mut browser = app.signed_in(EMAIL).await;
    earlier(&app, &mut browser, MOST as usize - 1).await;
    let mut voucher = Browser { router: app.router.clone(), ..voucher };
    voucher.refresh().await;
    assert_eq!((live(&app).await, ended_by_limit(&app).await), (i64::from(MOST), 1));
}

#[tokio::test]
async fn the_own_devices_come_in_pages_each_once_and_the_own_one_first_on_each() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let own = browser.session_id().await;
    earlier(&app, &mut browser, 250).await;
    let (mut cursor, mut seen, mut pages) = (String::new(), BTreeSet::new(), 0);
    loop {
        let page = browser.get(&format!("/api/devices?cursor={cursor}")).await.expect(StatusCode::OK).json();
        let devices = page["devices"].as_array().unwrap().clone();
        assert_eq!((&devices[0]["session_id"], &devices[0]["current"]), (&own.as_str().into(), &true.into()));
        assert_eq!(page["total"], 251);
        for device in &devices[1..] {
            assert!(device["current"] == false && seen.insert(device["session_id"].to_string()), "{device} twice");
        }
        pages += 1;
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (250, 3));
    browser.get("/api/devices?cursor=rubbish").await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
}

/// The address of the next page that a page links to.
fn next_page(html: &str) -> Option<String> {
    let mut links = html.split("<a ").filter(|link| link.contains("rel=\"next\""));
    let href = links.find_map(|link| link.split_once("href=\"")?.1.split_once('"'))?.0;
    Some(href.replace("&amp;", "&"))
}

#[tokio::test]
async fn without_scripts_the_pages_of_devices_can_be_turned() {
    let app = TestApp::start().await;
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let mut browser = app.signed_in(EMAIL).await;
    earlier(&app, &mut browser, 250).await;
    let mut admin = app.signed_in(ADMIN).await;
    for (who, address) in [(&mut browser, "/settings/devices".to_owned()), (&mut admin, format!("/admin/users/{id}"))] {
        let (mut next, mut pages) = (Some(address), 0);
        while let Some(address) = next {
            next = next_page(&who.page(&address).await.expect(StatusCode::OK).text);
            pages += 1;
        }
        assert_eq!(pages, 3);
    }
}

#[tokio::test]
async fn an_admin_turns_the_pages_of_live_sessions() {
    let app = TestApp::start().await;
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let mut browser = app.signed_in(EMAIL).await;
    earlier(&app, &mut browser, 250).await;
    let mut admin = app.signed_in(ADMIN).await;
    let (mut cursor, mut seen, mut told) = (String::new(), BTreeSet::new(), Vec::new());
    loop {
        let address = format!("/api/admin/user?user_id={id}&live={cursor}");
        let page: Value = admin.get(&address).await.expect(StatusCode::OK).json();
        for session in page["sessions"].as_array().unwrap() {
            assert!(session["ended"].is_null() && seen.insert(session["session_id"].to_string()), "{session} twice");
        }
        told.push((page["user"]["live_sessions"].clone(), page["user"]["last_active_at"].clone()));
        match page["next_live"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    told.dedup();
    assert_eq!((seen.len(), told.len(), &told[0].0), (251, 1, &251.into()), "the same of the person on each page");
}

#[tokio::test]
async fn a_kick_of_several_who_have_many_sessions_is_done_in_parts() {
    let app = TestApp::start().await;
    let first = app.user(EMAIL, Role::User).await;
    // Ids are in the order of time, and accounts are taken in that of their ids.
    app.advance(Duration::from_secs(1));
    let ids = [first, app.user("b@example.com", Role::User).await];
    app.user(ADMIN, Role::Admin).await;
    let mut browser = app.signed_in(EMAIL).await;
    earlier(&app, &mut browser, MOST as usize - 1).await;
    let mut admin = app.signed_in(ADMIN).await;
    crate::audit::refuse_to_write_down_of(&app, &ids[1]).await;
    let fields: Vec<_> = ids.iter().map(|id| ("user_ids[]", id.as_str())).collect();
    admin.post("/api/admin/kick_users", &fields).await.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    assert_eq!(live(&app).await, 1, "the admin's: the first part is whole");
    browser.session().await.signed_out("kicked");
}
