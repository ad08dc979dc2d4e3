//! Step-up: what asks for a recent proof of the password, how long one counts, and whose it is.

use std::time::Duration;

use axum::http::{StatusCode, header};
use sekisho::domain::{role::Role, strategy::Strategy};
use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::JoinHandle;

use crate::{
    conformance::{ADMIN, EMAIL, Kind, PROOF, REPLACED, app_of, kinds, promises, promising},
    test_app::{Browser, PASSWORD, Reply, TestApp},
    test_database::TestDatabase,
};

const WRONG: &str = "this is not the password";

/// Without an idle end, so that only the proof grows old.
async fn start(kind: &Kind) -> (TestApp, String, Browser) {
    let app = app_of(kind, &[("session.idle_timeout", "0")]).await;
    let id = app.text(&format!("SELECT id FROM users WHERE email = '{EMAIL}'")).await;
    let admin = app.signed_in(ADMIN).await;
    (app, id, admin)
}

async fn step_up(browser: &mut Browser, password: &str) -> Reply {
    browser.post("/api/step_up", &[("password", password)]).await
}

async fn lock(admin: &mut Browser, id: &str) -> Reply {
    admin.post("/api/admin/lock_user", &[("user_id", id)]).await
}

/// Lets the proof grow too old; a browser renews meanwhile where it does so.
async fn eleven_minutes(app: &TestApp, browser: &mut Browser, kind: &Kind) {
    app.minutes(11);
    if kind.strategy.rotates() {
        browser.refresh().await.expect(StatusCode::OK);
    }
}

#[track_caller]
fn asked_for(reply: Reply) {
    reply.refused(StatusCode::FORBIDDEN, "step_up_required");
}

/// What a browser presents, whatever the strategy calls it.
fn credentials(browser: &Browser) -> Vec<String> {
    let names = ["__Host-access", "__Host-refresh", "__Host-session"];
    names.iter().filter_map(|name| browser.cookies.get(*name).cloned()).collect()
}

#[tokio::test]
async fn every_act_on_an_account_asks_for_a_proof_that_is_at_most_ten_minutes_old() {
    for kind in promising(PROOF) {
        let (app, id, mut admin) = start(&kind).await;
        app.minutes(10);
        lock(&mut admin, &id).await.expect(StatusCode::OK);
        app.advance(Duration::from_secs(1));
        let acts = [
            "set_role",
            "lock_user",
            "unlock_user",
            "delete_user",
            "require_password_change",
            "lock_users",
            "invite",
            "revoke_invite",
        ];
        for act in acts {
            let fields = [("user_id", id.as_str()), ("user_ids", id.as_str()), ("role", "support")];
            asked_for(admin.post(&format!("/api/admin/{act}"), &fields).await);
        }
        assert_eq!(app.text(&format!("SELECT role FROM users WHERE id = '{id}'")).await, "user", "{kind:?}");
        let told = step_up(&mut admin, PASSWORD).await.expect(StatusCode::OK).json();
        assert_eq!(told["proved_until"].as_i64().unwrap() - told["server_now"].as_i64().unwrap(), 600_000);
        admin.post("/api/admin/unlock_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
        eleven_minutes(&app, &mut admin, &kind).await;
        asked_for(lock(&mut admin, &id).await);
    }
}

#[tokio::test]
async fn a_kick_and_a_look_ask_for_no_proof() {
    for kind in kinds() {
        let (app, id, mut admin) = start(&kind).await;
        eleven_minutes(&app, &mut admin, &kind).await;
        for look in ["users", "users/export", "invites"] {
            admin.get(&format!("/api/admin/{look}")).await.expect(StatusCode::OK);
        }
        admin.get("/api/admin/audit").await.expect(StatusCode::OK);
        let kicked = admin.post("/api/admin/kick_user", &[("user_id", &id)]).await;
        let expected = if kind.strategy.keeps_sessions() { StatusCode::OK } else { StatusCode::CONFLICT };
        kicked.expect(expected);
        admin.post("/api/admin/kick_users", &[("user_ids", &id)]).await.expect(expected);
    }
}

#[tokio::test]
async fn who_may_not_is_told_so_and_not_asked_for_a_proof() {
    let kind = Kind { strategy: Strategy::Hybrid, redis: None };
    let (app, id, _) = start(&kind).await;
    app.user("support@example.com", Role::Support).await;
    let mut support = app.signed_in("support@example.com").await;
    eleven_minutes(&app, &mut support, &kind).await;
    lock(&mut support, &id).await.refused(StatusCode::FORBIDDEN, "forbidden");
}

#[tokio::test]
async fn a_wrong_password_proves_nothing_and_its_session_waits() {
    for kind in kinds() {
        let (app, id, mut admin) = start(&kind).await;
        eleven_minutes(&app, &mut admin, &kind).await;
        for _ in 0..5 {
            let reply = step_up(&mut admin, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
            assert_eq!(reply.set_cookies(), Vec::<String>::new());
        }
        step_up(&mut admin, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
        app.browser().sign_in(ADMIN, PASSWORD).await.expect(StatusCode::OK);
        asked_for(lock(&mut admin, &id).await);
        let refused = "SELECT COUNT(*) FROM audit WHERE action = 'step_up' AND outcome = 'refused'";
        assert_eq!((app.number(refused).await, app.audit("step_up").await), (5, 5), "{kind:?}");
    }
}

#[tokio::test]
async fn the_right_password_forgives_the_wrong_ones_before_it() {
    let (_app, _, mut admin) = start(&Kind { strategy: Strategy::Hybrid, redis: None }).await;
    for _ in 0..2 {
        for _ in 0..4 {
            step_up(&mut admin, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
        }
        step_up(&mut admin, PASSWORD).await.expect(StatusCode::OK);
    }
}

/// While it is held nothing can be written; what is sent meanwhile has been judged already.
async fn hold_writes(app: &TestApp) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(app.database.file());
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    other
}

fn steps_up(browser: &Browser, password: &'static str) -> JoinHandle<Reply> {
    let mut browser = browser.clone();
    tokio::spawn(async move { step_up(&mut browser, password).await })
}

async fn moment() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// Or many guesses at once would all pass the counters' first look.
#[tokio::test]
async fn a_right_guess_is_not_taken_where_a_wrong_one_beside_it_was_one_too_many() {
    let app = TestApp::upon(TestDatabase::sqlite(), &[]).await;
    app.user(ADMIN, Role::Admin).await;
    let mut admin = app.signed_in(ADMIN).await;
    for _ in 0..4 {
        step_up(&mut admin, WRONG).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    }
    let mut other = hold_writes(&app).await;
    let right = steps_up(&admin, PASSWORD);
    moment().await;
    sqlx::raw_sql("UPDATE throttles SET count = count + 1; COMMIT").execute(&mut other).await.unwrap();
    right.await.unwrap().refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn a_password_that_was_changed_while_it_was_compared_proves_nothing() {
    let app = TestApp::upon(TestDatabase::sqlite(), &[]).await;
    app.user(ADMIN, Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    let mut other = hold_writes(&app).await;
    let compared = steps_up(&admin, PASSWORD);
    moment().await;
    sqlx::raw_sql("UPDATE users SET version = version + 1; COMMIT").execute(&mut other).await.unwrap();
    let reply = compared.await.unwrap().refused(StatusCode::UNAUTHORIZED, "renew");
    assert_eq!(reply.set_cookies(), Vec::<String>::new());
    assert_eq!(app.audit("step_up").await, 0);
}

#[tokio::test]
async fn a_step_up_replaces_the_credential_at_once_and_keeps_the_session_and_its_ends() {
    for kind in kinds() {
        let (app, _, mut admin) = start(&kind).await;
        app.advance(Duration::from_secs(5));
        let told = admin.session().await.json();
        let before = credentials(&admin);
        step_up(&mut admin, PASSWORD).await.expect(StatusCode::OK);
        let after = credentials(&admin);
        assert_eq!(after.len(), before.len(), "{kind:?}");
        assert!(before.iter().all(|former| !after.contains(former)), "{kind:?}");
        let now = admin.session().await.expect(StatusCode::OK).json();
        for kept in ["session_id", "signed_in_at", "absolute_ends_at", "idle_ends_at"] {
            assert_eq!(now[kept], told[kept], "{kept} {kind:?}");
        }
        admin.refresh().await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_copy_from_before_the_step_up_is_worth_nothing_and_is_found_out() {
    for kind in kinds() {
        let (app, id, mut admin) = start(&kind).await;
        let mut copy = admin.clone();
        app.minutes(11);
        step_up(&mut admin, PASSWORD).await.expect(StatusCode::OK);
        if promises(kind.strategy, REPLACED) {
            lock(&mut copy, &id).await.refused(StatusCode::UNAUTHORIZED, "renew");
        } else {
            // What was signed goes on until its end, and proves nothing.
            asked_for(lock(&mut copy, &id).await);
        }
        lock(&mut admin, &id).await.expect(StatusCode::OK);
        app.settle().await;
        app.advance(Duration::from_secs(21));
        if promises(kind.strategy, REPLACED) {
            copy.refresh().await.signed_out("reuse");
            admin.session().await.signed_out("reuse");
        } else {
            copy.refresh().await.expect(StatusCode::OK);
            asked_for(lock(&mut copy, &id).await);
            admin.session().await.expect(StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn a_proof_is_of_one_session_and_not_of_the_users_others() {
    for kind in kinds() {
        let (app, id, mut proved) = start(&kind).await;
        let mut other = app.signed_in(ADMIN).await;
        app.minutes(11);
        step_up(&mut proved, PASSWORD).await.expect(StatusCode::OK);
        for browser in [&mut other, &mut proved] {
            if kind.strategy.rotates() {
                browser.refresh().await.expect(StatusCode::OK);
            }
        }
        asked_for(lock(&mut other, &id).await);
        lock(&mut proved, &id).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_proof_outlasts_a_renewal_and_a_human_act_and_neither_makes_it_younger() {
    for kind in kinds() {
        let (app, id, mut admin) = start(&kind).await;
        app.minutes(11);
        step_up(&mut admin, PASSWORD).await.expect(StatusCode::OK);
        app.minutes(9);
        admin.refresh().await.expect(StatusCode::OK);
        admin.post("/api/touch", &[]).await.expect(StatusCode::OK);
        lock(&mut admin, &id).await.expect(StatusCode::OK);
        app.minutes(2);
        admin.refresh().await.expect(StatusCode::OK);
        admin.post("/api/touch", &[]).await.expect(StatusCode::OK);
        asked_for(lock(&mut admin, &id).await);
    }
}

/// Under `jwt` nothing else would refuse it before its end.
#[tokio::test]
async fn what_a_password_change_ended_proves_nothing_more() {
    for kind in kinds() {
        let (app, _, mut admin) = start(&kind).await;
        let mut other = app.signed_in(ADMIN).await;
        let new = "quite another teapot 7";
        let fields = [("current_password", PASSWORD), ("new_password", new)];
        admin.post("/api/password/change", &fields).await.expect(StatusCode::OK);
        step_up(&mut other, new).await.signed_out("password");
        step_up(&mut admin, new).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_change_of_strategy_carries_the_proof_along() {
    for (from, to) in [(Strategy::Jwt, "hybrid"), (Strategy::Hybrid, "database"), (Strategy::Database, "jwt")] {
        let (app, id, mut admin) = start(&Kind { strategy: from, redis: None }).await;
        app.minutes(11);
        step_up(&mut admin, PASSWORD).await.expect(StatusCode::OK);
        let app = app.restart_with(&[("session.strategy", to)]).await;
        admin.router = app.router.clone();
        admin.page("/admin/users").await.expect(StatusCode::OK);
        lock(&mut admin, &id).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn without_scripts_the_page_asks_for_the_password_and_leads_back() {
    let (app, id, mut admin) = start(&Kind { strategy: Strategy::Hybrid, redis: None }).await;
    app.minutes(11);
    let page = format!("/admin/users/{id}");
    let mut submit = async |path: &str, field: (&str, &str)| {
        let mut request = admin.form(path, &[field, ("page", &page)]);
        request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        let reply = admin.send(request).await.expect(StatusCode::SEE_OTHER);
        let to = reply.headers[header::LOCATION].to_str().unwrap().trim_start_matches("http://localhost:3000");
        (to.to_owned(), admin.page(to).await.expect(StatusCode::OK).text)
    };
    let asks = |text: &str| text.contains("action=\"/api/step_up\"") && text.contains("Confirm it's you");
    let (_, text) = submit("/api/admin/delete_user", ("user_id", &id)).await;
    assert!(asks(&text) && text.contains("Your password is needed for this."), "{text}");
    let (to, text) = submit("/api/step_up", ("password", WRONG)).await;
    assert!(to.starts_with(&page) && asks(&text) && text.contains("The password is wrong."), "{to}");
    let (to, text) = submit("/api/step_up", ("password", PASSWORD)).await;
    assert!(to.starts_with(&page) && text.contains("Now press once more") && !text.contains("/api/step_up\""), "{to}");
    let (to, _) = submit("/api/admin/delete_user", ("user_id", &id)).await;
    assert_eq!(to, "/admin/users");
}
