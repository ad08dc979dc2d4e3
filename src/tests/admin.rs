//! What an admin does to accounts: who may, what ends with it, and that somebody is left who can undo it.

use axum::http::{StatusCode, header};
use sekisho::{
    domain::{account_act::AccountAct, audit::Event, ids::UserId, role::Role},
    server::{
        flow::accounts::{self, By, Change},
        node::revocation_feed::hear,
        store::audit::Entry,
    },
};

use crate::test_app::{Browser, PASSWORD, Reply, TestApp};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";

async fn start() -> (TestApp, String, Browser) {
    let app = TestApp::start().await;
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    (app, id, admin)
}

async fn act(admin: &mut Browser, act: &str, id: &str) -> Reply {
    admin.post(&format!("/api/admin/{act}"), &[("user_id", id)]).await
}

async fn set_role(admin: &mut Browser, id: &str, role: &str) -> Reply {
    admin.post("/api/admin/set_role", &[("user_id", id), ("role", role)]).await
}

#[tokio::test]
async fn accounts_are_managed_by_admins_only() {
    let (app, id, admin) = start().await;
    app.user("support@example.com", Role::Support).await;
    let people = [app.browser(), app.signed_in(EMAIL).await, app.signed_in("support@example.com").await, admin];
    for (endpoint, expected) in [
        ("set_role", [401, 403, 403, 422]),
        ("lock_user", [401, 403, 403, 404]),
        ("unlock_user", [401, 403, 403, 404]),
        ("delete_user", [401, 403, 403, 404]),
        ("require_password_change", [401, 403, 403, 404]),
    ] {
        for (person, expected) in people.iter().zip(expected) {
            let reply = act(&mut person.clone(), endpoint, "").await;
            assert_eq!(reply.status.as_u16(), expected, "{endpoint}: {}", reply.text);
            if expected == 403 {
                act(&mut person.clone(), endpoint, &id).await.refused(StatusCode::FORBIDDEN, "forbidden");
            }
        }
    }
    assert_eq!(app.text(&format!("SELECT role FROM users WHERE id = '{id}'")).await, "user");
    assert_eq!(app.audit("forbidden").await, 20);
}

#[tokio::test]
async fn a_lock_ends_every_session_at_its_next_request_and_sign_in_looks_like_a_wrong_password() {
    let (app, id, mut admin) = start().await;
    let (mut first, mut second) = (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await);
    let reply = act(&mut admin, "lock_user", &id).await.expect(StatusCode::OK).json();
    assert_eq!((&reply["changed"], &reply["ended"]), (&true.into(), &2.into()));
    first.session().await.signed_out("locked");
    second.refresh().await.signed_out("locked");
    app.browser().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    act(&mut admin, "unlock_user", &id).await.expect(StatusCode::OK);
    first.session().await.signed_out("locked");
    second.refresh().await.signed_out("locked");
    app.signed_in(EMAIL).await.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_role_holds_at_the_next_request_after_a_silent_renewal() {
    let (app, id, mut admin) = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    set_role(&mut admin, &id, "support").await.expect(StatusCode::OK);
    browser.get("/api/admin/users").await.refused(StatusCode::UNAUTHORIZED, "renew");
    browser.refresh().await.expect(StatusCode::OK);
    browser.get("/api/admin/users").await.expect(StatusCode::OK);
    set_role(&mut admin, &id, "user").await.expect(StatusCode::OK);
    browser.get("/api/admin/users").await.refused(StatusCode::UNAUTHORIZED, "renew");
    browser.refresh().await.expect(StatusCode::OK);
    browser.get("/api/admin/users").await.refused(StatusCode::FORBIDDEN, "forbidden");
    set_role(&mut admin, &id, "emperor").await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
}

#[tokio::test]
async fn a_deleted_account_is_refused_as_locked_while_that_is_remembered_and_then_is_nobody() {
    let (app, id, mut admin) = start().await;
    let (mut browser, mut idle) = (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await);
    act(&mut admin, "delete_user", &id).await.expect(StatusCode::OK);
    browser.session().await.signed_out("locked");
    browser.refresh().await.signed_out("locked");
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions").await, 1, "the admin's own is left");
    act(&mut admin, "delete_user", &id).await.refused(StatusCode::NOT_FOUND, "not_found");
    hear(&app.state).await;
    app.minutes(17);
    app.state.revoked.forget(app.state.clock.now());
    idle.session().await.refused(StatusCode::UNAUTHORIZED, "renew");
    idle.refresh().await.signed_out("none");
    let fields = [("email", EMAIL), ("password", "another teapot river 9")];
    app.browser().post("/api/register", &fields).await.expect(StatusCode::OK);
    let written = format!("SELECT COUNT(*) FROM audit WHERE action = 'user_delete' AND target_id = '{id}'");
    assert_eq!(app.number(&written).await, 1);
    let mut admin = app.signed_in(ADMIN).await;
    let found = admin.get(&format!("/api/admin/audit?query={id}")).await.expect(StatusCode::OK).json();
    assert!(found["items"].as_array().unwrap().iter().any(|row| row["target"] == id), "{found}");
}

#[tokio::test]
async fn what_is_so_already_is_answered_well_and_written_down_once() {
    let (app, id, mut admin) = start().await;
    for (changed, written) in [(true, 1), (false, 1)] {
        let reply = act(&mut admin, "lock_user", &id).await.expect(StatusCode::OK).json();
        assert_eq!((reply["changed"].as_bool(), app.audit("user_lock").await), (Some(changed), written));
    }
    for (changed, written) in [(true, 1), (false, 1)] {
        let reply = act(&mut admin, "unlock_user", &id).await.expect(StatusCode::OK).json();
        assert_eq!((reply["changed"].as_bool(), app.audit("user_unlock").await), (Some(changed), written));
    }
    set_role(&mut admin, &id, "user").await.expect(StatusCode::OK);
    assert_eq!(app.audit("role_change").await, 0);
}

#[tokio::test]
async fn nobody_shuts_themselves_out_and_the_last_admin_stays() {
    let (app, user, mut admin) = start().await;
    let own = app.text(&format!("SELECT id FROM users WHERE email = '{ADMIN}'")).await;
    set_role(&mut admin, &own, "user").await.refused(StatusCode::CONFLICT, "conflict");
    set_role(&mut admin, &user, "admin").await.expect(StatusCode::OK);
    for shut_out in ["lock_user", "delete_user"] {
        act(&mut admin, shut_out, &own).await.refused(StatusCode::CONFLICT, "conflict");
    }
    act(&mut admin, "lock_user", &user).await.expect(StatusCode::OK);
    set_role(&mut admin, &own, "user").await.refused(StatusCode::CONFLICT, "conflict");
    act(&mut admin, "unlock_user", &user).await.expect(StatusCode::OK);
    set_role(&mut admin, &own, "support").await.expect(StatusCode::OK);
    admin.refresh().await.expect(StatusCode::OK);
    set_role(&mut admin, &own, "admin").await.refused(StatusCode::FORBIDDEN, "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_admins_who_demote_each_other_at_once_leave_one() {
    let app = TestApp::start().await;
    let emails = ["a@example.com", "b@example.com"];
    let ids = [app.user(emails[0], Role::Admin).await, app.user(emails[1], Role::Admin).await];
    for round in 0..50 {
        app.execute("UPDATE users SET role = 'admin'").await;
        let [mut a, mut b] = [app.signed_in(emails[0]).await, app.signed_in(emails[1]).await];
        let (first, second) = tokio::join!(set_role(&mut a, &ids[1], "user"), set_role(&mut b, &ids[0], "user"));
        assert_eq!(app.number("SELECT COUNT(*) FROM users WHERE role = 'admin'").await, 1, "round {round}");
        let done = [first, second].iter().filter(|reply| reply.status == StatusCode::OK).count();
        assert_eq!(done, 1, "round {round}");
    }
    assert_eq!(app.audit("role_change").await, 50);
}

/// As when the demotion was committed between the look at the token and the act.
#[tokio::test]
async fn who_was_demoted_or_locked_a_moment_ago_changes_nothing_more() {
    let (app, target, _) = start().await;
    let former = app.user("former@example.com", Role::Admin).await;
    for change in ["role = 'support'", "role = 'admin', locked_at = 1"] {
        app.execute(&format!("UPDATE users SET {change} WHERE id = '{former}'")).await;
        let (now, target) = (app.state.clock.now(), UserId::parse(&target).unwrap());
        let entry = Entry::of_system(app.state.rng.uuid(now), now, Event::UserLock);
        let entry = Entry { actor: UserId::parse(&former), ..entry };
        let by = By { entry, detail: serde_json::json!({}), last_end: now };
        let act = app
            .state
            .db
            .write(move |tx| Box::pin(async move { accounts::change(tx, by, &target, AccountAct::Lock).await }));
        assert_eq!(act.await.unwrap(), Change::NotAllowed, "{change}");
    }
}

#[tokio::test]
async fn the_page_offers_what_its_reader_may_do() {
    let (app, id, mut admin) = start().await;
    app.user("support@example.com", Role::Support).await;
    let own = app.text(&format!("SELECT id FROM users WHERE email = '{ADMIN}'")).await;
    let offers = |page: &Reply| {
        ["set_role", "lock_user", "unlock_user", "delete_user"]
            .map(|act| page.text.contains(&format!("action=\"/api/admin/{act}\"")))
    };
    let path = format!("/admin/users/{id}");
    assert_eq!(offers(&admin.page(&path).await), [true, true, false, true]);
    assert_eq!(offers(&admin.page(&format!("/admin/users/{own}")).await), [true, false, false, false]);
    assert_eq!(offers(&app.signed_in("support@example.com").await.page(&path).await), [false; 4]);
    act(&mut admin, "lock_user", &id).await.expect(StatusCode::OK);
    assert_eq!(offers(&admin.page(&path).await), [true, false, true, true]);
}

#[tokio::test]
async fn without_scripts_a_deletion_leads_to_the_list_and_a_refusal_back_with_its_reason() {
    let (app, id, mut admin) = start().await;
    let own = app.text(&format!("SELECT id FROM users WHERE email = '{ADMIN}'")).await;
    let mut submit = async |act: &str, fields: &[(&str, &str)]| {
        let mut request = admin.form(&format!("/api/admin/{act}"), fields);
        request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        let reply = admin.send(request).await.expect(StatusCode::SEE_OTHER);
        reply.headers[header::LOCATION].to_str().unwrap().trim_start_matches("http://localhost:3000").to_owned()
    };
    let page = format!("/admin/users/{own}");
    let refused = submit("set_role", &[("user_id", &own), ("role", "user"), ("page", &page)]).await;
    assert_eq!(submit("delete_user", &[("user_id", &id), ("page", "/admin/users/x")]).await, "/admin/users");
    let page = admin.page(&refused).await.expect(StatusCode::OK);
    assert!(page.text.contains("There must always be an administrator"), "{refused}");
}
