//! Replacement: after a change of the password, the sign-out of the others or a step-up, what was held before buys nothing,
//! and a credential that lasts goes to nobody who didn't present one.

use std::{collections::BTreeSet, time::Duration};

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use leptos::server_fn::axum::server_fn_paths;
use sekisho::domain::{role::Role, strategy::Strategy};

use crate::{
    conformance::{ADMIN, EMAIL, Kind, REPLACED, app_of, promising},
    test_app::{Browser, PASSWORD, Reply, TestApp},
};

type Fields = &'static [(&'static str, &'static str)];

/// What replaces a credential.
const ACTS: [(&str, Fields); 3] = [
    ("/api/step_up", &[("password", PASSWORD)]),
    ("/api/devices/revoke_others", &[]),
    ("/api/password/change", &[("current_password", PASSWORD), ("new_password", "quite another teapot 7")]),
];

/// Without an idle end, and long enough after the sign-in that its proof has grown old.
async fn start(kind: &Kind) -> (TestApp, String, Browser) {
    let app = app_of(kind, &[("session.idle_timeout", "0")]).await;
    let id = app.text(&format!("SELECT id FROM users WHERE email = '{EMAIL}'")).await;
    let mut admin = app.signed_in(ADMIN).await;
    app.minutes(11);
    if kind.strategy.rotates() {
        admin.refresh().await.expect(StatusCode::OK);
    }
    admin.session().await.expect(StatusCode::OK);
    app.settle().await;
    app.advance(Duration::from_secs(30));
    (app, id, admin)
}

fn kinds_and_acts() -> impl Iterator<Item = (Kind, (&'static str, Fields))> {
    promising(REPLACED).into_iter().flat_map(|kind| ACTS.map(|act| (kind.clone(), act)))
}

/// A cookie that is set, and is one that lasts.
fn gives_what_lasts(reply: &Reply) -> bool {
    reply.set_cookies().iter().any(|line| {
        ["__Host-refresh=", "__Host-session="].iter().any(|name| line.starts_with(name) && !line.contains("Max-Age=0"))
    })
}

#[track_caller]
fn bought_nothing(reply: &Reply, what: &str) {
    assert!([StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&reply.status), "{what}: {}", reply.status);
    assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{what}");
}

#[tokio::test]
async fn a_copy_that_is_tried_each_second_buys_nothing_from_the_replacement_on() {
    for (kind, (act, fields)) in kinds_and_acts() {
        let (app, id, mut admin) = start(&kind).await;
        let mut copy = admin.clone();
        for _ in 0..3 {
            copy.session().await.expect(StatusCode::OK);
            app.advance(Duration::from_secs(1));
        }
        admin.post(act, fields).await.expect(StatusCode::OK);
        admin.session().await.expect(StatusCode::OK);
        app.settle().await;
        for second in 0..60 {
            let what = format!("{act} {kind:?} after {second} s");
            for path in ["/api/session", "/auth/verify", "/api/devices"] {
                bought_nothing(&copy.get(path).await, &what);
            }
            bought_nothing(&copy.post("/api/admin/lock_user", &[("user_id", &id)]).await, &what);
            bought_nothing(&copy.refresh().await, &what);
            if second < 19 {
                admin.session().await.expect(StatusCode::OK);
            }
            app.advance(Duration::from_secs(1));
        }
    }
}

#[tokio::test]
async fn a_request_under_way_is_told_to_come_again_and_what_the_jar_holds_by_then_is_good() {
    for (kind, (act, fields)) in kinds_and_acts() {
        let (app, _, mut admin) = start(&kind).await;
        let mut tab = admin.clone();
        admin.post(act, fields).await.expect(StatusCode::OK);
        admin.session().await.expect(StatusCode::OK);
        app.settle().await;
        app.advance(Duration::from_secs(19));
        for reply in [tab.session().await, tab.refresh().await, tab.post("/api/touch", &[]).await] {
            let reply = reply.refused(StatusCode::UNAUTHORIZED, "renew");
            assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{act} {kind:?}");
        }
        let page = tab.page("/settings/devices?a=b").await.expect(StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(page.headers[header::LOCATION], "http://localhost:3000/settings/devices?a=b");
        assert_eq!(page.set_cookies(), Vec::<String>::new());
        tab.cookies = admin.cookies.clone();
        tab.refresh().await.expect(StatusCode::OK);
        tab.page("/settings/devices").await.expect(StatusCode::OK);
        assert_eq!(app.audit("refresh_reuse").await, 0);
    }
}

#[tokio::test]
async fn a_page_at_a_path_of_two_slashes_is_led_to_no_other_site() {
    let (app, _, mut admin) = start(&Kind { strategy: Strategy::Hybrid, redis: None }).await;
    let mut tab = admin.clone();
    admin.post("/api/devices/revoke_others", &[]).await.expect(StatusCode::OK);
    let reply = tab.page("//evil.example/x").await.expect(StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(reply.headers[header::LOCATION], "http://localhost:3000//evil.example/x");
    drop(app);
}

#[tokio::test]
async fn a_lost_reply_of_the_act_signs_nobody_else_out_and_is_no_reuse() {
    for (kind, (act, fields)) in kinds_and_acts() {
        let (app, _, mut admin) = start(&kind).await;
        let mut user = app.signed_in(EMAIL).await;
        let mut other = app.signed_in(ADMIN).await;
        let reply = admin.deliver(admin.form(act, fields)).await.expect(StatusCode::OK);
        drop(reply);
        admin.refresh().await.refused(StatusCode::UNAUTHORIZED, "renew");
        app.advance(Duration::from_secs(21));
        admin.refresh().await.signed_out("none");
        assert_eq!(app.audit("refresh_reuse").await, 0, "{act} {kind:?}");
        user.session().await.expect(StatusCode::OK);
        if act == "/api/step_up" {
            other.refresh().await.expect(StatusCode::OK);
            other.session().await.expect(StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn a_copy_that_comes_late_is_found_out_once_the_replacement_is_in_use() {
    for (kind, (act, fields)) in kinds_and_acts() {
        let (app, _, mut admin) = start(&kind).await;
        let mut copy = admin.clone();
        admin.post(act, fields).await.expect(StatusCode::OK);
        admin.session().await.expect(StatusCode::OK);
        app.settle().await;
        app.advance(Duration::from_secs(21));
        copy.refresh().await.signed_out("reuse");
        admin.session().await.signed_out("reuse");
        assert_eq!(app.number("SELECT COUNT(*) FROM alarms").await, 1, "{act} {kind:?}");
    }
}

/// Who presents an access token alone.
fn with_access_alone(browser: &Browser, bearer: bool) -> Browser {
    let mut alone = browser.clone();
    alone.cookies.clear();
    if !bearer {
        alone.cookies.insert("__Host-access".to_owned(), browser.cookie("__Host-access").to_owned());
    }
    alone
}

/// As a script and as a form ask.
async fn ask(alone: &Browser, (method, path): (&Method, &str), fields: Fields, token: Option<&str>) -> [Reply; 2] {
    let mut replies = Vec::new();
    for accept in ["application/json", "text/html"] {
        let mut request = match *method {
            Method::GET => alone.request(Method::GET, path).body(Body::empty()).unwrap(),
            _ => alone.form(path, fields),
        };
        request.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
        if let Some(token) = token {
            request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        replies.push(alone.deliver(request).await);
    }
    replies.try_into().unwrap()
}

#[tokio::test]
async fn an_access_token_alone_buys_nothing_that_lasts_at_any_endpoint() {
    let app = TestApp::start().await;
    let functions = server_fn_paths().map(|(path, method)| (path.to_owned(), method.to_string()));
    let others =
        ["/auth/verify", "/events", "/settings/devices", "/login"].map(|path| (path.to_owned(), "GET".to_owned()));
    let all: BTreeSet<(String, String)> = functions.chain(others).collect();
    for (n, (path, method)) in all.iter().enumerate().filter(|(_, (path, _))| path != "/events") {
        let email = format!("admin{n}@example.com");
        app.user(&email, Role::Admin).await;
        for bearer in [false, true] {
            let admin = app.signed_in(&email).await;
            let alone = with_access_alone(&admin, bearer);
            let token = bearer.then(|| admin.cookie("__Host-access"));
            let fields = ACTS.iter().find(|(act, _)| act == path).map_or(&[][..], |(_, fields)| *fields);
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let [script, form] = ask(&alone, (&method, path), fields, token).await;
            for reply in [&script, &form] {
                assert!(!gives_what_lasts(reply), "{method} {path} bearer: {bearer}: {:?}", reply.set_cookies());
            }
            if ACTS.iter().any(|(act, _)| act == path) {
                script.expect(StatusCode::OK);
                break; // the password may be another now
            }
        }
    }
}

#[tokio::test]
async fn an_access_token_alone_is_given_an_access_token_by_what_replaces_the_credential() {
    for (act, fields) in ACTS {
        for bearer in [false, true] {
            let app = app_of(&Kind { strategy: Strategy::Hybrid, redis: None }, &[]).await;
            let admin = app.signed_in(ADMIN).await;
            let mut alone = with_access_alone(&admin, bearer);
            let token = bearer.then(|| admin.cookie("__Host-access"));
            let mut request = alone.form(act, fields);
            if let Some(token) = token {
                request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
            }
            let reply = alone.send(request).await.expect(StatusCode::OK);
            assert!(!gives_what_lasts(&reply), "{act} bearer: {bearer}");
            alone.session().await.expect(StatusCode::OK);
        }
    }
}

/// A refresh token that was rotated long ago is genuine, and still none that would be exchanged.
#[tokio::test]
async fn an_old_refresh_token_beside_an_access_token_counts_as_none() {
    let app = app_of(&Kind { strategy: Strategy::Hybrid, redis: None }, &[]).await;
    let mut admin = app.signed_in(ADMIN).await;
    let old = admin.cookie("__Host-refresh").to_owned();
    for _ in 0..2 {
        admin.refresh().await.expect(StatusCode::OK);
        app.advance(Duration::from_secs(30));
    }
    admin.cookies.insert("__Host-refresh".to_owned(), old);
    let reply = admin.post("/api/devices/revoke_others", &[]).await.expect(StatusCode::OK);
    assert!(!gives_what_lasts(&reply));
}

#[tokio::test]
async fn a_refresh_token_that_somebody_made_beside_an_access_token_counts_as_none() {
    let app = app_of(&Kind { strategy: Strategy::Hybrid, redis: None }, &[]).await;
    let mut admin = app.signed_in(ADMIN).await;
    let genuine = admin.cookie("__Host-refresh");
    // The last bytes are of the MAC; the session and the generation before them are its own.
    let (rest, mac) = genuine.split_at(genuine.len() - 8);
    let made = format!("{rest}{}", if mac == "AAAAAAAA" { "BBBBBBBA" } else { "AAAAAAAA" });
    admin.cookies.insert("__Host-refresh".to_owned(), made);
    let reply = admin.post("/api/devices/revoke_others", &[]).await.expect(StatusCode::OK);
    assert!(!gives_what_lasts(&reply));
}

#[tokio::test]
async fn under_jwt_a_copy_from_before_a_changed_password_is_never_renewed() {
    let (_app, _, mut admin) = start(&Kind { strategy: Strategy::Jwt, redis: None }).await;
    let mut copy = admin.clone();
    let (change, fields) = ACTS[2];
    admin.post(change, fields).await.expect(StatusCode::OK);
    copy.refresh().await.expect(StatusCode::UNAUTHORIZED);
    admin.refresh().await.expect(StatusCode::OK);
}

/// Nothing is kept of it, so it lives on; but it never has the proof.
#[tokio::test]
async fn under_jwt_a_copy_from_before_a_step_up_never_has_its_proof() {
    let (app, id, mut admin) = start(&Kind { strategy: Strategy::Jwt, redis: None }).await;
    let mut copy = admin.clone();
    admin.post("/api/step_up", &[("password", PASSWORD)]).await.expect(StatusCode::OK);
    for _ in 0..60 {
        copy.post("/api/admin/lock_user", &[("user_id", &id)]).await.refused(StatusCode::FORBIDDEN, "step_up_required");
        app.advance(Duration::from_secs(1));
    }
    app.minutes(24 * 60);
    copy.refresh().await.expect(StatusCode::OK);
    copy.post("/api/admin/lock_user", &[("user_id", &id)]).await.refused(StatusCode::FORBIDDEN, "step_up_required");
}

#[tokio::test]
async fn a_voucher_from_before_a_step_up_buys_nothing_beside_the_one_from_after() {
    for to in ["hybrid", "database"] {
        let (app, _, mut admin) = start(&Kind { strategy: Strategy::Jwt, redis: None }).await;
        let mut copy = admin.clone();
        admin.post("/api/step_up", &[("password", PASSWORD)]).await.expect(StatusCode::OK);
        let app = app.restart_with(&[("session.strategy", to)]).await;
        (admin.router, copy.router) = (app.router.clone(), app.router.clone());
        admin.page("/settings/devices").await.expect(StatusCode::OK);
        admin.session().await.expect(StatusCode::OK);
        app.settle().await;
        for second in 0..20 {
            bought_nothing(&copy.session().await, &format!("{to} {second}"));
            app.advance(Duration::from_secs(1));
        }
        admin.session().await.expect(StatusCode::OK);
    }
}
