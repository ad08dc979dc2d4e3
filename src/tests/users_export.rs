//! The list of users as a file: what is in it, who may have it, and that it is told a batch at a time.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use http_body_util::BodyExt as _;
use sekisho::domain::role::Role;
use tower::ServiceExt as _;

use crate::{
    cli::{on, text},
    test_app::{Browser, RUNTIME, TestApp},
};

const ADMIN: &str = "admin@example.com";
const EXPORT: &str = "/api/admin/users/export";
const HEAD: &str = "\u{feff}id,email,display_name,role,locked,live_sessions,last_active_at,created_at";

async fn start() -> (TestApp, Browser) {
    let app = TestApp::start().await;
    app.user(ADMIN, Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    (app, admin)
}

/// So many more, `many1000@example.com` and on.
async fn fill(app: &TestApp, count: usize) {
    app.execute(&format!(
        "INSERT INTO users (id, email, display_name, role, password_hash, created_at, name_key)
         WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < {})
         SELECT '00000000-0000-7000-8000-00000000' || i, 'many' || i || '@example.com', 'Many', 'user', '', i, 'many' FROM n",
        999 + count
    ))
    .await;
}

/// The second column of each line but the first.
fn emails(csv: &str) -> Vec<String> {
    csv.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn everyone_who_is_found_is_in_the_file_once_and_that_is_written_down() {
    let (app, mut admin) = start().await;
    fill(&app, 1300).await;
    app.execute("UPDATE users SET locked_at = 1 WHERE email < 'many1500'").await;
    let reply = admin.get(EXPORT).await.expect(StatusCode::OK);
    for (name, value) in [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"sekisho-users.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        assert_eq!(reply.headers[&name], value);
    }
    let found = emails(&reply.text);
    assert_eq!((reply.text.lines().next(), found.len()), (Some(HEAD), 1301));
    assert!(found.is_sorted_by(|one, next| one < next), "each once, in order");
    for (query, count) in
        [("query=many10", 100), ("query=many&locked=no", 800), ("role=admin", 1), ("seen=day&role=support", 0)]
    {
        let reply = admin.get(&format!("{EXPORT}?{query}&sort=seen")).await.expect(StatusCode::OK);
        assert_eq!(emails(&reply.text).len(), count, "{query}");
    }
    assert_eq!(app.audit("users_export").await, 5);
    let detail = app.text("SELECT detail FROM audit WHERE action = 'users_export' AND detail LIKE '%many10%'").await;
    assert_eq!(detail, r#"{"filter":{"query":"many10","sort":"seen"}}"#);
    admin.get(&format!("{EXPORT}?role=boss")).await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    let mut request = admin.request(Method::GET, EXPORT).body(Body::empty()).unwrap();
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    admin.send(request).await.refused(StatusCode::FORBIDDEN, "cross_site");
    assert_eq!(app.audit("users_export").await, 5, "what was refused took nothing out");
}

#[tokio::test]
async fn a_name_can_neither_break_a_line_nor_be_run_by_a_spreadsheet() {
    let (app, mut admin) = start().await;
    app.user("=cmd@example.com", Role::User).await;
    app.execute("UPDATE users SET display_name = '=HYPERLINK(\"x\"), \"me\"' WHERE email = '=cmd@example.com'").await;
    let file = admin.get(&format!("{EXPORT}?role=user")).await.expect(StatusCode::OK).text;
    let line = file.lines().nth(1).unwrap();
    assert!(line.contains(",'=cmd@example.com,\"'=HYPERLINK(\"\"x\"\"), \"\"me\"\"\",user,false,0,,2026-"), "{line}");
    assert!(file.ends_with("\r\n"));
}

/// The reply's body, to be read piece by piece.
async fn open(admin: &Browser) -> Body {
    let request = admin.request(Method::GET, EXPORT).body(Body::empty()).unwrap();
    let router = admin.router.clone();
    let response = RUNTIME.spawn(async move { router.oneshot(request).await.unwrap() }).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body()
}

async fn piece(body: &mut Body) -> Option<Result<String, axum::Error>> {
    let frame = body.frame().await?;
    Some(frame.map(|frame| String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()))
}

#[tokio::test]
async fn rows_that_change_meanwhile_are_neither_missed_nor_twice_in_it() {
    let (app, admin) = start().await;
    fill(&app, 1300).await;
    let mut body = open(&admin).await;
    let mut file = String::new();
    for _ in 0..3 {
        file += &piece(&mut body).await.unwrap().unwrap();
    }
    assert!(!file.contains("many1900@"), "not read yet");
    app.execute(
        "UPDATE users SET last_seen_at = 9, display_name = 'Other', name_key = 'other' WHERE email > 'many1100'",
    )
    .await;
    app.execute("DELETE FROM users WHERE email = 'many1001@example.com' OR email = 'many1900@example.com'").await;
    app.user("aaa@example.com", Role::User).await;
    app.user("many1950a@example.com", Role::User).await;
    while let Some(more) = piece(&mut body).await {
        file += &more.unwrap();
    }
    let found = emails(&file);
    assert!(found.is_sorted_by(|one, next| one < next));
    for (email, is_in) in
        [("many1001", true), ("many1900", false), ("many1950a", true), ("aaa", false), ("many2299", true)]
    {
        assert_eq!(found.contains(&format!("{email}@example.com")), is_in, "{email}");
    }
    assert_eq!(found.len(), 1301);
}

#[tokio::test]
async fn it_is_read_only_as_far_as_its_reader_goes_and_holds_nothing_between() {
    let (app, admin) = start().await;
    fill(&app, 1300).await;
    let mut body = open(&admin).await;
    for _ in 0..2 {
        piece(&mut body).await.unwrap().unwrap();
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(app.state.db.connections_in_use(), 0, "between two batches nothing is held");
    // Had it been read ahead, these would be in it.
    app.execute("DELETE FROM users WHERE email > 'many1500'").await;
    let rest = piece(&mut body).await.unwrap().unwrap();
    assert!(rest.contains("many1300@"));
    drop(body);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(app.state.db.connections_in_use(), 0);
}

#[tokio::test]
async fn it_breaks_off_with_the_session_that_asked_for_it() {
    let (app, admin) = start().await;
    fill(&app, 1300).await;
    let mut body = open(&admin).await;
    piece(&mut body).await.unwrap().unwrap();
    admin.clone().post("/api/logout", &[]).await.expect(StatusCode::OK);
    assert!(piece(&mut body).await.unwrap().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_has_the_same_list_the_same_filters_and_the_same_file() {
    let app = TestApp::today().await;
    app.user(ADMIN, Role::Admin).await;
    fill(&app, 450).await;
    app.execute("UPDATE users SET locked_at = 1 WHERE email < 'many1010'").await;
    let run = |arguments: &[&str]| {
        let done = on(&app).arg("user").args(arguments).output().unwrap();
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    let list = |arguments: &[&str]| {
        let all = [&["list", "--json"], arguments].concat();
        let rows: Vec<serde_json::Value> = serde_json::from_str(&run(&all)).unwrap();
        rows.iter().map(|row| row["email"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&[]).len(), 451);
    assert_eq!(list(&["--role", "admin"]), [ADMIN]);
    assert_eq!(list(&["--query", "MANY10", "--locked", "yes"]).len(), 10);
    assert_eq!(list(&["--sort", "created", "--limit", "2"]), [ADMIN, "many1449@example.com"]);
    assert_eq!(list(&["--live", "yes", "--seen", "day"]), Vec::<String>::new());
    let file = run(&["export", "--query", "many", "--locked", "no"]);
    assert_eq!((file.lines().next(), emails(&file).len()), (Some(HEAD), 440));
    let lines = run(&["export", "--query", "many", "--json"]);
    assert_eq!(lines.lines().count(), 450);
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["email"], "many1000@example.com");
    assert_eq!(app.audit("users_export").await, 2);
    for wrong in [["list", "--role", "boss"], ["list", "--sort", "size"], ["export", "--seen", "often"]] {
        assert_eq!(on(&app).arg("user").args(wrong).output().unwrap().status.code(), Some(2), "{wrong:?}");
    }
}
