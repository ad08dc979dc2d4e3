//! From an act to a receiver: signed, once, in order, over restarts, and again until it is taken.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::{
    domain::role::Role,
    server::{
        flow::cleanup::{self, Tools},
        node::{
            audit_seal,
            webhook_courier::{self, Couriers},
            webhook_outbox::enqueue,
        },
    },
};
use serde_json::Value;

use crate::{
    metrics::told,
    nodes::another,
    receiver::{ADMIN, EMAIL, HERE, Receiver, log, pass, start, subscribe},
    test_app::{PASSWORD, TestApp},
};

const OTHER_SECRET: &str = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";
const HOUR: u64 = 3600;

async fn seconds(app: &TestApp, secs: u64) {
    app.advance(Duration::from_secs(secs));
    pass(app).await;
}

#[tokio::test]
async fn what_happens_arrives_signed_thin_and_in_order() {
    let (app, user, mut admin) = start().await;
    let receiver = Receiver::start().await;
    let (_, secret) = subscribe(&mut admin, &receiver.url(), "").await;
    let mut browser = app.signed_in(EMAIL).await;
    let sid = browser.session_id().await;
    // Of rows of one millisecond none is the first.
    app.advance(Duration::from_millis(1));
    admin.post("/api/admin/lock_user", &[("user_id", &user)]).await.expect(StatusCode::OK);
    pass(&app).await;
    let mut kinds = receiver.kinds();
    kinds.sort();
    assert_eq!(kinds, ["session.created", "user.locked", "user.sessions_ended"]);
    for got in receiver.got() {
        assert!(got.is_signed_by(&secret), "{got:?}");
        assert!(!got.is_signed_by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        assert_eq!(got.header("content-type"), "application/json");
        assert_eq!(got.header("webhook-timestamp"), app.state.clock.now().as_secs().to_string());
        assert_eq!(got.json()["data"]["user_id"], user);
        for private in [EMAIL, "203.0.113.7", "Firefox", PASSWORD] {
            assert!(!got.body.contains(private), "{}", got.body);
        }
    }
    let created = receiver.got().into_iter().find(|got| got.kind() == "session.created").unwrap();
    assert_eq!(created.json()["data"]["session_id"], sid);
    assert_eq!(created.json()["timestamp"], "2026-05-28T20:26:40.000Z");
    let seqs = app.text("SELECT GROUP_CONCAT(event) FROM (SELECT event FROM webhook_deliveries ORDER BY seq, part)");
    if matches!(app.state.db.read(), sekisho::server::store::On::Sqlite(_)) {
        assert_eq!(seqs.await, "session.created,user.locked,user.sessions_ended");
    }
}

#[tokio::test]
async fn only_what_is_subscribed_to_is_sent_and_nothing_from_before() {
    let (app, _, mut admin) = start().await;
    app.signed_in(EMAIL).await;
    audit_seal::look(&app.state).await.unwrap();
    let receiver = Receiver::start().await;
    subscribe(&mut admin, &receiver.url(), "session.ended user.locked").await;
    let mut browser = app.signed_in(EMAIL).await;
    browser.post("/api/logout", &[]).await.expect(StatusCode::OK);
    app.browser().sign_in(EMAIL, "a wrong teapot river").await.expect(StatusCode::UNAUTHORIZED);
    pass(&app).await;
    assert_eq!(receiver.kinds(), ["session.ended"]);
    assert_eq!(app.number("SELECT COUNT(*) FROM webhook_deliveries").await, 1);
    let head = "SELECT COUNT(*) FROM webhooks, audit_chain WHERE name = 'head' AND cursor_seq = seq";
    assert_eq!(app.number(head).await, 1, "the cursor passes over what isn't wanted");
}

#[tokio::test]
async fn a_sign_in_over_another_tells_that_the_former_ended() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    subscribe(&mut admin, &receiver.url(), "session.ended").await;
    let mut browser = app.signed_in(EMAIL).await;
    let former = browser.session_id().await;
    browser.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
    pass(&app).await;
    let data = receiver.got()[0].json()["data"].clone();
    assert_eq!((&data["session_id"], &data["reason"]), (&former.into(), &"signed_out".into()));
}

#[tokio::test]
async fn nothing_is_lost_or_sent_twice_over_restarts() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    subscribe(&mut admin, &receiver.url(), "session.created").await;
    app.signed_in(EMAIL).await;
    let app = app.restart().await;
    audit_seal::look(&app.state).await.unwrap();
    let app = app.restart().await;
    enqueue(&app.state).await.unwrap();
    let app = app.restart().await;
    pass(&app).await;
    assert_eq!(receiver.got().len(), 1);
    let app = app.restart().await;
    pass(&app).await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn an_attempt_that_nobody_told_of_is_made_again_with_the_same_id() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    let (id, _) = subscribe(&mut admin, &receiver.url(), "session.created").await;
    app.signed_in(EMAIL).await;
    audit_seal::look(&app.state).await.unwrap();
    enqueue(&app.state).await.unwrap();
    // As when the process that took the attempt has ended before it could say what became of it.
    let until = app.state.clock.now().0 + 60_000;
    app.execute(&format!("UPDATE webhook_deliveries SET attempts = 1, claimed_until = {until}")).await;
    seconds(&app, 59).await;
    assert_eq!(receiver.got().len(), 0, "it may still be under way");
    seconds(&app, 1).await;
    let delivery = &log(&mut admin, &id).await[0];
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&"delivered".into(), &2.into()));
    assert_eq!(receiver.got()[0].header("webhook-id"), delivery["id"].as_str().unwrap());
}

/// A lease that changes hands leaves a moment in which two go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_read_the_log_at_once_write_each_message_down_once() {
    let (app, _, mut admin) = start().await;
    subscribe(&mut admin, "https://hooks.example.com/", "session.created").await;
    let other = another(&app).await;
    for _ in 0..30 {
        app.signed_in(EMAIL).await;
    }
    audit_seal::look(&app.state).await.unwrap();
    let (first, second) = tokio::join!(enqueue(&app.state), enqueue(&app.state));
    first.and(second).unwrap();
    enqueue(&other).await.unwrap();
    assert_eq!(app.number("SELECT COUNT(*) FROM webhook_deliveries").await, 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_send_at_once_send_each_message_once() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    subscribe(&mut admin, &receiver.url(), "session.created").await;
    for _ in 0..30 {
        app.signed_in(EMAIL).await;
    }
    audit_seal::look(&app.state).await.unwrap();
    enqueue(&app.state).await.unwrap();
    let (mut here, mut there) = (Couriers::default(), Couriers::default());
    let both =
        tokio::join!(webhook_courier::look(&app.state, &mut here), webhook_courier::look(&app.state, &mut there));
    both.0.and(both.1).unwrap();
    tokio::join!(here.back(), there.back());
    let mut ids: Vec<String> = receiver.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), receiver.got().len()), (30, 30));
}

#[tokio::test]
async fn a_node_that_does_not_hold_the_schedule_sends_nothing() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    subscribe(&mut admin, &receiver.url(), "").await;
    let other = another(&app).await;
    for node in [&app.state, &other] {
        sekisho::server::node::nodes::attend(node).await.unwrap();
    }
    app.signed_in(EMAIL).await;
    audit_seal::look(&app.state).await.unwrap();
    app.execute(&format!("UPDATE leases SET holder = '{}'", app.state.nodes.id())).await;
    app.execute(&format!(
        "INSERT INTO nodes (id, beat, applied, started_at) VALUES ('{}', 1, 0, 0) ON CONFLICT (id) DO NOTHING",
        app.state.nodes.id()
    ))
    .await;
    let mut couriers = Couriers::default();
    webhook_courier::look(&other, &mut couriers).await.unwrap();
    couriers.back().await;
    assert_eq!(receiver.got().len(), 0);
    pass(&app).await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn what_is_not_taken_is_tried_ten_times_over_days_with_one_id_and_then_the_webhook_is_switched_off() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    receiver.answers(500);
    let (id, secret) = subscribe(&mut admin, &receiver.url(), "session.created").await;
    app.signed_in(EMAIL).await;
    let began = app.state.clock.now();
    pass(&app).await;
    let delivery = log(&mut admin, &id).await.remove(0);
    assert_eq!((&delivery["state"], &delivery["status"]), (&"pending".into(), &500.into()));
    let pause = delivery["next_at"].as_i64().unwrap() - began.0;
    assert!((5_000..=5_500).contains(&pause), "{pause}");
    for (attempt, pause) in [5, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR].iter().enumerate() {
        seconds(&app, pause - 1).await;
        assert_eq!(receiver.got().len(), attempt + 1, "too early");
        seconds(&app, pause / 10 + 2).await;
        assert_eq!(receiver.got().len(), attempt + 2);
    }
    assert_eq!(app.audit("webhook_disable").await, 0);
    seconds(&app, 27 * HOUR).await;
    let got = receiver.got();
    assert_eq!(got.len(), 10);
    assert!(got.iter().all(|one| one.header("webhook-id") == got[0].header("webhook-id") && one.is_signed_by(&secret)));
    assert_ne!(got[0].header("webhook-signature"), got[9].header("webhook-signature"), "each at its own time");
    let mut admin = app.signed_in(ADMIN).await;
    let told = admin.get("/api/admin/webhooks").await.json()["items"][0].clone();
    assert_eq!((&told["enabled"], &told["disabled_reason"]), (&false.into(), &"failing".into()));
    assert_eq!(log(&mut admin, &id).await[0]["state"], "failed");
    assert_eq!(app.audit("webhook_disable").await, 1);
    seconds(&app, 100 * HOUR).await;
    assert_eq!(receiver.got().len(), 10);
}

#[tokio::test]
async fn a_webhook_that_took_anything_meanwhile_stays_on() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    receiver.answers(500);
    subscribe(&mut admin, &receiver.url(), "session.created").await;
    app.signed_in(EMAIL).await;
    pass(&app).await;
    receiver.answers(200);
    app.signed_in(EMAIL).await;
    pass(&app).await;
    receiver.answers(500);
    app.execute("UPDATE webhook_deliveries SET attempts = 9 WHERE state = 'pending'").await;
    seconds(&app, 6).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'failed'").await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM webhooks WHERE enabled").await, 1);
}

#[tokio::test]
async fn a_receiver_is_left_alone_for_as_long_as_it_asks() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    receiver.answers(429);
    receiver.says("retry-after", "120");
    subscribe(&mut admin, &receiver.url(), "session.created").await;
    app.signed_in(EMAIL).await;
    pass(&app).await;
    seconds(&app, 119).await;
    assert_eq!(receiver.got().len(), 1);
    seconds(&app, 1).await;
    assert_eq!(receiver.got().len(), 2);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_nothing_more_until_it_is_switched_on_and_then_only_what_is_new() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    receiver.answers(410);
    let (id, _) = subscribe(&mut admin, &receiver.url(), "session.created").await;
    app.signed_in(EMAIL).await;
    pass(&app).await;
    receiver.answers(204);
    app.signed_in(EMAIL).await;
    seconds(&app, 60).await;
    assert_eq!(receiver.got().len(), 1);
    let told = admin.get("/api/admin/webhooks").await.json()["items"][0].clone();
    assert_eq!((&told["enabled"], &told["disabled_reason"]), (&false.into(), &"gone".into()));
    let on = [("webhook_id", id.as_str()), ("enabled", "true")];
    admin.post("/api/admin/webhooks/switch", &on).await.expect(StatusCode::OK);
    let told = admin.get("/api/admin/webhooks").await.json()["items"][0].clone();
    assert_eq!((&told["enabled"], &told["disabled_reason"]), (&true.into(), &Value::Null));
    let last = app.signed_in(EMAIL).await.session_id().await;
    pass(&app).await;
    let got = receiver.got();
    assert_eq!((got.len(), &got[1].json()["data"]["session_id"]), (2, &last.into()));
}

#[tokio::test]
async fn while_a_secret_gives_its_place_to_another_both_sign() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    let (id, former) = subscribe(&mut admin, &receiver.url(), "session.created").await;
    let rotated = admin.post("/api/admin/webhooks/rotate", &[("webhook_id", &id)]).await.expect(StatusCode::OK).json();
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(new, former);
    for (wait, both) in [(0, true), (24 * HOUR - 1, true), (1, false)] {
        app.advance(Duration::from_secs(wait));
        app.signed_in(EMAIL).await;
        pass(&app).await;
        let got = receiver.got().pop().unwrap();
        assert!(got.is_signed_by(new));
        assert_eq!(got.is_signed_by(&former), both, "{wait}");
        assert_eq!(got.header("webhook-signature").split(' ').count(), if both { 2 } else { 1 });
    }
    assert_eq!(receiver.got().len(), 3);
}

#[tokio::test]
async fn another_auth_secret_leaves_the_secrets_of_webhooks_as_they_are() {
    const SECRET: &str = "aQYd6PcMf1JbGu0oEaVi7DkRt5xAhT2vK9sWq8ZrXn4=";
    let app = TestApp::with(&[HERE, ("auth_secret", SECRET)]).await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let receiver = Receiver::start().await;
    let mut admin = app.signed_in(ADMIN).await;
    let (id, former) = subscribe(&mut admin, &receiver.url(), "session.created").await;
    let rotated = admin.post("/api/admin/webhooks/rotate", &[("webhook_id", &id)]).await.expect(StatusCode::OK).json();
    let app = app.restart_with(&[("auth_secret", OTHER_SECRET), ("auth_secret_previous", SECRET)]).await;
    let app = app.restart_with(&[("auth_secret", OTHER_SECRET), ("auth_secret_previous", "")]).await;
    app.signed_in(EMAIL).await;
    pass(&app).await;
    let got = receiver.got().pop().unwrap();
    assert!(got.is_signed_by(&former) && got.is_signed_by(rotated["secret"].as_str().unwrap()));
}

#[tokio::test]
async fn deliveries_go_after_thirty_days_and_what_was_sent_is_counted() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    subscribe(&mut admin, &receiver.url(), "session.created").await;
    app.signed_in(EMAIL).await;
    pass(&app).await;
    receiver.answers(500);
    app.signed_in(EMAIL).await;
    pass(&app).await;
    let counted = told(&app).await;
    for line in [
        "sekisho_webhook_attempts_total{outcome=\"delivered\"} 1",
        "sekisho_webhook_attempts_total{outcome=\"pending\"} 1",
        "sekisho_webhooks_waiting 1",
    ] {
        assert!(counted.lines().any(|told| told == line), "{line} in\n{counted}");
    }
    let clean_up = async || cleanup::clean_up(&Tools::of(&app.state), "test").await.unwrap().rows["webhook_deliveries"];
    app.minutes(30 * 24 * 60 - 1);
    assert_eq!(clean_up().await, 0);
    app.minutes(1);
    assert_eq!(clean_up().await, 2);
}
