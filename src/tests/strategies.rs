//! The rules of a session's life under each strategy: each test asks what the strategy promises, and what the others say.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use sekisho::domain::strategy::Strategy;

use crate::{
    conformance::{
        ADMIN, EMAIL, ENDS, KICK, Kind, LIMIT, LIST, PASSWORD_CHANGE, ROLLS, SIGN_OUT, app_of, kinds, promises,
        promising,
    },
    test_app::{Browser, CHROME, PASSWORD, TestApp},
};

const DAY: u64 = 24 * 60;

/// What a browser does by itself: renews where that is how the strategy goes on.
async fn renewed(browser: &mut Browser, strategy: Strategy) {
    if strategy.rotates() {
        browser.refresh().await.expect(StatusCode::OK);
    }
}

async fn remembered(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    let fields = [("email", EMAIL), ("password", PASSWORD), ("remember", "true")];
    browser.post("/api/login", &fields).await.expect(StatusCode::OK);
    browser
}

#[tokio::test]
async fn a_sign_in_is_told_who_and_until_when() {
    for kind in kinds() {
        let strategy = kind.strategy;
        let app = app_of(&kind, &[]).await;
        let mut browser = app.signed_in(EMAIL).await;
        let told = browser.session().await.expect(StatusCode::OK).json();
        assert_eq!(told["strategy"], strategy.as_str());
        assert_eq!(told["user"]["email"], EMAIL);
        let now = told["server_now"].as_i64().unwrap();
        let minutes = |name: &str| (told[name].as_i64().unwrap() - now) / 60_000;
        assert_eq!(minutes("idle_ends_at"), 15);
        assert_eq!(minutes("expires_at"), 30 * 24 * 60);
        assert_eq!(minutes("absolute_ends_at"), 90 * 24 * 60);
        let access = if strategy.rotates() { 15 } else { 30 * 24 * 60 };
        assert_eq!(minutes("access_ends_at"), access, "{strategy:?}");
        browser.get("/auth/verify").await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn each_strategy_sets_its_own_cookies_and_no_other() {
    for (strategy, names) in [
        (Strategy::Jwt, vec!["__Host-access", "__Host-device"]),
        (Strategy::Database, vec!["__Host-device", "__Host-session"]),
        (Strategy::Hybrid, vec!["__Host-access", "__Host-device", "__Host-refresh"]),
    ] {
        let app = app_of(&Kind { strategy, redis: None }, &[]).await;
        let browser = app.signed_in(EMAIL).await;
        assert_eq!(browser.cookies.keys().map(String::as_str).collect::<Vec<_>>(), names);
    }
}

#[tokio::test]
async fn a_sign_out_takes_the_cookies_and_what_is_kept_of_the_session() {
    for kind in kinds() {
        let strategy = kind.strategy;
        let app = app_of(&kind, &[]).await;
        let mut browser = app.signed_in(EMAIL).await;
        let mut copy = browser.clone();
        browser.post("/api/logout", &[]).await.expect(StatusCode::OK);
        browser.session().await.signed_out("none");
        if promises(strategy, SIGN_OUT) {
            copy.session().await.signed_out("none");
        } else {
            // What `jwt` can't do, and says so.
            copy.session().await.expect(StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn idleness_ends_a_session_and_a_human_act_does_not_let_it() {
    for kind in promising(ENDS) {
        let strategy = kind.strategy;
        let app = app_of(&kind, &[]).await;
        let mut idle = app.signed_in(EMAIL).await;
        let mut acting = app.signed_in(EMAIL).await;
        app.minutes(10);
        let before = acting.session().await.json()["idle_ends_at"].as_i64().unwrap();
        let touched = acting.post("/api/touch", &[("acted_ms_ago", "0")]).await.expect(StatusCode::OK).json();
        assert_eq!(touched["idle_ends_at"].as_i64().unwrap() - before, 600_000, "{strategy:?}");
        app.minutes(6);
        renewed(&mut acting, strategy).await;
        acting.session().await.expect(StatusCode::OK);
        if strategy.rotates() {
            idle.refresh().await.signed_out("idle");
        } else {
            idle.session().await.signed_out("idle");
        }
    }
}

#[tokio::test]
async fn a_session_in_use_rolls_and_nothing_moves_its_absolute_end() {
    for kind in promising(ROLLS) {
        let strategy = kind.strategy;
        let app = app_of(&kind, &[]).await;
        let mut browser = remembered(&app).await;
        let first = browser.session().await.json();
        for _ in 0..8 {
            app.minutes(11 * DAY);
            renewed(&mut browser, strategy).await;
            let told = browser.session().await.expect(StatusCode::OK).json();
            assert_eq!(told["absolute_ends_at"], first["absolute_ends_at"], "{strategy:?}");
            assert!(told["expires_at"].as_i64() > first["expires_at"].as_i64(), "{strategy:?}");
        }
        app.minutes(3 * DAY);
        let after = if strategy.rotates() { browser.refresh().await } else { browser.session().await };
        after.signed_out("expired");
    }
}

#[tokio::test]
async fn without_rolling_the_life_counts_from_sign_in() {
    for kind in kinds() {
        let strategy = kind.strategy;
        let app = app_of(&kind, &[("session.rolling", "false")]).await;
        let mut browser = remembered(&app).await;
        app.minutes(29 * DAY);
        renewed(&mut browser, strategy).await;
        browser.session().await.expect(StatusCode::OK);
        app.minutes(2 * DAY);
        let after = if strategy.rotates() { browser.refresh().await } else { browser.session().await };
        after.signed_out("expired");
    }
}

#[tokio::test]
async fn a_request_renews_at_most_once_per_update_age() {
    for kind in kinds().into_iter().filter(|kind| !kind.strategy.rotates()) {
        let strategy = kind.strategy;
        let app = app_of(&kind, &[]).await;
        let mut browser = remembered(&app).await;
        app.minutes(23 * 60);
        let reply = browser.session().await.expect(StatusCode::OK);
        assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{strategy:?}");
        app.minutes(61);
        let reply = browser.session().await.expect(StatusCode::OK);
        assert_eq!(reply.set_cookies().len(), 1, "{strategy:?}");
        assert!(reply.set_cookies()[0].contains("Max-Age=2592000"), "{:?}", reply.set_cookies());
        let reply = browser.session().await.expect(StatusCode::OK);
        assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{strategy:?}");
    }
}

#[tokio::test]
async fn a_kick_bites_at_the_next_request_where_sessions_are_kept() {
    for kind in kinds() {
        let strategy = kind.strategy;
        let app = app_of(&kind, &[]).await;
        let mut user = app.signed_in(EMAIL).await;
        let mut admin = app.signed_in(ADMIN).await;
        let id = user.session().await.json()["user"]["id"].as_str().unwrap().to_owned();
        let kicked = admin.post("/api/admin/kick_user", &[("user_id", &id)]).await;
        if promises(strategy, KICK) {
            kicked.expect(StatusCode::OK);
            user.session().await.signed_out("kicked");
            user.get("/auth/verify").await.signed_out("kicked");
            user.refresh().await.signed_out("kicked");
        } else {
            let said = kicked.refused(StatusCode::CONFLICT, "conflict").json();
            assert!(said["lives_until"].as_i64().is_some());
            user.session().await.expect(StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn devices_are_listed_and_signed_out_where_sessions_are_kept() {
    for kind in kinds() {
        let strategy = kind.strategy;
        let app = app_of(&kind, &[]).await;
        let mut here = app.signed_in(EMAIL).await;
        let mut there = app.browser().using(CHROME);
        there.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
        let sid = there.session_id().await;
        let listed = here.get("/api/devices").await.expect(StatusCode::OK).json();
        let revoked = here.post("/api/devices/revoke", &[("session_id", &sid)]).await;
        if promises(strategy, LIST) {
            assert_eq!((listed["devices"].as_array().unwrap().len(), &listed["kept"]), (2, &true.into()));
            revoked.expect(StatusCode::OK);
            there.session().await.signed_out("revoked");
        } else {
            assert_eq!((listed["devices"].as_array().unwrap().len(), &listed["kept"]), (1, &false.into()));
            revoked.refused(StatusCode::CONFLICT, "conflict");
            here.post("/api/devices/revoke_others", &[]).await.refused(StatusCode::CONFLICT, "conflict");
        }
        here.session().await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_password_change_ends_the_others_and_gives_the_own_one_a_new_credential() {
    for kind in kinds() {
        let strategy = kind.strategy;
        let app = app_of(&kind, &[]).await;
        let mut here = app.signed_in(EMAIL).await;
        let mut there = app.signed_in(EMAIL).await;
        let before = here.clone();
        let fields = [("current_password", PASSWORD), ("new_password", "quite another teapot 7")];
        here.post("/api/password/change", &fields).await.expect(StatusCode::OK);
        here.session().await.expect(StatusCode::OK);
        if promises(strategy, PASSWORD_CHANGE) {
            there.session().await.signed_out("password");
            let name = if strategy == Strategy::Hybrid { "__Host-access" } else { "__Host-session" };
            assert_ne!(here.cookie(name), before.cookie(name));
        } else {
            // It lives on, until it would have to be signed again.
            there.session().await.expect(StatusCode::OK);
            there.refresh().await.signed_out("password");
        }
        here.refresh().await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_new_role_is_taken_up_when_it_is_read() {
    for kind in kinds() {
        let strategy = kind.strategy;
        let app = app_of(&kind, &[]).await;
        let mut browser = app.signed_in(EMAIL).await;
        let token = browser.cookie("__Host-session").to_owned();
        app.execute("UPDATE users SET role = 'support', version = version + 1 WHERE email = 'hanako@example.com'")
            .await;
        if strategy != Strategy::Database {
            app.advance(Duration::from_secs(30));
            browser.refresh().await.expect(StatusCode::OK);
        }
        assert_eq!(browser.session().await.expect(StatusCode::OK).json()["user"]["role"], "support", "{strategy:?}");
        if strategy == Strategy::Database {
            assert_ne!(browser.cookie("__Host-session"), token, "a session token known from before is worth nothing");
        }
    }
}

#[tokio::test]
async fn a_session_token_of_before_is_forgiven_once_and_then_reuse() {
    let app = app_of(&Kind { strategy: Strategy::Database, redis: None }, &[]).await;
    let mut browser = app.signed_in(EMAIL).await;
    app.settle().await;
    let before = browser.cookies.clone();
    let mut slow = browser.clone();
    app.execute("UPDATE users SET version = version + 1 WHERE email = 'hanako@example.com'").await;
    browser.session().await.expect(StatusCode::OK);
    slow.session().await.expect(StatusCode::OK);
    assert_eq!(slow.cookie("__Host-session"), browser.cookie("__Host-session"), "a slow tab gets the same successor");
    browser.session().await.expect(StatusCode::OK);
    app.settle().await;
    app.advance(Duration::from_secs(21));
    let mut thief = app.browser();
    thief.cookies = before;
    thief.session().await.signed_out("reuse");
    browser.session().await.signed_out("reuse");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_sign_ins_never_leave_more_than_the_limit() {
    for kind in promising(LIMIT) {
        let app = app_of(&kind, &[("session.max_sessions", "3")]).await;
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let mut browser = app.browser();
                tokio::spawn(async move { (browser.sign_in(EMAIL, PASSWORD).await.status, browser) })
            })
            .collect();
        let mut done = Vec::new();
        for task in tasks {
            done.push(task.await.unwrap());
        }
        let mut live = 0;
        for (status, mut browser) in done {
            if status == StatusCode::OK {
                let reply = browser.session().await;
                if reply.status == StatusCode::OK {
                    live += 1;
                } else {
                    reply.signed_out("limit");
                }
            }
        }
        assert_eq!(live, 3, "{kind:?}");
    }
}

#[tokio::test]
async fn a_refused_sign_in_beyond_the_limit_is_no_failure() {
    for kind in promising(LIMIT) {
        let app = app_of(&kind, &[("session.max_sessions", "1"), ("session.on_limit", "refuse")]).await;
        let mut first = app.signed_in(EMAIL).await;
        for _ in 0..20 {
            app.browser().sign_in(EMAIL, PASSWORD).await.refused(StatusCode::CONFLICT, "limit");
        }
        first.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
        first.post("/api/logout", &[]).await.expect(StatusCode::OK);
        app.signed_in(EMAIL).await;
    }
}

#[tokio::test]
async fn a_sign_in_never_goes_on_under_a_token_that_was_there_before() {
    let app = app_of(&Kind { strategy: Strategy::Database, redis: None }, &[]).await;
    let mut planted = app.browser();
    planted.cookies.insert("__Host-session".to_owned(), "AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    let mut attacker = planted.clone();
    planted.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    let first = planted.cookie("__Host-session").to_owned();
    assert_ne!(first, attacker.cookie("__Host-session"));
    attacker.session().await.signed_out("none");
    planted.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    assert_ne!(planted.cookie("__Host-session"), first);
}

#[tokio::test]
async fn the_largest_user_fits_into_the_cookies() {
    let email = format!("{}@{}.example.com", "a".repeat(64), "b".repeat(60));
    let name = "名".repeat(64);
    for kind in kinds() {
        let app = app_of(&kind, &[]).await;
        let mut browser = app.browser();
        let fields = [("email", email.as_str()), ("password", PASSWORD), ("display_name", name.as_str())];
        let reply = browser.post("/api/register", &fields).await.expect(StatusCode::OK);
        for line in reply.set_cookies() {
            let (pair, _) = line.split_once(';').unwrap();
            assert!(pair.len() < 4096, "{} bytes", pair.len());
        }
        browser.session().await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_proxys_question_renews_nothing_and_sets_no_cookie() {
    for kind in kinds() {
        let app = app_of(&kind, &[]).await;
        let browser = remembered(&app).await;
        app.minutes(2 * DAY);
        let mut request = browser.request(Method::GET, "/auth/verify").header("sec-fetch-user", "?1");
        request.headers_mut().unwrap().insert(header::ACCEPT, "text/html".parse().unwrap());
        let reply = browser.deliver(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{kind:?}");
        let rotates = kind.strategy.rotates();
        reply.expect(if rotates { StatusCode::UNAUTHORIZED } else { StatusCode::OK });
    }
}

#[tokio::test]
async fn a_lock_in_the_row_holds_where_the_row_is_read() {
    // A copy in Redis may be older than the row.
    for kind in kinds().into_iter().filter(|kind| kind.redis.is_none()) {
        let app = app_of(&kind, &[]).await;
        let mut browser = app.signed_in(EMAIL).await;
        app.execute("UPDATE users SET locked_at = 1 WHERE email = 'hanako@example.com'").await;
        browser.refresh().await.signed_out("locked");
    }
}
