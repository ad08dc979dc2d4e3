//! Receivers that are slow, gone, elsewhere or where nothing may be sent: what they can do to others, and to the server.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use sekisho::{
    domain::role::Role,
    server::node::{
        audit_seal,
        webhook_courier::{self, Couriers},
    },
};

use crate::{
    receiver::{ADMIN, EMAIL, Receiver, log, pass, start, subscribe},
    test_app::{Browser, TestApp},
};

/// Sets another address than the desk would take.
async fn lead_to(app: &TestApp, url: &str) {
    app.execute(&format!("UPDATE webhooks SET url = '{url}'")).await;
}

async fn test(admin: &mut Browser, id: &str) {
    admin.post("/api/admin/webhooks/test", &[("webhook_id", id)]).await.expect(StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "it measures how long people wait")]
async fn a_slow_receiver_delays_neither_a_sign_in_nor_another_receiver() {
    let (app, _, mut admin) = start().await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.answers_after(Duration::from_secs(4));
    subscribe(&mut admin, &slow.url(), "session.created").await;
    subscribe(&mut admin, &quick.url(), "session.created").await;
    for _ in 0..9 {
        app.signed_in(EMAIL).await;
    }
    audit_seal::look(&app.state).await.unwrap();
    let began = Instant::now();
    let mut couriers = Couriers::default();
    webhook_courier::look(&app.state, &mut couriers).await.unwrap();
    while quick.got().len() < 9 || slow.got().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(2), "{} of 9", quick.got().len());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    app.signed_in(EMAIL).await.session().await.expect(StatusCode::OK);
    audit_seal::look(&app.state).await.unwrap();
    webhook_courier::look(&app.state, &mut couriers).await.unwrap();
    while quick.got().len() < 10 {
        assert!(began.elapsed() < Duration::from_secs(3), "the next message waits too");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(slow.got().len() <= 4, "no more at once than that");
    couriers.back().await;
    assert_eq!(slow.got().len(), 10, "and all in the end");
}

#[tokio::test]
async fn no_message_goes_where_none_may_go() {
    let app = TestApp::start().await;
    app.user(ADMIN, Role::Admin).await;
    let mut admin = app.signed_in(ADMIN).await;
    let receiver = Receiver::start().await;
    let port = receiver.port();
    let (id, _) = subscribe(&mut admin, &format!("https://localhost:{port}/"), "").await;
    for url in [
        format!("https://localhost:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        "https://10.0.0.1/".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://[fd00::1]/".to_owned(),
        "https://[fe80::1]/".to_owned(),
        "https://100.64.0.1/".to_owned(),
        "https://224.0.0.1/".to_owned(),
    ] {
        lead_to(&app, &url).await;
        test(&mut admin, &id).await;
        pass(&app).await;
        let delivery = log(&mut admin, &id).await.remove(0);
        assert_eq!((&delivery["error"], &delivery["status"]), (&"not_allowed".into(), &().into()), "{url}");
        app.advance(Duration::from_millis(1));
    }
    assert_eq!(receiver.got().len(), 0);
}

#[tokio::test]
async fn a_network_that_is_named_opens_no_other_and_a_name_counts_by_what_it_leads_to() {
    let receiver = Receiver::start().await;
    let by_name = format!("http://localhost:{}/", receiver.port());
    for (network, arrives) in [("10.0.0.0/8", 0), ("127.0.0.0/8,::1", 1)] {
        let app = TestApp::with(&[("webhooks.allow_private", network)]).await;
        app.user(ADMIN, Role::Admin).await;
        let mut admin = app.signed_in(ADMIN).await;
        let (id, _) = subscribe(&mut admin, &by_name, "user.locked").await;
        test(&mut admin, &id).await;
        pass(&app).await;
        assert_eq!(receiver.got().len(), arrives, "{network}");
        let error = log(&mut admin, &id).await[0]["error"].clone();
        assert_eq!(error, if arrives == 0 { "not_allowed".into() } else { serde_json::Value::Null });
    }
    assert_eq!(receiver.got()[0].header("host"), format!("localhost:{}", receiver.port()));
}

#[tokio::test]
async fn each_way_to_fail_is_told_by_its_name() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    let (id, _) = subscribe(&mut admin, &receiver.url(), "").await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (url, error) in [
        (format!("https://127.0.0.1:{}/", receiver.port()), "tls"),
        (format!("http://{free}/"), "connect"),
        ("https://nobody.invalid/".to_owned(), "name"),
    ] {
        lead_to(&app, &url).await;
        test(&mut admin, &id).await;
        pass(&app).await;
        assert_eq!(log(&mut admin, &id).await[0]["error"], error, "{url}");
        app.advance(Duration::from_millis(1));
    }
    assert_eq!(receiver.got().len(), 0);
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_leads_nowhere() {
    let (app, _, mut admin) = start().await;
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = subscribe(&mut admin, &receiver.url(), "session.created").await;
    receiver.says("location", &elsewhere.url());
    for status in [301, 302, 303, 307, 308] {
        receiver.answers(status);
        app.signed_in(EMAIL).await;
        pass(&app).await;
        let delivery = log(&mut admin, &id).await.remove(0);
        assert_eq!((&delivery["status"], &delivery["state"]), (&status.into(), &"pending".into()));
        app.advance(Duration::from_millis(1));
    }
    assert_eq!((receiver.got().len(), elsewhere.got().len()), (5, 0));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "it measures how long a receiver holds the server")]
async fn a_receiver_that_never_stops_talking_is_heard_no_further_than_its_status() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    receiver.answers(200);
    receiver.never_stops();
    let (id, _) = subscribe(&mut admin, &receiver.url(), "").await;
    test(&mut admin, &id).await;
    let began = Instant::now();
    pass(&app).await;
    assert!(began.elapsed() < Duration::from_secs(3));
    assert_eq!(log(&mut admin, &id).await[0]["state"], "delivered");
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_given_up_after_ten_seconds() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    receiver.answers_after(Duration::from_secs(60));
    let (id, _) = subscribe(&mut admin, &receiver.url(), "").await;
    test(&mut admin, &id).await;
    pass(&app).await;
    let delivery = log(&mut admin, &id).await.remove(0);
    assert_eq!(delivery["error"], "timeout");
    assert!((9_900..12_000).contains(&delivery["took_ms"].as_i64().unwrap()), "{delivery}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_is_deleted_while_a_message_is_under_way_is_gone() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    receiver.answers(500);
    receiver.answers_after(Duration::from_millis(500));
    let (id, _) = subscribe(&mut admin, &receiver.url(), "session.created").await;
    app.signed_in(EMAIL).await;
    audit_seal::look(&app.state).await.unwrap();
    let mut couriers = Couriers::default();
    webhook_courier::look(&app.state, &mut couriers).await.unwrap();
    while receiver.got().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    admin.post("/api/admin/webhooks/delete", &[("webhook_id", &id)]).await.expect(StatusCode::OK);
    couriers.back().await;
    assert_eq!(app.number("SELECT COUNT(*) FROM webhook_deliveries").await, 0);
    app.advance(Duration::from_secs(10));
    pass(&app).await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn a_test_is_sent_once_and_tells_at_once_what_came_of_it() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    receiver.answers(503);
    let (id, secret) = subscribe(&mut admin, &receiver.url(), "user.locked").await;
    test(&mut admin, &id).await;
    pass(&app).await;
    app.advance(Duration::from_secs(60));
    pass(&app).await;
    let got = receiver.got();
    assert_eq!((got.len(), got[0].kind(), got[0].is_signed_by(&secret)), (1, "webhook.test".to_owned(), true));
    let delivery = log(&mut admin, &id).await.remove(0);
    assert_eq!((&delivery["state"], &delivery["status"]), (&"failed".into(), &503.into()));
}

#[tokio::test]
async fn what_failed_or_waits_is_sent_again_with_its_id_when_somebody_asks() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    receiver.answers(500);
    let (id, _) = subscribe(&mut admin, &receiver.url(), "session.created").await;
    app.signed_in(EMAIL).await;
    pass(&app).await;
    let delivery = log(&mut admin, &id).await.remove(0)["id"].as_str().unwrap().to_owned();
    let again = [("webhook_id", id.as_str()), ("delivery_id", delivery.as_str())];
    receiver.answers(204);
    for times in 2..=3 {
        admin.post("/api/admin/webhooks/resend", &again).await.expect(StatusCode::OK);
        pass(&app).await;
        let got = receiver.got();
        assert_eq!(got.len(), times);
        assert!(got.iter().all(|one| one.header("webhook-id") == delivery && one.body == got[0].body));
    }
    let other = [("webhook_id", "none"), ("delivery_id", delivery.as_str())];
    admin.post("/api/admin/webhooks/resend", &other).await.refused(StatusCode::NOT_FOUND, "not_found");
}
