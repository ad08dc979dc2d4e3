//! A password that must be changed first: no session and no token before there is another one, under every strategy.

use std::time::Duration;

use axum::http::{StatusCode, header};
use sekisho::domain::role::Role;
use sqlx::{AssertSqlSafe, Executor as _};

use crate::{
    conformance::{ADMIN, EMAIL, app_of, kinds},
    limit::takes_no_session_back,
    test_app::{Browser, PASSWORD, Reply, TestApp},
    test_database::{TestDatabase, sole_writer},
};

const NEW: &str = "another teapot river 9";

async fn start() -> (TestApp, String, Browser) {
    start_on(TestApp::start().await).await
}

async fn start_on(app: TestApp) -> (TestApp, String, Browser) {
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    (app, id, admin)
}

async fn require(admin: &mut Browser, id: &str) -> Reply {
    admin.post("/api/admin/require_password_change", &[("user_id", id)]).await
}

async fn choose(browser: &mut Browser, password: &str) -> Reply {
    browser.post("/api/login/new_password", &[("new_password", password)]).await
}

/// A browser whose sign-in waits for another password.
async fn waiting(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    let fields = [("email", EMAIL), ("password", PASSWORD), ("return_to", "/settings/account")];
    browser.post("/api/login", &fields).await.refused(StatusCode::FORBIDDEN, "password_change_required");
    browser
}

#[tokio::test]
async fn under_every_strategy_the_right_password_gives_nothing_but_the_choice_of_another() {
    for kind in kinds() {
        let app = app_of(&kind, &[]).await;
        let id = app.text(&format!("SELECT id FROM users WHERE email = '{EMAIL}'")).await;
        let (mut admin, mut theirs) = (app.signed_in(ADMIN).await, app.signed_in(EMAIL).await);
        let told = require(&mut admin, &id).await.expect(StatusCode::OK).json();
        assert_eq!(told["changed"], true);
        if kind.strategy.keeps_sessions() {
            theirs.session().await.signed_out("kicked");
            theirs.refresh().await.signed_out("kicked");
        }
        let mut browser = waiting(&app).await;
        let names: Vec<&str> = browser.cookies.keys().map(String::as_str).collect();
        assert_eq!(names, ["__Host-device", "__Host-session"], "{kind:?}");
        for path in ["/api/session", "/api/devices", "/auth/verify", "/api/drafts/key"] {
            browser.get(path).await.expect(StatusCode::UNAUTHORIZED);
        }
        let change = [("current_password", PASSWORD), ("new_password", NEW)];
        for path in ["/api/refresh", "/api/touch", "/api/step_up", "/api/password/change"] {
            let reply = browser.clone().post(path, &change).await.expect(StatusCode::UNAUTHORIZED);
            assert!(reply.set_cookies().iter().all(|line| line.contains("Max-Age=0")), "{path}: {kind:?}");
        }
        assert_eq!(browser.get("/api/login/password").await.expect(StatusCode::OK).json()["email"], EMAIL);
        for (weak, reason) in [("short", "too_short"), (PASSWORD, "same")] {
            let refused = choose(&mut browser, weak).await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid").json();
            assert_eq!((&refused["field"], &refused["reason"]), (&"new_password".into(), &reason.into()), "{kind:?}");
        }
        let begun = choose(&mut browser, NEW).await.expect(StatusCode::OK).json();
        assert_eq!(begun["return_to"], "/settings/account");
        assert_eq!(browser.session().await.expect(StatusCode::OK).json()["user"]["email"], EMAIL, "{kind:?}");
        browser.get("/auth/verify").await.expect(StatusCode::OK);
        app.browser().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
        app.browser().sign_in(EMAIL, NEW).await.expect(StatusCode::OK);
        assert_eq!((app.audit("password_require").await, app.audit("password_change").await), (1, 1), "{kind:?}");
        assert_eq!(app.number("SELECT COUNT(*) FROM users WHERE password_due_at IS NOT NULL").await, 0);
    }
}

#[tokio::test]
async fn only_admins_ask_for_it_with_a_recent_proof_and_asking_twice_changes_nothing() {
    let (app, id, mut admin) = start().await;
    app.user("support@example.com", Role::Support).await;
    for mut person in [app.signed_in("support@example.com").await, app.signed_in(EMAIL).await] {
        require(&mut person, &id).await.refused(StatusCode::FORBIDDEN, "forbidden");
    }
    require(&mut app.browser(), &id).await.expect(StatusCode::UNAUTHORIZED);
    for (changed, written) in [(true, 1), (false, 1)] {
        let reply = require(&mut admin, &id).await.expect(StatusCode::OK).json();
        assert_eq!((reply["changed"].as_bool(), app.audit("password_require").await), (Some(changed), written));
    }
    require(&mut admin, "none").await.refused(StatusCode::NOT_FOUND, "not_found");
    app.minutes(11);
    admin.refresh().await.expect(StatusCode::OK);
    require(&mut admin, &id).await.refused(StatusCode::FORBIDDEN, "step_up_required");
}

#[tokio::test]
async fn a_wrong_password_is_told_the_same_as_ever() {
    let (app, id, mut admin) = start().await;
    require(&mut admin, &id).await.expect(StatusCode::OK);
    let mut browser = app.browser();
    browser.sign_in(EMAIL, "wrong, all of it").await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    browser.get("/api/login/password").await.signed_out("none");
    choose(&mut browser, NEW).await.signed_out("none");
    assert_eq!(app.number("SELECT COUNT(*) FROM web_sessions").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_who_wait_one_changes_the_password_and_the_others_begin_anew() {
    let (app, id, mut admin) = start_on(TestApp::with(&[("session.strategy", "database")]).await).await;
    require(&mut admin, &id).await.expect(StatusCode::OK);
    let first = waiting(&app).await;
    let people = [first.clone(), first, waiting(&app).await, waiting(&app).await];
    let tasks = people.map(|mut browser| tokio::spawn(async move { choose(&mut browser, NEW).await }));
    let mut done = 0;
    for task in tasks {
        let reply = task.await.unwrap();
        takes_no_session_back(&reply);
        match reply.status {
            StatusCode::OK => done += 1,
            other => assert_eq!(other, StatusCode::UNAUTHORIZED),
        }
    }
    assert_eq!(done, 1);
    assert_eq!(
        app.number(&format!("SELECT COUNT(*) FROM sessions WHERE user_id = '{id}' AND ended_at IS NULL")).await,
        1
    );
    assert_eq!(app.audit("password_change").await, 1);
}

#[tokio::test]
async fn once_another_password_is_chosen_whoever_waited_with_the_former_one_begins_anew() {
    let (app, id, mut admin) = start().await;
    require(&mut admin, &id).await.expect(StatusCode::OK);
    let (mut first, mut second) = (waiting(&app).await, waiting(&app).await);
    choose(&mut first, NEW).await.expect(StatusCode::OK);
    second.get("/api/login/password").await.signed_out("none");
    choose(&mut second, "a third teapot river 9").await.signed_out("none");
    first.session().await.expect(StatusCode::OK);
    app.browser().sign_in(EMAIL, NEW).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn what_happens_to_the_account_while_the_new_password_is_hashed_is_not_written_over() {
    for change in ["locked_at = 1", "version = version + 1", "password_hash = 'another'"] {
        let (app, id, mut admin) = start_on(TestApp::upon(TestDatabase::sqlite(), &[]).await).await;
        require(&mut admin, &id).await.expect(StatusCode::OK);
        let mut browser = waiting(&app).await;
        let mut other = sole_writer(&app.database).await;
        let chosen = tokio::spawn(async move { choose(&mut browser, NEW).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        let change = format!("UPDATE users SET {change} WHERE id = '{id}'");
        other.execute(AssertSqlSafe(format!("{change}; COMMIT"))).await.unwrap();
        chosen.await.unwrap().signed_out("none");
        let begun = format!("SELECT COUNT(*) FROM sessions WHERE user_id = '{id}'");
        assert_eq!((app.number(&begun).await, app.audit("password_change").await), (0, 0), "{change}");
    }
}

#[tokio::test]
async fn a_browser_that_waits_has_left_the_session_it_was_in() {
    for kind in kinds() {
        let app = app_of(&kind, &[]).await;
        let id = app.text(&format!("SELECT id FROM users WHERE email = '{EMAIL}'")).await;
        require(&mut app.signed_in(ADMIN).await, &id).await.expect(StatusCode::OK);
        let mut browser = app.signed_in(ADMIN).await;
        let mut before = browser.clone();
        browser.sign_in(EMAIL, PASSWORD).await.refused(StatusCode::FORBIDDEN, "password_change_required");
        let names: Vec<&str> = browser.cookies.keys().map(String::as_str).collect();
        assert_eq!(names, ["__Host-device", "__Host-session"], "{kind:?}");
        if kind.strategy.keeps_sessions() {
            before.session().await.signed_out("none");
        }
    }
}

#[tokio::test]
async fn a_choice_that_waits_is_worth_nothing_for_another_choice_or_after_another_demand() {
    let app = TestApp::with(&[("session.max_sessions", "1"), ("session.on_limit", "ask")]).await;
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let mut admin = app.signed_in(ADMIN).await;
    let sid = app.signed_in(EMAIL).await.session_id().await;
    let mut for_a_place = app.browser();
    for_a_place.sign_in(EMAIL, PASSWORD).await.refused(StatusCode::CONFLICT, "limit");
    choose(&mut for_a_place.clone(), NEW).await.signed_out("none");
    require(&mut admin, &id).await.expect(StatusCode::OK);
    for choice in [sid.as_str(), ""] {
        for_a_place.clone().post("/api/login/choose", &[("session_id", choice)]).await.signed_out("none");
    }
    let mut for_a_password = waiting(&app).await;
    let place = for_a_password.clone().post("/api/login/choose", &[("session_id", "")]).await;
    assert_ne!(place.status, StatusCode::OK, "{}", place.text);
    admin.post("/api/admin/lock_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
    choose(&mut for_a_password, NEW).await.signed_out("none");
    assert_eq!(
        app.number(&format!("SELECT COUNT(*) FROM sessions WHERE user_id = '{id}' AND ended_at IS NULL")).await,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_signs_in_while_it_is_demanded_is_out_or_waits() {
    let (app, id, mut admin) = start().await;
    for round in 0..15 {
        let racers: Vec<_> = (0..4)
            .map(|_| {
                let mut browser = app.browser();
                tokio::spawn(async move {
                    browser.sign_in(EMAIL, PASSWORD).await;
                    browser
                })
            })
            .collect();
        require(&mut admin, &id).await.expect(StatusCode::OK);
        for racer in racers {
            let mut browser = racer.await.unwrap();
            browser.session().await.expect(StatusCode::UNAUTHORIZED);
            browser.refresh().await.expect(StatusCode::UNAUTHORIZED);
        }
        let live = format!("SELECT COUNT(*) FROM sessions WHERE user_id = '{id}' AND ended_at IS NULL");
        assert_eq!(app.number(&live).await, 0, "round {round}");
        app.execute(&format!("UPDATE users SET password_due_at = NULL WHERE id = '{id}'")).await;
    }
}

#[tokio::test]
async fn without_scripts_the_page_asks_for_it_and_leads_on() {
    let (app, id, mut admin) = start().await;
    require(&mut admin, &id).await.expect(StatusCode::OK);
    let mut browser = app.browser();
    let mut submit = async |path: &str, fields: &[(&str, &str)]| {
        let mut form = browser.form(path, fields);
        form.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        let led = browser.send(form).await.expect(StatusCode::SEE_OTHER);
        let to = led.headers[header::LOCATION].to_str().unwrap().replace("http://localhost:3000", "");
        (browser.page(&to).await.text, to)
    };
    let sign_in = [("email", EMAIL), ("password", PASSWORD), ("return_to", "/settings/account"), ("page", "/login")];
    let (page, to) = submit("/api/login", &sign_in).await;
    assert_eq!(to, "/login/password");
    assert!(page.contains("Choose a new password") && page.contains(&format!("value=\"{EMAIL}\"")));
    let same = [("new_password", PASSWORD), ("page", "/login/password")];
    let (page, _) = submit("/api/login/new_password", &same).await;
    assert!(page.contains("This is the password you have now."), "{page}");
    let (_, to) = submit("/api/login/new_password", &[("new_password", NEW), ("page", "/login/password")]).await;
    assert_eq!(to, "/settings/account");
    let (_, to) = submit("/api/login/new_password", &[("new_password", NEW), ("page", "/login/password")]).await;
    assert_eq!(to, "/login");
}

#[tokio::test]
async fn an_own_change_of_the_password_takes_another_one() {
    let (app, ..) = start().await;
    let mut browser = app.signed_in(EMAIL).await;
    let same = [("current_password", PASSWORD), ("new_password", PASSWORD)];
    let refused = browser.post("/api/password/change", &same).await;
    assert_eq!(refused.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid").json()["reason"], "same");
    browser.session().await.expect(StatusCode::OK);
}
