//! The list of users: narrowed, sorted and paged on the server, the same way whether a filter finds few or many.

use std::collections::HashSet;

use axum::http::StatusCode;
use sekisho::{domain::role::Role, server::node::activity};
use serde_json::Value;

use crate::test_app::{Browser, TestApp};

const ADMIN: &str = "zz-admin@example.com";

async fn start() -> (TestApp, Browser) {
    let app = TestApp::start().await;
    app.user(ADMIN, Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    (app, admin)
}

async fn page(admin: &mut Browser, query: &str) -> Value {
    admin.get(&format!("/api/admin/users?{query}")).await.expect(StatusCode::OK).json()
}

fn emails(page: &Value) -> Vec<String> {
    let users = page["items"].as_array().unwrap().iter();
    users.map(|user| user["email"].as_str().unwrap().trim_end_matches("@example.com").to_owned()).collect()
}

/// All pages of a list, so many at a time.
async fn all(admin: &mut Browser, query: &str, limit: usize) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = page(admin, &format!("{query}&limit={limit}&cursor={}", urlencode(&cursor))).await;
        found.extend(emails(&page));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return found,
        }
    }
}

fn urlencode(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02X}"))
}

/// Sets what is told of a user, and has them made at that minute.
async fn tell(app: &TestApp, email: &str, name: &str, minute: i64) {
    let key = name.to_lowercase();
    app.execute(&format!(
        "UPDATE users SET display_name = '{name}', name_key = '{key}', created_at = {minute}, last_seen_at = {minute}
         WHERE email = '{email}@example.com'"
    ))
    .await;
}

#[tokio::test]
async fn every_order_goes_through_all_pages_once_and_in_order() {
    let (app, mut admin) = start().await;
    for (email, name, minute) in [("c", "Anna", 30), ("a", "花子", 10), ("d", "anna", 10), ("b", "Bea", 20)] {
        app.user(&format!("{email}@example.com"), Role::User).await;
        tell(&app, email, name, minute).await;
    }
    tell(&app, "zz-admin", "Zoe", 40).await;
    for limit in [1, 2, 100] {
        assert_eq!(all(&mut admin, "sort=email", limit).await, ["a", "b", "c", "d", "zz-admin"]);
        assert_eq!(all(&mut admin, "sort=seen", limit).await[..3], ["zz-admin", "c", "b"]);
        assert_eq!(all(&mut admin, "sort=created", limit).await[..3], ["zz-admin", "c", "b"]);
        let by_name = all(&mut admin, "sort=name", limit).await;
        assert_eq!((&by_name[2..], by_name.len()), (&["b".to_owned(), "zz-admin".into(), "a".into()][..], 5));
    }
    for sort in ["email", "name", "seen", "created"] {
        let plain = all(&mut admin, &format!("sort={sort}"), 2).await;
        assert_eq!(
            all(&mut admin, &format!("sort={sort}&seen=longer"), 2).await,
            plain,
            "{sort}: few are sorted alike"
        );
    }
}

#[tokio::test]
async fn filters_narrow_and_tell_how_many_there_are() {
    let (app, mut admin) = start().await;
    app.user("helper@example.com", Role::Support).await;
    let away = app.user("away@example.com", Role::User).await;
    app.user("here@example.com", Role::User).await;
    app.signed_in("here@example.com").await;
    admin.post("/api/admin/lock_user", &[("user_id", &away)]).await.expect(StatusCode::OK);
    activity::write_down(&app.state).await;
    for (query, expected) in [
        ("role=support", vec!["helper"]),
        ("role=user", vec!["away", "here"]),
        ("locked=yes", vec!["away"]),
        ("locked=no&role=user", vec!["here"]),
        ("live=yes", vec!["here", "zz-admin"]),
        ("live=no", vec!["away", "helper"]),
        ("seen=day", vec!["here", "zz-admin"]),
        ("seen=never", vec!["away", "helper"]),
        ("seen=longer", vec![]),
        ("query=HE&live=yes", vec!["here"]),
        ("query=he", vec!["helper", "here"]),
        ("query=he&sort=seen", vec!["here", "helper"]),
        ("query=%25", vec![]),
        ("role=admin&locked=yes", vec![]),
    ] {
        let page = page(&mut admin, query).await;
        assert_eq!(emails(&page), expected, "{query}");
        if !["role=user", "locked=no&role=user", "live=no"].contains(&query) {
            assert_eq!(page["total"], expected.len(), "{query}");
        }
    }
    assert_eq!(page(&mut admin, "").await["total"], 4);
    app.minutes(31 * 24 * 60);
    let mut later = app.signed_in(ADMIN).await;
    activity::write_down(&app.state).await;
    assert_eq!(emails(&page(&mut later, "seen=longer").await), ["here"]);
    assert_eq!(emails(&page(&mut later, "live=yes").await), ["zz-admin"]);
}

#[tokio::test]
async fn what_is_not_understood_is_refused_with_its_name() {
    let (_app, mut admin) = start().await;
    for field in ["role", "locked", "live", "seen", "sort"] {
        let reply = admin.get(&format!("/api/admin/users?{field}=perhaps")).await;
        let reply = reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
        assert_eq!(reply.json()["field"], field);
    }
    // A cursor from elsewhere is no fault: it is a place in the list like any other.
    for odd in ["cursor=%00", "query=%00", "role=%00"] {
        let reply = admin.get(&format!("/api/admin/users?{odd}")).await;
        reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    }
    for cursor in ["x%20y", "%F4%8F%BF%BF", "%20"] {
        for sort in ["email", "name", "seen", "created"] {
            let reply = admin.get(&format!("/api/admin/users?sort={sort}&cursor={cursor}")).await;
            assert!(reply.status.is_success(), "{sort} {cursor}: {}", reply.text);
        }
    }
}

#[tokio::test]
async fn a_filter_that_finds_many_is_walked_along_and_gives_the_same() {
    let (app, mut admin) = start().await;
    app.execute(
        "INSERT INTO users (id, email, display_name, role, password_hash, created_at, name_key, last_seen_at, locked_at)
         WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 3499)
         SELECT '00000000-0000-7000-8000-00000000' || i, 'many' || i || '@example.com', 'Many ' || (5000 - i), 'user', '',
           i, 'many ' || (5000 - i), 5000000 - i, CASE i % 2 WHEN 0 THEN 1 ELSE NULL END FROM n",
    )
    .await;
    // Whose name begins so, and whose e-mail does not: they belong among the others.
    app.execute(
        "INSERT INTO users (id, email, display_name, role, password_hash, created_at, name_key, last_seen_at, locked_at)
         SELECT '10000000-0000-7000-8000-00000000' || SUBSTR(email, 5, 4), 'also.' || email, display_name, role, '',
           created_at, name_key, last_seen_at, locked_at FROM users WHERE email LIKE 'many%'",
    )
    .await;
    for sort in ["email", "name", "seen", "created"] {
        let query = format!("query=many&locked=no&sort={sort}");
        let found = all(&mut admin, &query, 100).await;
        let distinct: HashSet<_> = found.iter().collect();
        assert_eq!((found.len(), distinct.len()), (2500, 2500), "{sort}");
        if sort == "email" {
            assert!(found.is_sorted(), "{found:?}");
        }
    }
    app.execute("DELETE FROM users WHERE email LIKE 'also.%'").await;
    for (sort, first, last) in [
        ("email", "many1001", "many3499"),
        ("name", "many3499", "many1001"),
        ("seen", "many1001", "many3499"),
        ("created", "many3499", "many1001"),
    ] {
        let query = format!("query=many&role=user&locked=no&sort={sort}");
        let found = all(&mut admin, &query, 100).await;
        assert_eq!((found.len(), found[0].as_str(), found[1249].as_str()), (1250, first, last), "{sort}");
        assert_eq!(page(&mut admin, &query).await["total"], Value::Null, "too many to count for a look");
        let few = all(&mut admin, &format!("query=many10&locked=no&sort={sort}"), 7).await;
        let same: Vec<_> = found.iter().filter(|email| email.starts_with("many10")).cloned().collect();
        assert_eq!(few, same, "{sort}");
    }
}

#[tokio::test]
async fn a_new_name_is_found_and_sorted_by() {
    let (app, mut admin) = start().await;
    app.user("hanako@example.com", Role::User).await;
    let mut hanako = app.signed_in("hanako@example.com").await;
    hanako.post("/api/account/update", &[("display_name", "ÉLODIE")]).await.expect(StatusCode::OK);
    assert_eq!(emails(&page(&mut admin, &format!("query={}", urlencode("Élo"))).await), ["hanako"]);
}

#[tokio::test]
async fn many_are_counted_once_a_minute_and_few_each_time() {
    let (app, mut admin) = start().await;
    app.user("one@example.com", Role::User).await;
    assert_eq!(page(&mut admin, "").await["total"], 2);
    app.execute(
        "INSERT INTO users (id, email, display_name, role, password_hash, created_at)
         WITH RECURSIVE n (i) AS (SELECT 10000 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
         SELECT '00000000-0000-7000-8000-0000000' || i, 'many' || i || '@example.com', '', 'user', '', i FROM n",
    )
    .await;
    assert_eq!(page(&mut admin, "").await["total"], 10_002);
    app.user("two@example.com", Role::User).await;
    assert_eq!(page(&mut admin, "").await["total"], 10_002);
    app.minutes(1);
    assert_eq!(page(&mut admin, "").await["total"], 10_003);
}
