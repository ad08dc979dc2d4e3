//! Webhooks at the desk: who may, what is refused, that a secret is told once, and what is written down.

use axum::http::{StatusCode, header};
use sekisho::{
    domain::{audit::Event, ids::UserId, role::Role},
    server::{
        flow::{
            accounts::By,
            webhook_acts::{self, Change},
        },
        store::audit::Entry,
    },
};
use serde_json::{Value, json};

use crate::{
    receiver::{ADMIN, EMAIL, Receiver, pass, start, subscribe},
    test_app::{Browser, PASSWORD, TestApp},
};

const URL: &str = "https://hooks.example.com/a-path-that-is-secret";
const ACTS: [&str; 7] = ["create", "update", "switch", "delete", "rotate", "test", "resend"];

async fn act(browser: &mut Browser, act: &str, fields: &[(&str, &str)]) -> crate::test_app::Reply {
    browser.post(&format!("/api/admin/webhooks/{act}"), fields).await
}

async fn items(admin: &mut Browser) -> Vec<Value> {
    admin.get("/api/admin/webhooks").await.expect(StatusCode::OK).json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn webhooks_are_seen_and_managed_by_admins_only() {
    let (app, _, mut admin) = start().await;
    app.user("support@example.com", Role::Support).await;
    let (id, _) = subscribe(&mut admin, URL, "").await;
    let support = app.signed_in("support@example.com").await;
    let people = [app.browser(), app.signed_in(EMAIL).await, support];
    let fields = [("webhook_id", id.as_str()), ("url", URL), ("enabled", "false"), ("delivery_id", "x")];
    for (mut person, status) in people.into_iter().zip([401, 403, 403]) {
        for path in ["/api/admin/webhooks".to_owned(), format!("/api/admin/webhook?webhook_id={id}")] {
            assert_eq!(person.get(&path).await.status.as_u16(), status, "{path}");
        }
        for one in ACTS {
            let reply = act(&mut person, one, &fields).await;
            assert_eq!(reply.status.as_u16(), status, "{one}: {}", reply.text);
        }
    }
    assert_eq!(items(&mut admin).await[0]["enabled"], true);
    assert_eq!(app.number("SELECT COUNT(*) FROM webhooks").await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM audit WHERE action LIKE 'webhook_%'").await, 1);
}

#[tokio::test]
async fn what_changes_a_webhook_or_sends_something_asks_for_a_recent_proof() {
    let (app, _, mut admin) = start().await;
    let (id, _) = subscribe(&mut admin, URL, "").await;
    app.minutes(11);
    admin.refresh().await.expect(StatusCode::OK);
    let fields = [("webhook_id", id.as_str()), ("url", URL), ("enabled", "false"), ("delivery_id", "x")];
    for one in ACTS {
        act(&mut admin, one, &fields).await.refused(StatusCode::FORBIDDEN, "step_up_required");
    }
    assert_eq!(items(&mut admin).await[0]["enabled"], true, "to look needs none");
    admin.post("/api/step_up", &[("password", PASSWORD)]).await.expect(StatusCode::OK);
    act(&mut admin, "switch", &fields).await.expect(StatusCode::OK);
    assert_eq!(items(&mut admin).await[0]["enabled"], false);
}

/// As when the demotion was committed between the look at the token and the act.
#[tokio::test]
async fn who_was_demoted_a_moment_ago_changes_nothing_more() {
    let (app, _, mut admin) = start().await;
    let (id, _) = subscribe(&mut admin, URL, "").await;
    let former = app.user("former@example.com", Role::Support).await;
    let now = app.state.clock.now();
    let entry = Entry::of_system(app.state.rng.uuid(now), now, Event::WebhookDelete);
    let by = By { entry: Entry { actor: UserId::parse(&former), ..entry }, detail: json!({}), last_end: now };
    let deletion = app.state.db.write(move |tx| Box::pin(async move { webhook_acts::delete(tx, by, &id).await }));
    assert_eq!(deletion.await.unwrap(), Change::NotAllowed);
    assert_eq!(items(&mut admin).await.len(), 1);
}

#[tokio::test]
async fn a_secret_is_told_once_and_stands_nowhere() {
    let (app, _, mut admin) = start().await;
    let (id, first) = subscribe(&mut admin, URL, "").await;
    let second = act(&mut admin, "rotate", &[("webhook_id", &id)]).await.json()["secret"].as_str().unwrap().to_owned();
    pass(&app).await;
    let mut told = String::new();
    for path in ["/api/admin/webhooks", "/api/admin/audit", "/api/admin/audit/export"] {
        told += &admin.get(path).await.expect(StatusCode::OK).text;
    }
    told += &admin.get(&format!("/api/admin/webhook?webhook_id={id}")).await.text;
    for page in ["/admin/webhooks".to_owned(), format!("/admin/webhooks/{id}")] {
        told += &admin.page(&page).await.text;
    }
    assert!(told.contains(&id));
    for secret in [&first, &second] {
        assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
        assert!(!told.contains(&secret[6..]));
        let text = if matches!(app.state.db.read(), sekisho::server::store::On::Sqlite(_)) {
            "SELECT HEX(secret) || HEX(former_secret) FROM webhooks"
        } else {
            "SELECT UPPER(ENCODE(secret, 'hex') || ENCODE(former_secret, 'hex')) FROM webhooks"
        };
        let raw = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, &secret[6..]).unwrap();
        let hex = raw.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02X}"));
        assert!(!app.text(text).await.contains(&hex));
    }
}

#[tokio::test]
async fn without_scripts_the_page_that_follows_shows_a_secret_once_and_only_to_who_asked() {
    let (app, _, mut admin) = start().await;
    let mut colleague = app.signed_in(ADMIN).await;
    let mut submit = async |act: &str, fields: &[(&str, &str)]| {
        let mut request = admin.form(&format!("/api/admin/webhooks/{act}"), fields);
        request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        let reply = admin.send(request).await.expect(StatusCode::SEE_OTHER);
        assert!(!reply.text.contains("whsec_"), "{}", reply.text);
        let page = reply.headers[header::LOCATION].to_str().unwrap().to_owned();
        assert!(!colleague.page(&page).await.expect(StatusCode::OK).text.contains("whsec_"));
        let shows = admin.page(&page).await.expect(StatusCode::OK).text.contains("<code class=\"once__value\">whsec_");
        (page.clone(), shows, admin.page(&page).await.text.contains("whsec_"))
    };
    let (page, first, again) = submit("create", &[("url", URL), ("page", "/admin/webhooks")]).await;
    assert!(page.starts_with("/admin/webhooks/") && first && !again, "{page} {first} {again}");
    let id = page.trim_start_matches("/admin/webhooks/").to_owned();
    let (rotated, first, again) = submit("rotate", &[("webhook_id", &id), ("page", &page)]).await;
    assert_eq!((rotated, first, again), (page, true, false));
}

#[tokio::test]
async fn what_can_not_be_is_refused_with_its_field_and_reason() {
    let app = TestApp::start().await;
    app.user(ADMIN, Role::Admin).await;
    let mut admin = app.signed_in(ADMIN).await;
    let long = "a".repeat(201);
    for (url, events, description, refused) in [
        ("", "", "", ("url", "malformed")),
        ("hooks.example.com", "", "", ("url", "malformed")),
        ("http://hooks.example.com", "", "", ("url", "https_only")),
        ("https://user:pw@example.com", "", "", ("url", "userinfo")),
        ("https://127.0.0.1/", "", "", ("url", "private_address")),
        ("https://[::1]/", "", "", ("url", "private_address")),
        ("https://169.254.169.254/", "", "", ("url", "private_address")),
        (URL, "user.exploded", "", ("events", "unknown")),
        (URL, "", long.as_str(), ("description", "too_long")),
    ] {
        let fields = [("url", url), ("events", events), ("description", description)];
        let reply = act(&mut admin, "create", &fields).await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
        let told = reply.json();
        assert_eq!((told["field"].as_str().unwrap(), told["reason"].as_str().unwrap()), refused, "{url}");
    }
    assert_eq!(app.audit("webhook_create").await, 0);
    for one in ["update", "switch", "delete", "rotate", "test", "resend"] {
        for id in ["", "none", "a\0b", "0192a5c0-7d3e-7b21-9f00-0123456789ab"] {
            let fields = [("webhook_id", id), ("url", URL), ("enabled", "true"), ("delivery_id", id)];
            act(&mut admin, one, &fields).await.refused(StatusCode::NOT_FOUND, "not_found");
        }
    }
}

#[tokio::test]
async fn types_are_chosen_by_boxes_or_in_words_and_none_is_all() {
    let (_app, _, mut admin) = start().await;
    let both = json!(["session.ended", "user.locked"]);
    let (id, _) = subscribe(&mut admin, URL, "user.locked session.ended").await;
    assert_eq!(items(&mut admin).await[0]["events"], both);
    for (fields, expected) in [
        (vec![("events[]", "user.deleted"), ("events[]", "user.locked")], json!(["user.deleted", "user.locked"])),
        (vec![("events[]", "user.locked")], json!(["user.locked"])),
        (vec![("events[0]", "user.locked"), ("events[1]", "session.ended")], both),
        (vec![], json!([])),
    ] {
        let fields = [vec![("webhook_id", id.as_str()), ("url", URL)], fields].concat();
        act(&mut admin, "update", &fields).await.expect(StatusCode::OK);
        assert_eq!(items(&mut admin).await[0]["events"], expected);
    }
}

#[tokio::test]
async fn each_act_is_written_down_with_its_webhook_and_no_more_of_the_address_than_the_host() {
    let (app, _, mut admin) = start().await;
    let receiver = Receiver::start().await;
    let (id, _) = subscribe(&mut admin, &format!("{}?token=hunter2", receiver.url()), "").await;
    let other = format!("{}?token=hunter3", receiver.url());
    let fields = [("webhook_id", id.as_str()), ("url", other.as_str()), ("description", "ours")];
    for changed in [true, false] {
        assert_eq!(act(&mut admin, "update", &fields).await.json()["changed"], changed);
    }
    for one in ["test", "rotate"] {
        act(&mut admin, one, &fields).await.expect(StatusCode::OK);
    }
    for changed in [true, false] {
        let off = [("webhook_id", id.as_str()), ("enabled", "false")];
        assert_eq!(act(&mut admin, "switch", &off).await.json()["changed"], changed);
    }
    act(&mut admin, "test", &fields).await.refused(StatusCode::CONFLICT, "conflict");
    act(&mut admin, "delete", &fields).await.expect(StatusCode::OK);
    for (action, times) in [
        ("webhook_create", 1),
        ("webhook_update", 2),
        ("webhook_send", 1),
        ("webhook_rotate", 1),
        ("webhook_delete", 1),
    ] {
        assert_eq!(app.audit(action).await, times, "{action}");
    }
    let mut export = admin.get("/api/admin/audit/export").await.expect(StatusCode::OK).text;
    export.retain(|char| char != '\\');
    let rows = export.lines().filter(|row| row.contains("\"webhook_") && row.contains("127.0.0.1"));
    assert_eq!(rows.filter(|row| row.contains(&id)).count(), 6);
    assert!(!export.contains("hunter") && !export.contains("/hook"));
}

#[tokio::test]
async fn there_are_fifty_webhooks_and_no_more() {
    let (app, _, mut admin) = start().await;
    for _ in 0..webhook_acts::MOST {
        subscribe(&mut admin, URL, "").await;
    }
    act(&mut admin, "create", &[("url", URL)]).await.refused(StatusCode::CONFLICT, "conflict");
    assert_eq!(app.number("SELECT COUNT(*) FROM webhooks").await, 50);
}
