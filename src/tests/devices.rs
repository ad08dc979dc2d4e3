//! The device list, and ending sessions from it and from the admin's desk.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::{domain::role::Role, server::node::revocation_feed::hear};

use crate::test_app::{CHROME, PASSWORD, TestApp};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";

async fn app() -> TestApp {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    app
}

#[tokio::test]
async fn the_current_device_comes_first_and_each_says_what_and_where_it_is() {
    let app = app().await;
    let mut here = app.signed_in(EMAIL).await;
    app.minutes(1);
    let mut there = app.browser().using(CHROME).from("198.51.100.9");
    there.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    let devices = here.get("/api/devices").await.expect(StatusCode::OK).json()["devices"].clone();
    assert_eq!(devices.as_array().unwrap().len(), 2);
    assert_eq!((&devices[0]["current"], &devices[1]["current"]), (&true.into(), &false.into()));
    assert_eq!((&devices[0]["label"]["browser"], &devices[0]["label"]["system"]), (&"Firefox".into(), &"Linux".into()));
    assert_eq!(
        (&devices[1]["label"]["browser"], &devices[1]["label"]["system"]),
        (&"Chrome".into(), &"Windows".into())
    );
    assert_eq!(devices[1]["address"], "198.51.100.9");
}

const MACINTOSH: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15";

#[tokio::test]
async fn a_macintosh_whose_script_has_found_a_touch_screen_is_listed_as_an_ipad() {
    let app = app().await;
    let mut ipad = app.browser().using(MACINTOSH);
    ipad.cookies.insert("touch".to_owned(), "1".to_owned());
    ipad.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    let label = ipad.get("/api/devices").await.expect(StatusCode::OK).json()["devices"][0]["label"].clone();
    assert_eq!(label, serde_json::json!({ "browser": "Safari", "system": "iPad", "form": "tablet" }));
}

#[tokio::test]
async fn what_a_script_has_found_makes_no_other_kind_of_device() {
    let app = TestApp::with(&[("session.idle_timeout", "0")]).await;
    app.user(EMAIL, Role::User).await;
    let mut ipad = app.browser().using(MACINTOSH);
    ipad.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    app.minutes(13);
    ipad.deliver(ipad.form("/api/refresh", &[])).await.expect(StatusCode::OK);
    ipad.cookies.insert("touch".to_owned(), "1".to_owned());
    ipad.refresh().await.expect(StatusCode::OK);
    ipad.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_revoked_device_is_out_at_its_next_request() {
    let app = app().await;
    let mut here = app.signed_in(EMAIL).await;
    let mut there = app.signed_in(EMAIL).await;
    let sid = there.session_id().await;
    here.post("/api/devices/revoke", &[("session_id", &sid)]).await.expect(StatusCode::OK);
    there.session().await.signed_out("revoked");
    there.get("/auth/verify").await.signed_out("revoked");
    there.refresh().await.signed_out("revoked");
    here.session().await.expect(StatusCode::OK);
    here.post("/api/devices/revoke", &[("session_id", &sid)]).await.refused(StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn revoking_the_own_device_takes_its_cookies_back() {
    let app = app().await;
    let mut browser = app.signed_in(EMAIL).await;
    let sid = browser.session_id().await;
    browser.post("/api/devices/revoke", &[("session_id", &sid)]).await.expect(StatusCode::OK);
    assert!(browser.cookie("__Host-access").is_empty());
    browser.session().await.signed_out("none");
}

#[tokio::test]
async fn a_session_of_someone_else_is_as_unknown_as_none() {
    let app = app().await;
    let mut other = app.signed_in(ADMIN).await;
    let foreign = other.session_id().await;
    let mut browser = app.signed_in(EMAIL).await;
    let mut replies = Vec::new();
    for sid in [foreign.as_str(), "0192a5c0-7d3e-7b21-9f00-0123456789ab", "", "x", "' OR 1=1 --"] {
        let reply = browser.post("/api/devices/revoke", &[("session_id", sid)]).await;
        replies.push((reply.status, reply.text));
    }
    assert!(
        replies.iter().all(|reply| *reply == (StatusCode::NOT_FOUND, r#"{"code":"not_found"}"#.to_owned())),
        "{replies:?}"
    );
    other.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn all_other_devices_are_ended_at_once_and_this_one_goes_on() {
    let app = app().await;
    let mut here = app.signed_in(EMAIL).await;
    let mut others = [app.signed_in(EMAIL).await, app.signed_in(EMAIL).await];
    let stale = here.clone();
    let reply = here.post("/api/devices/revoke_others", &[]).await.expect(StatusCode::OK).json();
    assert_eq!(reply["ended"], 2);
    for other in &mut others {
        other.session().await.signed_out("revoked");
        other.refresh().await.signed_out("revoked");
    }
    here.session().await.expect(StatusCode::OK);
    let mut tab = stale;
    tab.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    app.signed_in(EMAIL).await.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_kick_bites_at_the_next_request_and_says_who_did_it() {
    let app = app().await;
    let mut user = app.signed_in(EMAIL).await;
    let mut second = app.signed_in(EMAIL).await;
    let mut admin = app.signed_in(ADMIN).await;
    let id = user.session().await.json()["user"]["id"].as_str().unwrap().to_owned();
    let kicked = admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK).json();
    assert_eq!(kicked["ended"], 2);
    for browser in [&mut user, &mut second] {
        browser.session().await.signed_out("kicked");
        browser.refresh().await.signed_out("kicked");
    }
    admin.session().await.expect(StatusCode::OK);
    user.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    user.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn an_admin_ends_one_session_and_no_other() {
    let app = app().await;
    let mut user = app.signed_in(EMAIL).await;
    let mut second = app.signed_in(EMAIL).await;
    let mut admin = app.signed_in(ADMIN).await;
    let sid = user.session_id().await;
    admin.post("/api/admin/kick_session", &[("session_id", &sid)]).await.expect(StatusCode::OK);
    user.session().await.signed_out("kicked");
    second.session().await.expect(StatusCode::OK);
    admin.post("/api/admin/kick_session", &[("session_id", &sid)]).await.refused(StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn what_was_revoked_stays_revoked_over_a_restart() {
    let app = app().await;
    let mut here = app.signed_in(EMAIL).await;
    let mut there = app.signed_in(EMAIL).await;
    let sid = there.session_id().await;
    here.post("/api/devices/revoke", &[("session_id", &sid)]).await.expect(StatusCode::OK);
    let app = app.restart().await;
    there.router = app.router.clone();
    here.router = app.router.clone();
    there.session().await.signed_out("revoked");
    here.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_revocation_by_another_process_is_heard_through_the_feed() {
    let app = app().await;
    let mut browser = app.signed_in(EMAIL).await;
    let sid = browser.session_id().await;
    app.execute("UPDATE feed SET seq = seq + 1").await;
    app.execute(&format!(
        "INSERT INTO revocations (seq, kind, subject, reason, until_at)
         SELECT seq, 'session', '{sid}', 'kicked', 9999999999999 FROM feed"
    ))
    .await;
    browser.session().await.expect(StatusCode::OK);
    hear(&app.state).await;
    browser.session().await.signed_out("kicked");
}

#[tokio::test]
async fn a_role_change_is_taken_up_by_a_silent_renewal() {
    let app = app().await;
    let mut user = app.signed_in(EMAIL).await;
    user.get("/api/admin/users").await.refused(StatusCode::FORBIDDEN, "forbidden");
    app.advance(Duration::from_secs(30));
    user.refresh().await.expect(StatusCode::OK);
    assert_eq!(user.session().await.json()["user"]["role"], "user");
}

#[tokio::test]
async fn a_kick_is_remembered_for_as_long_as_a_token_could_live() {
    let app = TestApp::with(&[("session.idle_timeout", "0")]).await;
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let (mut user, mut second) = (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await);
    let mut admin = app.signed_in(ADMIN).await;
    let sid = second.session_id().await;
    admin.post("/api/admin/kick_session", &[("session_id", &sid)]).await.expect(StatusCode::OK);
    admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(15 * 60 - 1));
    hear(&app.state).await;
    user.session().await.signed_out("kicked");
    second.session().await.signed_out("kicked");
}

#[tokio::test]
async fn a_database_that_was_set_back_is_heard_from_its_beginning() {
    let app = app().await;
    let mut browser = app.signed_in(EMAIL).await;
    let sid = browser.session_id().await;
    app.execute("UPDATE feed SET seq = 5").await;
    hear(&app.state).await;
    app.execute(&format!(
        "UPDATE feed SET seq = 1;
         INSERT INTO revocations (seq, kind, subject, reason, until_at) VALUES (1, 'session', '{sid}', 'kicked', 9999999999999)"
    ))
    .await;
    hear(&app.state).await;
    browser.session().await.signed_out("kicked");
}
