//! Acts on several accounts at once: how they are named, to whom they are done, what is told of the others, and that nothing is
//! done by halves.

use axum::http::{StatusCode, header};
use sekisho::domain::role::Role;
use serde_json::{Value, json};

use crate::test_app::{Browser, Reply, TestApp};

const ADMIN: &str = "admin@example.com";
const NOBODY: &str = "0192a5c0-7d3e-7b21-9f00-0123456789ab";

async fn start(people: &[&str]) -> (TestApp, Vec<String>, Browser) {
    let app = TestApp::start().await;
    app.user(ADMIN, Role::Admin).await;
    let mut ids = Vec::new();
    for name in people {
        ids.push(app.user(&format!("{name}@example.com"), Role::User).await);
    }
    let admin = app.signed_in(ADMIN).await;
    (app, ids, admin)
}

fn fields(ids: &[String]) -> Vec<(&str, &str)> {
    ids.iter().map(|id| ("user_ids", id.as_str())).collect()
}

async fn act(admin: &mut Browser, act: &str, ids: &[String]) -> Reply {
    admin.post(&format!("/api/admin/{act}"), &fields(ids)).await
}

async fn id_of(app: &TestApp, email: &str) -> String {
    app.text(&format!("SELECT id FROM users WHERE email = '{email}'")).await
}

async fn locked(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM users WHERE locked_at IS NOT NULL").await
}

#[tokio::test]
async fn all_who_are_named_are_kicked_and_nobody_else() {
    let (app, ids, mut admin) = start(&["a", "b", "c"]).await;
    let mut sessions = Vec::new();
    for name in ["a", "a", "b", "c"] {
        sessions.push(app.signed_in(&format!("{name}@example.com")).await);
    }
    let mut done = act(&mut admin, "kick_users", &ids[..2]).await.expect(StatusCode::OK).json();
    assert!(done["took_ms"].take().is_u64());
    assert_eq!(done, json!({ "done": 2, "ended": 3, "everywhere": true, "behind": 0, "took_ms": null, "others": [] }));
    for session in &mut sessions[..3] {
        session.session().await.signed_out("kicked");
    }
    sessions[3].session().await.expect(StatusCode::OK);
    assert_eq!(app.audit("kick_user").await, 2, "a row for each");
    let rows = "SELECT COUNT(DISTINCT target_id) FROM audit WHERE action = 'kick_user' AND actor_id IS NOT NULL";
    assert_eq!(app.number(rows).await, 2);
}

#[tokio::test]
async fn those_to_whom_it_is_not_done_are_named_with_the_reason_and_keep_nobody_else() {
    let (app, mut ids, mut admin) = start(&["a", "b"]).await;
    let own = id_of(&app, ADMIN).await;
    app.user("second@example.com", Role::Admin).await;
    app.execute("UPDATE users SET locked_at = 1 WHERE email = 'b@example.com'").await;
    let mut a = app.signed_in("a@example.com").await;
    ids.extend([own.clone(), NOBODY.to_owned(), "no id at all".to_owned(), ids[0].clone()]);
    let done = act(&mut admin, "lock_users", &ids).await.expect(StatusCode::OK).json();
    let mut others: Vec<(String, String)> = serde_json::from_value::<Vec<Value>>(done["others"].clone())
        .unwrap()
        .iter()
        .map(|other| (other["user_id"].as_str().unwrap().to_owned(), other["why"].as_str().unwrap().to_owned()))
        .collect();
    others.sort();
    let mut expected = [
        (ids[1].clone(), "unchanged".to_owned()),
        (own, "oneself".to_owned()),
        (NOBODY.to_owned(), "not_found".to_owned()),
        ("no id at all".to_owned(), "not_found".to_owned()),
    ];
    expected.sort();
    assert_eq!(others, expected);
    assert_eq!((&done["done"], &done["ended"]), (&json!(1), &json!(1)), "who is named twice is locked once");
    a.session().await.signed_out("locked");
    assert_eq!(app.audit("user_lock").await, 1);
    admin.session().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_field_that_is_odd_is_refused_and_never_an_error_of_ours() {
    let (app, ids, mut admin) = start(&["a"]).await;
    let many = vec![ids[0].clone(); 101];
    for endpoint in ["kick_users", "lock_users"] {
        for (ids, reason) in [(vec![], "empty"), (vec![String::new()], "empty"), (many.clone(), "too_many")] {
            let reply = act(&mut admin, endpoint, &ids).await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
            assert_eq!((&reply.json()["field"], &reply.json()["reason"]), (&json!("user_ids"), &json!(reason)));
        }
        for odd in [("user_ids[a]", "x"), ("user_ids[][]", "x"), ("user_ids[0][b]", "x")] {
            let reply = admin.post(&format!("/api/admin/{endpoint}"), &[odd]).await;
            reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
        }
        for odd in ["\0", "' OR 1=1 --", "花子"] {
            let done = admin.post(&format!("/api/admin/{endpoint}"), &[("user_ids", odd)]).await;
            assert_eq!(done.expect(StatusCode::OK).json()["others"][0]["why"], "not_found");
        }
    }
    let reply = admin.get(&format!("/api/admin/users/chosen?{}", "user_ids[]=x&".repeat(101))).await;
    reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    assert_eq!(app.audit("kick_user").await + app.audit("user_lock").await, 0);
}

#[tokio::test]
async fn a_hundred_are_done_at_once_however_the_field_is_written() {
    let (app, _, mut admin) = start(&[]).await;
    app.execute(
        "INSERT INTO users (id, email, display_name, role, password_hash, created_at, name_key)
         WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 199)
         SELECT '00000000-0000-7000-8000-000000000' || i, 'many' || i || '@example.com', 'Many', 'user', '', i, 'many' FROM n",
    )
    .await;
    let ids: Vec<String> = (100..200).rev().map(|i| format!("00000000-0000-7000-8000-000000000{i}")).collect();
    assert_eq!(act(&mut admin, "lock_users", &ids).await.expect(StatusCode::OK).json()["done"], 100);
    assert_eq!((locked(&app).await, app.audit("user_lock").await), (100, 100));
    for name in [|_: usize| "user_ids[]".to_owned(), |at: usize| format!("user_ids[{at}]")] {
        let names: Vec<String> = (0..100).map(name).collect();
        let fields: Vec<_> = names.iter().map(String::as_str).zip(ids.iter().map(String::as_str)).collect();
        assert_eq!(admin.post("/api/admin/kick_users", &fields).await.expect(StatusCode::OK).json()["done"], 100);
    }
}

#[tokio::test]
async fn it_is_done_to_all_of_them_or_written_down_for_none() {
    let (app, ids, mut admin) = start(&["a", "b"]).await;
    let mut a = app.signed_in("a@example.com").await;
    crate::audit::refuse_to_write_down_of(&app, &ids[1]).await;
    for endpoint in ["kick_users", "lock_users"] {
        act(&mut admin, endpoint, &ids).await.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
        a.session().await.expect(StatusCode::OK);
        assert_eq!((locked(&app).await, app.audit("kick_user").await + app.audit("user_lock").await), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_admins_who_are_locked_by_each_other_at_once_leave_one() {
    for _ in 0..10 {
        let app = TestApp::start().await;
        let (mut ids, mut admins) = (Vec::new(), Vec::new());
        for number in 0..3 {
            let email = format!("admin{number}@example.com");
            ids.push(app.user(&email, Role::Admin).await);
            admins.push(app.signed_in(&email).await);
        }
        let mut acts = Vec::new();
        for mut admin in admins {
            let ids = ids.clone();
            acts.push(tokio::spawn(async move { act(&mut admin, "lock_users", &ids).await.status }));
        }
        for act in acts {
            let status = act.await.unwrap();
            assert!([200, 401, 403].contains(&status.as_u16()), "{status}");
        }
        assert_eq!(locked(&app).await, 2, "one is left, and whoever was locked before their turn locked nobody");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_name_the_same_people_in_other_orders_never_wait_for_each_other() {
    let (app, ids, _) = start(&["a", "b", "c", "d", "e"]).await;
    let mut reversed = ids.clone();
    reversed.reverse();
    for _ in 0..10 {
        let mut acts = Vec::new();
        for ids in [&ids, &reversed, &ids, &reversed] {
            let (mut admin, ids) = (app.signed_in(ADMIN).await, ids.clone());
            acts.push(tokio::spawn(async move { act(&mut admin, "kick_users", &ids).await }));
        }
        for act in acts {
            assert_eq!(act.await.unwrap().expect(StatusCode::OK).json()["done"], 5);
        }
    }
}

#[tokio::test]
async fn without_scripts_the_question_says_how_many_and_the_answer_what_became_of_it() {
    let (app, mut ids, mut admin) = start(&["a", "b"]).await;
    let own = id_of(&app, ADMIN).await;
    let list = admin.page("/admin/users?role=user").await.expect(StatusCode::OK).text;
    assert!(list.contains("action=\"/admin/users/several\"") && list.contains(&format!("value=\"{}\"", ids[0])));
    ids.push(own);
    let named: Vec<String> = ids.iter().map(|id| format!("user_ids={id}")).collect();
    let address = format!("/admin/users/several?role=user&act=lock&{}", named.join("&"));
    let page = admin.page(&address).await.expect(StatusCode::OK).text;
    assert!(page.contains("Lock the accounts of 3 people?"), "{page}");
    assert!(page.contains("href=\"/admin/users?role=user\""));
    let mut form: Vec<_> = ids.iter().map(|id| ("user_ids[]", id.as_str())).collect();
    form.push(("page", &address));
    let mut request = admin.form("/api/admin/lock_users", &form);
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    let reply = admin.send(request).await.expect(StatusCode::SEE_OTHER);
    let to = reply.headers[header::LOCATION].to_str().unwrap().trim_start_matches("http://localhost:3000").to_owned();
    let page = admin.page(&to).await.expect(StatusCode::OK).text;
    assert!(page.contains("Done for 2 of 3."), "{page}");
    assert!(page.contains("is the last administrator"), "{page}");
    assert_eq!(locked(&app).await, 2);
}

#[tokio::test]
async fn support_is_offered_a_kick_and_no_lock() {
    let (app, _, mut admin) = start(&["a"]).await;
    app.user("support@example.com", Role::Support).await;
    let mut support = app.signed_in("support@example.com").await;
    for (person, locks) in [(&mut admin, true), (&mut support, false)] {
        let page = person.page("/admin/users").await.expect(StatusCode::OK).text;
        assert!(page.contains("value=\"kick\""));
        assert_eq!(page.contains("value=\"lock\""), locks);
        assert_eq!(page.contains("/api/admin/users/export"), locks);
    }
}
