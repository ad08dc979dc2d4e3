//! The audit log is looked through by filters, a page at a time, and taken out under the same filters; each of them finds
//! its rows by an index.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use sekisho::{
    domain::{role::Role, time::Timestamp},
    server::store::{
        On,
        audit::{BY_ACTION, BY_ACTOR, BY_ANYONE, BY_REFUSAL, BY_REFUSED_ACTION, BY_SESSION, BY_TARGET, BY_TIME},
    },
};
use serde_json::Value;

use crate::{
    cleanup::plan,
    test_app::{Browser, Reply, TestApp},
};

const ADMIN: &str = "admin@example.com";
const EXPORT: &str = "/api/admin/audit/export";
const DAY: i64 = 86_400_000;

/// A log of three days in which every filter has something to find and something to leave, and its admin.
async fn log(many: i64) -> (TestApp, Browser, [String; 2]) {
    let app = TestApp::start().await;
    app.user(ADMIN, Role::Admin).await;
    let users = [app.user("a@example.com", Role::User).await, app.user("b@example.com", Role::User).await];
    let start = app.state.clock.now().0.div_euclid(DAY) * DAY - 3 * DAY;
    let (one, two) = (&users[0], &users[1]);
    let session = |at: i64| format!("'00000000-0000-7000-8000-00000000000{}'", at % 4);
    let mut rows = Vec::new();
    for at in 0..many {
        let time = start + at * (3 * DAY / many);
        let id = app.state.rng.uuid(Timestamp(time));
        let action = ["sign_in", "kick_user", "register"][usize::try_from(at % 3).unwrap()];
        let outcome = if at % 5 == 0 { "refused" } else { "done" };
        let actor =
            ["NULL".to_owned(), format!("'{one}'"), format!("'{two}'")][usize::try_from(at % 7 % 3).unwrap()].clone();
        let target = [format!("'{one}'"), format!("'{two}'")][usize::try_from(at % 2).unwrap()].clone();
        rows.push(format!("('{id}', {time}, '{action}', '{outcome}', {actor}, {target}, {})", session(at)));
    }
    for rows in rows.chunks(200) {
        let values = rows.join(", ");
        app.execute(&format!(
            "INSERT INTO audit (id, at, action, outcome, actor_id, target_id, session_id) VALUES {values}"
        ))
        .await;
    }
    let admin = app.signed_in(ADMIN).await;
    (app, admin, users)
}

fn address(path: &str, filter: &[(&str, &str)], more: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(filter).extend_pairs(more).finish();
    format!("{path}?{query}")
}

/// All pages of a list.
async fn all(admin: &mut Browser, filter: &[(&str, &str)], limit: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let more = [("limit", limit), ("cursor", cursor.as_str())];
        let page = admin.get(&address("/api/admin/audit", filter, &more)).await.expect(StatusCode::OK).json();
        rows.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return rows,
        }
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn day(at: i64) -> String {
    jiff(at).split('T').next().unwrap().to_owned()
}

fn jiff(at: i64) -> String {
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(at.unsigned_abs());
    humantime::format_rfc3339_millis(at).to_string()
}

/// Whether a row is meant, judged without the server.
fn admits(row: &Value, (name, value): (&str, &str), users: &[String; 2]) -> bool {
    let id = |email: &str| match email {
        "a@example.com" => users[0].clone(),
        "b@example.com" => users[1].clone(),
        other => other.to_owned(),
    };
    let is = |field: &str| row[field].as_str().is_some_and(|text| text == value || id(text) == id(value));
    match name {
        "query" => ["action", "actor", "target", "session_id"].into_iter().any(is),
        "session" => is("session_id"),
        "from" => jiff(row["at"].as_i64().unwrap()).as_str() >= value,
        "to" if value.contains('T') => jiff(row["at"].as_i64().unwrap()).as_str() < value,
        "to" => day(row["at"].as_i64().unwrap()).as_str() <= value,
        field => is(field),
    }
}

#[tokio::test]
async fn every_filter_and_all_of_them_together_find_what_they_say_page_by_page() {
    let (app, mut admin, users) = log(120).await;
    let everything = all(&mut admin, &[], "100").await;
    assert_eq!(everything.len(), 120 + 4, "and three accounts and a sign-in");
    let middle = app.state.clock.now().0.div_euclid(DAY) * DAY - 2 * DAY + 3_600_000;
    let (from, to, instant) = (day(middle), day(middle), jiff(middle));
    let session = "00000000-0000-7000-8000-000000000001";
    let single = [
        ("query", "kick_user"),
        ("query", "a@example.com"),
        ("query", users[1].as_str()),
        ("query", session),
        ("action", "sign_in"),
        ("outcome", "refused"),
        ("outcome", "done"),
        ("actor", "a@example.com"),
        ("actor", users[0].as_str()),
        ("target", "B@Example.com"),
        ("session", session),
        ("from", from.as_str()),
        ("from", instant.as_str()),
        ("to", to.as_str()),
        ("to", instant.as_str()),
    ];
    let mut sets: Vec<Vec<(&str, &str)>> = single.iter().map(|filter| vec![*filter]).collect();
    for one in single {
        sets.extend(single.iter().filter(|other| other.0 > one.0).map(|other| vec![one, *other]));
    }
    sets.push(vec![
        ("action", "sign_in"),
        ("outcome", "refused"),
        ("target", "a@example.com"),
        ("from", &from),
        ("to", &to),
    ]);
    let mut some = 0;
    for filter in sets {
        let lower: Vec<(&str, String)> = filter
            .iter()
            .map(|(name, value)| (*name, if value.contains('@') { value.to_lowercase() } else { (*value).to_owned() }))
            .collect();
        let meant =
            everything.iter().filter(|row| lower.iter().all(|(name, value)| admits(row, (name, value), &users)));
        let meant = ids(&meant.cloned().collect::<Vec<_>>());
        assert_eq!(ids(&all(&mut admin, &filter, "13").await), meant, "{filter:?}");
        some += usize::from(!meant.is_empty() && meant.len() < everything.len());
    }
    assert!(some > 60, "{some}");
}

#[tokio::test]
async fn what_nobody_is_called_finds_nothing_and_what_is_no_time_is_said_to_be_none() {
    let (_app, mut admin, _) = log(4).await;
    for filter in [("query", "nobody"), ("query", "no@example.com"), ("actor", "x"), ("session", "1"), ("action", "x")]
    {
        assert!(all(&mut admin, &[filter], "").await.is_empty(), "{filter:?}");
    }
    for name in ["query", "action", "actor", "target", "session"] {
        assert!(all(&mut admin, &[(name, "a\0")], "").await.is_empty(), "{name}");
    }
    let reply = admin.get("/api/admin/audit?cursor=%00").await;
    reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    for (name, value) in [("from", "yesterday"), ("to", "2026-02-30"), ("outcome", "maybe")] {
        for path in ["/api/admin/audit", EXPORT] {
            let reply = admin.get(&address(path, &[(name, value)], &[])).await;
            assert_eq!(reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid").json()["field"], name);
        }
    }
    admin.page("/admin/audit?from=yesterday").await.expect(StatusCode::OK);
}

fn lines(reply: &Reply) -> Vec<Value> {
    reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_log_is_taken_out_as_lines_under_the_same_filters_and_that_is_written_down() {
    let (app, mut admin, users) = log(1300).await;
    app.minutes(1);
    let reply = admin.get(EXPORT).await.expect(StatusCode::OK);
    for (name, value) in [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"sekisho-audit.jsonl\""),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        assert_eq!(reply.headers[&name], value);
    }
    let rows = lines(&reply);
    let distinct: BTreeSet<String> = ids(&rows).into_iter().collect();
    assert_eq!((rows.len(), distinct.len()), (1300 + 5, 1300 + 5));
    assert_eq!(rows[0]["action"], "audit_export", "its own row is in it");
    assert!(ids(&rows).is_sorted_by(|a, b| a > b), "newest first");
    let filter = [("actor", "a@example.com"), ("action", "kick_user")];
    app.minutes(1);
    let rows = lines(&admin.get(&address(EXPORT, &filter, &[])).await.expect(StatusCode::OK));
    assert_eq!(ids(&rows), ids(&all(&mut admin, &filter, "100").await));
    assert_eq!((&rows[0]["actor_id"], &rows[0]["actor"]), (&users[0].as_str().into(), &"a@example.com".into()));
    assert_eq!(app.audit("audit_export").await, 2);
    let detail = app.text("SELECT detail FROM audit WHERE action = 'audit_export' ORDER BY id DESC LIMIT 1").await;
    let detail: Value = serde_json::from_str(&detail).unwrap();
    assert_eq!(detail["filter"], serde_json::json!({ "actor": "a@example.com", "action": "kick_user" }));
    let nothing = admin.get(&address(EXPORT, &[("actor", "nobody")], &[])).await.expect(StatusCode::OK);
    assert_eq!((nothing.text.as_str(), app.audit("audit_export").await), ("", 3));
}

#[tokio::test]
async fn the_log_is_taken_out_by_admins_who_are_signed_in_and_from_our_own_pages() {
    let (app, mut admin, _) = log(3).await;
    for (role, status) in [(Role::User, 403), (Role::Support, 403), (Role::Admin, 200)] {
        let email = format!("{}-too@example.com", role.as_str());
        let id = app.user(&email, role).await;
        let mut person = app.signed_in(&email).await;
        assert_eq!(person.get(EXPORT).await.status.as_u16(), status, "{role:?}");
        admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
        person.get(EXPORT).await.signed_out("kicked");
        let mut person = app.signed_in(&email).await;
        admin.post("/api/admin/lock_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
        person.get(EXPORT).await.signed_out("locked");
    }
    app.browser().get(EXPORT).await.signed_out("none");
    let mut request = admin.request(Method::GET, EXPORT).body(Body::empty()).unwrap();
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    admin.send(request).await.refused(StatusCode::FORBIDDEN, "cross_site");
    assert_eq!(app.audit("audit_export").await, 1);
    assert_eq!(admin.get("/api/admin/audit").await.json()["exportable"], true);
    app.user("support@example.com", Role::Support).await;
    let mut support = app.signed_in("support@example.com").await;
    assert_eq!(support.get("/api/admin/audit").await.json()["exportable"], false);
    for (person, offered) in [(&mut admin, true), (&mut support, false)] {
        assert_eq!(person.page("/admin/audit").await.text.contains(EXPORT), offered);
    }
}

#[tokio::test]
async fn the_page_keeps_its_filters_in_its_form_its_links_and_its_file() {
    let (_app, mut admin, _) = log(120).await;
    let page = admin.page("/admin/audit?action=sign_in&target=a%40example.com&from=2020-01-01").await;
    let text = page.expect(StatusCode::OK).text.replace("&amp;", "&").replace("%5F", "_").replace("%2D", "-");
    let text = text.replace("%2E", ".");
    assert!(text.contains("value=\"a@example.com\"") && text.contains("value=\"2020-01-01\""));
    assert!(text.contains("<option value=\"sign_in\" selected"), "{text}");
    let kept = "action=sign_in&target=a%40example.com&from=2020-01-01";
    assert!(text.contains(&format!("{EXPORT}?{kept}")), "{text}");
    assert!(!text.contains("<td>b@example.com"));
    let next = text.split("href=\"").find(|rest| rest.contains("rel=\"next\"")).unwrap_or_default();
    assert!(next.is_empty() || next.starts_with(&format!("/admin/audit?{kept}&cursor=")), "{next}");
}

/// The text as it is asked with one filter: its parameter's number and value.
fn asked(text: &str, set: (usize, &str)) -> String {
    (1..=9).rev().fold(text.to_owned(), |text, at| {
        let value = match at {
            1 => "'g'".to_owned(),
            9 => "25".to_owned(),
            at if at == set.0 => format!("'{}'", set.1),
            _ => "''".to_owned(),
        };
        text.replace(&format!("${at}"), &value)
    })
}

#[tokio::test]
async fn each_filter_finds_its_rows_by_its_index_and_in_their_order() {
    let app = TestApp::start().await;
    for ((index, text), set) in [
        (BY_SESSION, (8, "x")),
        (BY_ACTOR, (6, "x")),
        (BY_TARGET, (7, "x")),
        (BY_ANYONE, (3, "x")),
        (BY_REFUSED_ACTION, (4, "x")),
        (BY_ACTION, (4, "x")),
        (BY_REFUSAL, (5, "refused")),
        (BY_TIME, (0, "")),
    ] {
        let plan = plan(&app, &asked(text, set)).await;
        assert!(!plan.contains("Seq Scan on audit"), "{index}: {plan}");
        // Which of several indexes is the quickest, PostgreSQL finds out by what is in the table.
        if matches!(app.state.db.read(), On::Sqlite(_)) {
            assert!(plan.contains(index) && !plan.lines().any(|step| step.trim() == "SCAN audit"), "{index}: {plan}");
            assert!(text == BY_ANYONE.1 || !plan.contains("TEMP"), "{index}: {plan}");
        }
    }
    let plan = plan(&app, &asked(BY_ANYONE.1, (3, "x"))).await;
    for index in ["audit_of_session", "audit_of_actor", "audit_of_target"] {
        assert!(plan.contains(index), "{plan}");
    }
}

#[tokio::test]
async fn what_waits_for_its_seal_is_found_without_reading_the_log() {
    let app = TestApp::start().await;
    for query in [
        "SELECT id FROM audit WHERE seq IS NULL LIMIT 1",
        "SELECT id FROM audit WHERE seq IS NULL ORDER BY id LIMIT 100",
        "SELECT COUNT(*) FROM audit WHERE seq IS NULL",
    ] {
        let plan = plan(&app, query).await;
        assert!(plan.contains("audit_unsealed"), "{query}: {plan}");
    }
    for query in ["SELECT * FROM audit WHERE seq > 1 ORDER BY seq LIMIT 500", "DELETE FROM audit WHERE seq <= 1"] {
        let plan = plan(&app, query).await;
        assert!(plan.contains("audit_by_seq") && !plan.contains("TEMP"), "{query}: {plan}");
    }
}
