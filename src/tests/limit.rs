//! `session.on_limit = "ask"`: the sign-in that is one too many waits, and the user says which session gives its place.

use axum::http::{StatusCode, header};
use sekisho::domain::{role::Role, strategy::Strategy};

use crate::test_app::{Browser, CHROME, PASSWORD, Reply, TestApp};

const EMAIL: &str = "hanako@example.com";
const OTHER: &str = "taro@example.com";
const KEEPING: [Strategy; 2] = [Strategy::Database, Strategy::Hybrid];

async fn app_of(strategy: Strategy, max: &str) -> TestApp {
    let settings =
        [("session.strategy", strategy.as_str()), ("session.max_sessions", max), ("session.on_limit", "ask")];
    let app = TestApp::with(&settings).await;
    app.user(EMAIL, Role::User).await;
    app.user(OTHER, Role::User).await;
    app
}

/// A browser whose sign-in waits.
async fn waiting(app: &TestApp) -> Browser {
    let mut browser = app.browser().using(CHROME);
    let fields = [("email", EMAIL), ("password", PASSWORD), ("return_to", "/settings/account"), ("remember", "true")];
    let reply = browser.post("/api/login", &fields).await.refused(StatusCode::CONFLICT, "limit");
    assert_eq!(reply.json()["choose"], true);
    browser
}

async fn choose(browser: &mut Browser, sid: &str) -> Reply {
    browser.post("/api/login/choose", &[("session_id", sid)]).await
}

async fn submit(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut request = browser.form(path, fields);
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    browser.send(request).await.expect(StatusCode::SEE_OTHER)
}

fn location(reply: &Reply) -> &str {
    reply.headers[header::LOCATION].to_str().unwrap().trim_start_matches("http://localhost:3000")
}

#[tokio::test]
async fn the_chosen_device_gives_its_place_and_is_told_why() {
    for strategy in KEEPING {
        let app = app_of(strategy, "2").await;
        let mut kept = app.signed_in(EMAIL).await;
        let mut chosen = app.signed_in(EMAIL).await;
        let sid = chosen.session_id().await;
        let mut new = waiting(&app).await;
        let listed = new.get("/api/login/waiting").await.expect(StatusCode::OK).json();
        assert_eq!((listed["devices"].as_array().unwrap().len(), &listed["room"]), (2, &false.into()));
        assert_eq!((&listed["max"], &listed["devices"][0]["address"]), (&2.into(), &"203.0.113.7".into()));
        let reply = choose(&mut new, &sid).await.expect(StatusCode::OK);
        assert_eq!(reply.json()["return_to"], "/settings/account");
        let long = reply.set_cookies().iter().any(|line| line.contains("Max-Age=2592000"));
        assert!(long, "to be remembered was asked for before the choice: {:?}", reply.set_cookies());
        let told = new.session().await.expect(StatusCode::OK).json();
        assert_eq!((&told["user"]["email"], &told["strategy"]), (&EMAIL.into(), &strategy.as_str().into()));
        kept.session().await.expect(StatusCode::OK);
        chosen.session().await.signed_out("limit");
        assert_eq!((app.audit("session_evict").await, app.audit("sign_in").await), (1, 3));
        assert_eq!(app.number("SELECT COUNT(*) FROM web_sessions").await, 0);
    }
}

#[tokio::test]
async fn a_waiting_sign_in_is_no_credential_for_anything_else() {
    for strategy in KEEPING {
        let app = app_of(strategy, "1").await;
        let mut first = app.signed_in(EMAIL).await;
        let mut new = waiting(&app).await;
        let names: Vec<&str> = new.cookies.keys().map(String::as_str).collect();
        assert_eq!(names, ["__Host-device", "__Host-session"]);
        for path in ["/api/session", "/api/devices"] {
            new.get(path).await.signed_out("none");
        }
        new.get("/auth/verify").await.expect(StatusCode::UNAUTHORIZED);
        for path in ["/api/refresh", "/api/touch", "/api/devices/revoke_others"] {
            new.post(path, &[]).await.signed_out("none");
        }
        assert_eq!(location(&new.page("/settings/devices").await), "/login?return_to=%2Fsettings%2Fdevices");
        first.session().await.expect(StatusCode::OK);
        new.get("/api/login/waiting").await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn only_a_live_session_of_the_one_who_waits_can_be_chosen() {
    for strategy in KEEPING {
        let app = app_of(strategy, "1").await;
        let mut own = app.signed_in(EMAIL).await;
        let mut others = app.signed_in(OTHER).await;
        let mut new = waiting(&app).await;
        for sid in [&others.session_id().await, "0192a5c0-7d3e-7b21-9f00-0123456789ab", "nonsense"] {
            choose(&mut new, sid).await.refused(StatusCode::NOT_FOUND, "not_found");
        }
        others.session().await.expect(StatusCode::OK);
        // It still waits, and an empty choice ends nobody.
        choose(&mut new, "").await.refused(StatusCode::CONFLICT, "limit");
        let sid = own.session_id().await;
        choose(&mut new, &sid).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn without_a_waiting_sign_in_there_is_nothing_to_choose() {
    for strategy in KEEPING {
        let app = app_of(strategy, "1").await;
        let mut first = app.signed_in(EMAIL).await;
        let sid = first.session_id().await;
        let mut stranger = app.browser();
        for browser in [&mut first, &mut stranger] {
            browser.get("/api/login/waiting").await.signed_out("none");
            choose(browser, &sid).await.signed_out("none");
            assert_eq!(location(&browser.page("/login/choose").await), "/login");
        }
        first.session().await.expect(StatusCode::OK);
        let mut late = waiting(&app).await;
        app.minutes(10);
        late.get("/api/login/waiting").await.signed_out("none");
        choose(&mut late, &sid).await.signed_out("none");
    }
}

#[tokio::test]
async fn a_changed_password_or_a_lock_in_between_makes_waiting_worthless() {
    for strategy in KEEPING {
        for change in ["locked_at = 1", "version = version + 1"] {
            let app = app_of(strategy, "1").await;
            let mut first = app.signed_in(EMAIL).await;
            let sid = first.session_id().await;
            let mut new = waiting(&app).await;
            app.execute(&format!("UPDATE users SET {change} WHERE email = '{EMAIL}'")).await;
            new.get("/api/login/waiting").await.signed_out("none");
            choose(&mut new, &sid).await.signed_out("none");
            assert_eq!(app.audit("session_evict").await, 0, "{strategy:?} {change}");
        }
    }
}

/// Under the name of what is refused the one who was faster may have just been given a session.
pub fn takes_no_session_back(reply: &Reply) {
    let lines = reply.set_cookies();
    let takes_back = lines.iter().any(|line| line.starts_with("__Host-session=;"));
    assert!(reply.status == StatusCode::OK || !takes_back, "{lines:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_choice_sent_many_times_at_once_begins_one_session_and_ends_one() {
    for strategy in KEEPING {
        let app = app_of(strategy, "2").await;
        let sids = [app.signed_in(EMAIL).await.session_id().await, app.signed_in(EMAIL).await.session_id().await];
        let new = waiting(&app).await;
        let tasks: Vec<_> = (0..10)
            .map(|number| {
                let (mut browser, sid) = (new.clone(), sids[number % 2].clone());
                tokio::spawn(async move { choose(&mut browser, &sid).await })
            })
            .collect();
        let mut begun = 0;
        for task in tasks {
            let reply = task.await.unwrap();
            begun += u32::from(reply.status == StatusCode::OK);
            takes_no_session_back(&reply);
        }
        assert_eq!((begun, app.audit("session_evict").await, app.audit("sign_in").await), (1, 1, 3), "{strategy:?}");
    }
}

#[tokio::test]
async fn after_the_limit_was_lowered_as_many_are_chosen_as_must_go() {
    for strategy in KEEPING {
        let app = app_of(strategy, "3").await;
        let mut sids = Vec::new();
        for _ in 0..3 {
            sids.push(app.signed_in(EMAIL).await.session_id().await);
        }
        let app = app.restart_with(&[("session.max_sessions", "2")]).await;
        let mut new = waiting(&app).await;
        choose(&mut new, &sids[0]).await.refused(StatusCode::CONFLICT, "limit");
        let listed = new.get("/api/login/waiting").await.expect(StatusCode::OK).json();
        assert_eq!(listed["devices"].as_array().unwrap().len(), 2);
        choose(&mut new, &sids[1]).await.expect(StatusCode::OK);
        assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL").await, 2);
    }
}

#[tokio::test]
async fn a_place_that_became_free_meanwhile_is_taken_without_ending_any() {
    for strategy in KEEPING {
        let app = app_of(strategy, "1").await;
        let mut first = app.signed_in(EMAIL).await;
        let mut new = waiting(&app).await;
        first.post("/api/logout", &[]).await.expect(StatusCode::OK);
        assert_eq!(new.get("/api/login/waiting").await.json()["room"], true);
        choose(&mut new, "").await.expect(StatusCode::OK);
        assert_eq!(app.audit("session_evict").await, 0);
    }
}

#[tokio::test]
async fn a_browser_that_signs_in_again_leaves_its_own_session_and_need_not_wait() {
    for strategy in KEEPING {
        let app = app_of(strategy, "1").await;
        let mut browser = app.signed_in(EMAIL).await;
        browser.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
        let mut other = app.signed_in(OTHER).await;
        let mut copy = other.clone();
        other.sign_in(EMAIL, PASSWORD).await.refused(StatusCode::CONFLICT, "limit");
        copy.session().await.signed_out("none");
    }
}

#[tokio::test]
async fn it_works_by_forms_alone() {
    for strategy in KEEPING {
        let app = app_of(strategy, "1").await;
        let mut first = app.signed_in(EMAIL).await;
        let sid = first.session_id().await;
        let mut new = app.browser().using(CHROME);
        let fields = [("email", EMAIL), ("password", PASSWORD), ("return_to", "/settings/devices"), ("page", "/login")];
        let reply = submit(&mut new, "/api/login", &fields).await;
        assert_eq!(location(&reply), "/login/choose");
        let page = new.page("/login/choose").await.expect(StatusCode::OK);
        assert!(
            page.text.contains("Firefox on Linux") && page.text.contains("203.0.113.7") && page.text.contains(&sid)
        );
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
        let wrong = [("session_id", "nonsense"), ("page", "/login/choose")];
        let back = location(&submit(&mut new, "/api/login/choose", &wrong).await).to_owned();
        assert!(new.page(&back).await.text.contains("t there any more."), "the page says what was wrong: {back}");
        let right = [("session_id", sid.as_str()), ("page", "/login/choose")];
        assert_eq!(location(&submit(&mut new, "/api/login/choose", &right).await), "/settings/devices");
        new.page("/settings/devices").await.expect(StatusCode::OK);
        first.session().await.signed_out("limit");
        assert_eq!(location(&submit(&mut app.browser(), "/api/login/choose", &right).await), "/login");
    }
}
