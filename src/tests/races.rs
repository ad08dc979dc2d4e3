//! What may happen at the same time, a thousand times over, on the real writer.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::domain::role::Role;
use sqlx::Executor as _;

use crate::{
    test_app::{Browser, PASSWORD, TestApp},
    test_database::{TestDatabase, sole_writer},
};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";

/// After the kill was answered, nothing that a racing reply carried is worth anything.
async fn expect_dead(mut browser: Browser) {
    browser.session().await.expect(StatusCode::UNAUTHORIZED);
    browser.get("/auth/verify").await.expect(StatusCode::UNAUTHORIZED);
    browser.refresh().await.expect(StatusCode::UNAUTHORIZED);
}

async fn race(app: &TestApp, rounds: usize, kill: impl AsyncFn(&mut Browser)) {
    for _ in 0..rounds {
        let browser = app.signed_in(EMAIL).await;
        app.minutes(1);
        let racers: Vec<_> = (0..2)
            .map(|_| {
                let mut tab = browser.clone();
                tokio::spawn(async move {
                    tab.refresh().await;
                    tab
                })
            })
            .collect();
        kill(&mut browser.clone()).await;
        for racer in racers {
            expect_dead(racer.await.unwrap()).await;
        }
        expect_dead(browser).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_racing_a_sign_out_leaves_no_live_token() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    race(&app, 500, async |browser| {
        browser.post("/api/logout", &[]).await.expect(StatusCode::OK);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_racing_a_kick_leaves_no_live_token() {
    let app = TestApp::with(&[("session.idle_timeout", "0"), ("session.absolute_timeout", "0")]).await;
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let mut admin = app.browser();
    admin
        .post("/api/login", &[("email", ADMIN), ("password", PASSWORD), ("remember", "true")])
        .await
        .expect(StatusCode::OK);
    let admin = tokio::sync::Mutex::new(admin);
    race(&app, 500, async |_| {
        let mut admin = admin.lock().await;
        if admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.status != StatusCode::OK {
            admin.refresh().await.expect(StatusCode::OK);
            admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_with_the_old_password_racing_its_change_does_not_survive_it() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let (mut current, mut next) = (PASSWORD.to_owned(), "another teapot river 9".to_owned());
    for _ in 0..50 {
        let mut owner = app.browser();
        owner.sign_in(EMAIL, &current).await.expect(StatusCode::OK);
        let racers: Vec<_> = (0..4)
            .map(|_| {
                let (mut browser, password) = (app.browser(), current.clone());
                tokio::spawn(async move {
                    let status = browser.sign_in(EMAIL, &password).await.status;
                    (browser, status)
                })
            })
            .collect();
        let fields = [("current_password", current.as_str()), ("new_password", next.as_str())];
        owner.post("/api/password/change", &fields).await.expect(StatusCode::OK);
        for racer in racers {
            let (mut browser, _) = racer.await.unwrap();
            browser.session().await.expect(StatusCode::UNAUTHORIZED);
            browser.refresh().await.expect(StatusCode::UNAUTHORIZED);
        }
        owner.session().await.expect(StatusCode::OK);
        app.advance(Duration::from_secs(86_400));
        std::mem::swap(&mut current, &mut next);
    }
}

#[tokio::test]
async fn of_two_password_changes_at_once_only_one_is_done() {
    let app = TestApp::upon(TestDatabase::sqlite(), &[]).await;
    app.user(EMAIL, Role::User).await;
    let browser = app.signed_in(EMAIL).await;
    // While nothing can be written both prove the same current password.
    let mut other = sole_writer(&app.database).await;
    let changes = ["another teapot river 9", "quite another teapot 7"].map(|new| {
        let mut tab = browser.clone();
        tokio::spawn(async move {
            let fields = [("current_password", PASSWORD), ("new_password", new)];
            tab.post("/api/password/change", &fields).await.status
        })
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    other.execute("ROLLBACK").await.unwrap();
    let mut done = 0;
    for change in changes {
        done += u32::from(change.await.unwrap() == StatusCode::OK);
    }
    assert_eq!(done, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_registrations_of_one_address_at_once_make_one_account() {
    let app = TestApp::start().await;
    let racers: Vec<_> = (0..50)
        .map(|number| {
            let mut browser = app.browser().from(&format!("198.51.100.{number}"));
            tokio::spawn(async move {
                browser.post("/api/register", &[("email", EMAIL), ("password", PASSWORD)]).await.status
            })
        })
        .collect();
    let mut made = 0;
    for racer in racers {
        made += usize::from(racer.await.unwrap() == StatusCode::OK);
    }
    assert_eq!(made, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_devices_that_end_each_other_at_once_one_lives_on() {
    let app = TestApp::with(&[("session.idle_timeout", "0")]).await;
    app.user(EMAIL, Role::User).await;
    for _ in 0..100 {
        let racers: Vec<_> = [app.signed_in(EMAIL).await, app.signed_in(EMAIL).await]
            .into_iter()
            .map(|mut browser| {
                tokio::spawn(async move { browser.post("/api/devices/revoke_others", &[]).await.status })
            })
            .collect();
        for racer in racers {
            racer.await.unwrap();
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_that_a_refresh_overtakes_is_not_lost() {
    let app = TestApp::with(&[("session.idle_timeout", "0")]).await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    for generation in 2..100 {
        app.minutes(1);
        let predecessor = browser.clone();
        browser.refresh().await.expect(StatusCode::OK);
        browser.session().await.expect(StatusCode::OK);
        let racers: Vec<_> = (0..4)
            .map(|_| {
                let mut slow_tab = predecessor.clone();
                tokio::spawn(async move { slow_tab.refresh().await.expect(StatusCode::OK) })
            })
            .collect();
        app.settle().await;
        for racer in racers {
            racer.await.unwrap();
        }
        assert_eq!(app.number("SELECT confirmed_generation FROM sessions").await, generation);
    }
}
