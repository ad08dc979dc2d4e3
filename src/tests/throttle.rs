//! Guessing is slowed by account and address; the owner's own browser is not locked out by it.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use sekisho::domain::role::Role;
use sqlx::ConnectOptions as _;

use crate::{
    test_app::{Browser, PASSWORD, TestApp},
    test_database::{TestDatabase, sole_writer},
};

const EMAIL: &str = "hanako@example.com";
const WRONG: &str = "this is not the password";
const NEW: &str = "another teapot river 9";

#[tokio::test]
async fn after_five_failures_the_pair_waits_and_is_told_how_long() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.browser();
    for _ in 0..5 {
        browser.sign_in(EMAIL, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    for password in [WRONG, PASSWORD] {
        let reply = browser.sign_in(EMAIL, password).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
        assert_eq!(reply.json()["retry_after_secs"], 2);
        assert_eq!(reply.headers["retry-after"], "2");
    }
    app.advance(Duration::from_secs(2));
    browser.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_address_is_throttled_like_a_known_one() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        app.browser()
            .sign_in("nobody@example.com", WRONG)
            .await
            .refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.browser().sign_in("nobody@example.com", WRONG).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn another_spelling_is_the_same_account() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    for email in [EMAIL, "HANAKO@example.com", " hanako@example.com", "ｈanako@example.com", "Hanako@Example.com"] {
        app.browser().sign_in(email, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.browser().sign_in("hanakO@example.com", WRONG).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts() {
    let app = TestApp::start().await;
    for number in 0..100 {
        app.browser()
            .sign_in(&format!("user{number}@example.com"), WRONG)
            .await
            .refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.browser().sign_in("other@example.com", WRONG).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    app.browser()
        .from("198.51.100.9")
        .sign_in("other@example.com", WRONG)
        .await
        .refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
}

#[tokio::test]
async fn many_addresses_slow_an_account_but_not_its_owners_own_browser() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut owner = app.signed_in(EMAIL).await;
    for number in 0..50 {
        let attacker = app.browser().from(&format!("198.51.100.{number}"));
        attacker.clone().sign_in(EMAIL, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.browser().from("192.0.2.1").sign_in(EMAIL, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    owner.post("/api/logout", &[]).await.expect(StatusCode::OK);
    owner.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn guesses_made_at_once_do_not_slip_past_the_counter() {
    let app = TestApp::upon(TestDatabase::sqlite(), &[]).await;
    app.user(EMAIL, Role::User).await;
    // While nothing can be counted all pass the first look; the right one comes last.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(app.database.file());
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let guess = |password: &'static str| {
        let mut browser = app.browser();
        tokio::spawn(async move { browser.sign_in(EMAIL, password).await.status })
    };
    let wrong: Vec<_> = (0..39).map(|_| guess(WRONG)).collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let right = guess(PASSWORD);
    tokio::time::sleep(Duration::from_millis(200)).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    for guess in wrong {
        assert_ne!(guess.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(
        right.await.unwrap(),
        StatusCode::TOO_MANY_REQUESTS,
        "the right guess among forty at once is not looked at"
    );
}

#[tokio::test]
async fn a_forwarding_header_of_a_stranger_changes_no_counter() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut last = StatusCode::OK;
    for number in 0..6 {
        let browser = app.browser();
        let mut request = browser.form("/api/login", &[("email", EMAIL), ("password", WRONG)]);
        request.headers_mut().insert("x-forwarded-for", format!("192.0.2.{number}").parse().unwrap());
        last = browser.deliver(request).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn asking_which_addresses_are_taken_has_a_price() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    app.browser().post("/api/register", &fields).await.refused(StatusCode::CONFLICT, "conflict");
    assert_eq!(app.number("SELECT count FROM throttles WHERE name LIKE 'register %'").await, 1);
}

#[tokio::test]
async fn one_address_cannot_ask_after_many() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.browser().post("/api/register", &[("email", EMAIL), ("password", PASSWORD)]).await.expect(StatusCode::CONFLICT);
    app.execute("UPDATE throttles SET count = 100 WHERE name LIKE 'register %'").await;
    let fields = [("email", "taro@example.com"), ("password", PASSWORD)];
    app.browser().post("/api/register", &fields).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    app.browser().from("198.51.100.9").post("/api/register", &fields).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_browser_that_one_account_knows_is_a_stranger_to_the_others() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user("taro@example.com", Role::User).await;
    let mut attacker = app.signed_in("taro@example.com").await;
    for number in 0..50 {
        let guessing = app.browser().from(&format!("198.51.100.{number}"));
        guessing.clone().sign_in(EMAIL, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    attacker.sign_in(EMAIL, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn a_known_browser_waits_after_five_failures_of_its_own_from_wherever() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let owner = app.signed_in(EMAIL).await;
    for number in 0..5 {
        let mut thief = owner.clone().from(&format!("198.51.100.{number}"));
        thief.sign_in(EMAIL, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    owner.clone().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    app.browser().sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
}

/// Or it would tell that it is the right one.
#[tokio::test]
async fn the_right_password_of_a_locked_account_counts_as_a_wrong_one() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.execute("UPDATE users SET locked_at = 1").await;
    for _ in 0..5 {
        app.browser().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.browser().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn who_guesses_at_the_current_password_waits_in_that_session_and_there_alone() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let wrong = [("current_password", WRONG), ("new_password", NEW)];
    for _ in 0..5 {
        browser.post("/api/password/change", &wrong).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    let right = [("current_password", PASSWORD), ("new_password", NEW)];
    browser.post("/api/password/change", &right).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    browser.post("/api/step_up", &[("password", PASSWORD)]).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    let mut other = app.browser();
    other.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    other.post("/api/password/change", &right).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn what_others_guess_stops_nobody_in_their_own_session() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut owner = app.signed_in(EMAIL).await;
    for _ in 0..5 {
        app.browser().sign_in(EMAIL, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.execute("UPDATE throttles SET count = 5000").await;
    app.browser().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    owner.post("/api/step_up", &[("password", PASSWORD)]).await.expect(StatusCode::OK);
    let fields = [("current_password", PASSWORD), ("new_password", NEW)];
    owner.post("/api/password/change", &fields).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_sign_in_as_what_is_no_email_counts_for_its_address() {
    let app = TestApp::start().await;
    for _ in 0..100 {
        app.browser().sign_in("x", WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    app.browser().sign_in("x", WRONG).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    app.browser().from("198.51.100.9").sign_in("x", WRONG).await.expect(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_right_password_is_counted_nowhere_in_the_end() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    for _ in 0..3 {
        app.browser().sign_in(EMAIL, WRONG).await.expect(StatusCode::UNAUTHORIZED);
    }
    app.signed_in(EMAIL).await;
    for (name, count) in [("pair", 0), ("account", 3), ("address", 3)] {
        let counted =
            format!("SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM throttles WHERE name LIKE '{name} %'");
        assert_eq!(app.number(&counted).await, count, "{name}");
    }
}

#[tokio::test]
async fn a_right_password_makes_nobody_wait_longer_for_the_failures_of_others() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.browser().sign_in("nobody@example.com", WRONG).await.expect(StatusCode::UNAUTHORIZED);
    app.execute("UPDATE throttles SET count = 5000 WHERE name LIKE 'address %'").await;
    app.minutes(15);
    app.signed_in(EMAIL).await;
    app.signed_in(EMAIL).await;
}

/// Of requests that come while nothing can be written, the statuses that tell anything: neither that one has to wait
/// nor that too many do.
async fn looked_at(app: &TestApp, requests: Vec<(Browser, Request<Body>)>) -> Vec<StatusCode> {
    let mut other = sole_writer(&app.database).await;
    let sent: Vec<_> = requests
        .into_iter()
        .map(|(browser, request)| tokio::spawn(async move { browser.deliver(request).await.status }))
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    let mut told = Vec::new();
    for reply in sent {
        told.push(reply.await.unwrap());
    }
    told.retain(|status| ![StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(status));
    told
}

/// Sixty of one form at once, the right one in the middle; one more was due.
async fn sixty(app: &TestApp, browser: &Browser, path: &str, form: impl Fn(usize) -> Vec<(&'static str, String)>) {
    app.advance(Duration::from_secs(2));
    let requests = (0..60).map(|number| {
        let form = form(number);
        let fields: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        (browser.clone(), browser.form(path, &fields))
    });
    let told = looked_at(app, requests.collect()).await;
    assert_eq!(told.len(), 1, "{told:?}");
}

fn guess(number: usize) -> String {
    if number == 30 { PASSWORD } else { WRONG }.to_owned()
}

async fn on_sqlite(settings: &[(&str, &str)]) -> TestApp {
    let app = TestApp::upon(TestDatabase::sqlite(), settings).await;
    app.user(EMAIL, Role::User).await;
    app
}

#[tokio::test]
async fn of_sixty_sign_ins_at_once_one_is_looked_at() {
    let app = on_sqlite(&[]).await;
    for _ in 0..5 {
        app.browser().sign_in(EMAIL, WRONG).await.expect(StatusCode::UNAUTHORIZED);
    }
    sixty(&app, &app.browser(), "/api/login", |number| vec![("email", EMAIL.to_owned()), ("password", guess(number))])
        .await;
}

#[tokio::test]
async fn of_sixty_sign_ins_at_once_as_what_is_no_email_one_is_looked_at() {
    let app = on_sqlite(&[]).await;
    app.browser().sign_in("x", WRONG).await.expect(StatusCode::UNAUTHORIZED);
    app.execute("UPDATE throttles SET count = 100 WHERE name LIKE 'address %'").await;
    sixty(&app, &app.browser(), "/api/login", |number| vec![("email", "x".to_owned()), ("password", guess(number))])
        .await;
}

#[tokio::test]
async fn of_sixty_step_ups_at_once_one_is_looked_at() {
    let app = on_sqlite(&[]).await;
    let mut browser = app.signed_in(EMAIL).await;
    for _ in 0..5 {
        browser.post("/api/step_up", &[("password", WRONG)]).await.expect(StatusCode::UNAUTHORIZED);
    }
    sixty(&app, &browser, "/api/step_up", |number| vec![("password", guess(number))]).await;
}

#[tokio::test]
async fn of_sixty_password_changes_at_once_one_is_looked_at() {
    let app = on_sqlite(&[]).await;
    let mut browser = app.signed_in(EMAIL).await;
    for _ in 0..5 {
        let wrong = [("current_password", WRONG), ("new_password", NEW)];
        browser.post("/api/password/change", &wrong).await.expect(StatusCode::UNAUTHORIZED);
    }
    sixty(&app, &browser, "/api/password/change", |number| {
        vec![("current_password", guess(number)), ("new_password", NEW.to_owned())]
    })
    .await;
}

#[tokio::test]
async fn of_sixty_forced_new_passwords_at_once_one_is_looked_at() {
    let app = on_sqlite(&[]).await;
    app.execute("UPDATE users SET password_due_at = 1").await;
    let mut browser = app.browser();
    browser.sign_in(EMAIL, PASSWORD).await.refused(StatusCode::FORBIDDEN, "password_change_required");
    for _ in 0..5 {
        let same = [("new_password", PASSWORD)];
        browser.post("/api/login/new_password", &same).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    }
    sixty(&app, &browser, "/api/login/new_password", |number| vec![("new_password", format!("{NEW} {number}"))]).await;
}

#[tokio::test]
async fn of_sixty_registrations_at_once_one_is_looked_at() {
    let app = on_sqlite(&[]).await;
    let taken = [("email", EMAIL), ("password", PASSWORD)];
    app.browser().post("/api/register", &taken).await.expect(StatusCode::CONFLICT);
    app.execute("UPDATE throttles SET count = 100 WHERE name LIKE 'register %'").await;
    sixty(&app, &app.browser(), "/api/register", |number| {
        vec![("email", format!("user{number}@example.com")), ("password", PASSWORD.to_owned())]
    })
    .await;
}

#[tokio::test]
async fn of_sixty_who_take_an_invitation_at_once_one_is_looked_at() {
    let app = on_sqlite(&[("registration", "invite")]).await;
    app.user("admin@example.com", Role::Admin).await;
    let mut admin = app.signed_in("admin@example.com").await;
    let given = admin.post("/api/admin/invite", &[("role", "user")]).await.expect(StatusCode::OK).json();
    let link = given["link"].as_str().unwrap().to_owned();
    let token = link.split_once("invite=").unwrap().1;
    let unknown = [("email", "a@example.com"), ("password", PASSWORD), ("invite", "unknown")];
    app.browser().post("/api/register", &unknown).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    app.execute("UPDATE throttles SET count = 100 WHERE name LIKE 'register %'").await;
    sixty(&app, &app.browser(), "/api/register", |number| {
        let email = format!("user{number}@example.com");
        vec![("email", email), ("password", PASSWORD.to_owned()), ("invite", token.to_owned())]
    })
    .await;
}

#[tokio::test]
async fn whether_a_password_is_common_is_found_out_within_the_quota_only() {
    let app = TestApp::start().await;
    let common = [("email", EMAIL), ("password", "passwordpassword")];
    let refused =
        app.browser().post("/api/register", &common).await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    assert_eq!(refused.json()["reason"], "common");
    app.execute("UPDATE throttles SET count = count + 99 WHERE name LIKE 'register %'").await;
    app.browser().post("/api/register", &common).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn who_is_signed_in_has_no_more_passwords_judged_than_others() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let common = [("current_password", PASSWORD), ("new_password", "passwordpassword")];
    for _ in 0..5 {
        browser.post("/api/password/change", &common).await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    }
    browser.post("/api/password/change", &common).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn all_addresses_of_one_customer_are_counted_as_one_and_those_of_a_site_together() {
    let app = TestApp::start().await;
    let mut number = 0;
    let mut sign_in = async |address: &str| {
        number += 1;
        let email = format!("user{number}@example.com");
        app.browser().from(address).sign_in(&email, WRONG).await.status
    };
    for host in 1..=100 {
        assert_eq!(sign_in(&format!("[2001:db8:1:1::{host:x}]")).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(sign_in("[2001:db8:1:1:ffff::1]").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(sign_in("[2001:db8:1:2::1]").await, StatusCode::UNAUTHORIZED, "a neighbour");
    app.execute("UPDATE throttles SET count = 1000 WHERE name = 'address 2001:db8:1::/48'").await;
    assert_eq!(sign_in("[2001:db8:1:3::1]").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(sign_in("[2001:db8:2:1::1]").await, StatusCode::UNAUTHORIZED, "another site");
}

#[tokio::test]
async fn registrations_are_counted_by_customer_and_site_as_sign_ins_are() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let register = async |address: &str| {
        let taken = [("email", EMAIL), ("password", PASSWORD)];
        app.browser().from(address).post("/api/register", &taken).await.status
    };
    assert_eq!(register("[2001:db8:1:1::1]").await, StatusCode::CONFLICT);
    app.execute("UPDATE throttles SET count = 100").await;
    assert_eq!(register("[2001:db8:1:1::2]").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(register("[2001:db8:1:2::1]").await, StatusCode::CONFLICT);
    app.execute("UPDATE throttles SET count = 1000").await;
    assert_eq!(register("[2001:db8:1:3::1]").await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn an_ipv4_address_written_as_ipv6_is_that_address() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    for _ in 0..5 {
        app.browser().sign_in(EMAIL, WRONG).await.expect(StatusCode::UNAUTHORIZED);
    }
    let mut mapped = app.browser().from("[::ffff:203.0.113.7]");
    mapped.sign_in(EMAIL, WRONG).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}
