//! Notes on a person, for the desk only.

use std::time::Duration;

use axum::http::StatusCode;
use sekisho::domain::role::Role;
use serde_json::Value;
use sqlx::Executor as _;

use crate::{
    cli::{on, text, with_input},
    test_app::{Browser, Reply, TestApp},
    test_database::{TestDatabase, sole_writer},
};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";
const SUPPORT: &str = "support@example.com";

async fn start() -> (TestApp, String, Browser, Browser) {
    start_on(TestApp::today().await).await
}

async fn start_on(app: TestApp) -> (TestApp, String, Browser, Browser) {
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    app.user(SUPPORT, Role::Support).await;
    let (admin, support) = (app.signed_in(ADMIN).await, app.signed_in(SUPPORT).await);
    (app, id, admin, support)
}

async fn add(browser: &mut Browser, id: &str, text: &str) -> Reply {
    browser.post("/api/admin/note/add", &[("user_id", id), ("text", text)]).await
}

async fn delete(browser: &mut Browser, note: &Value) -> Reply {
    browser.post("/api/admin/note/delete", &[("note_id", note["id"].as_str().unwrap())]).await
}

async fn notes(browser: &mut Browser, id: &str) -> Vec<Value> {
    let page = browser.get(&format!("/api/admin/user?user_id={id}")).await.expect(StatusCode::OK).json();
    page["notes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn admins_and_support_write_for_each_other_and_the_person_sees_none_of_it() {
    let (app, id, mut admin, mut support) = start().await;
    let mut user = app.signed_in(EMAIL).await;
    add(&mut support, &id, "Lost a phone.\r\n\r\nCalled <b>twice</b>\u{0}").await.expect(StatusCode::OK);
    app.minutes(1);
    add(&mut admin, &id, "Second").await.expect(StatusCode::OK);
    for browser in [&mut admin, &mut support] {
        let listed = notes(browser, &id).await;
        let texts: Vec<&str> = listed.iter().map(|note| note["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["Second", "Lost a phone.\n\nCalled <b>twice</b>"], "the newest first");
        assert_eq!(listed[1]["author"], SUPPORT);
    }
    let page = admin.page(&format!("/admin/users/{id}")).await.expect(StatusCode::OK).text;
    assert!(page.contains("Called &lt;b&gt;twice") && !page.contains("<b>twice"), "text, not markup");
    for path in ["/api/session", "/api/devices", "/api/alarms"] {
        assert!(!user.get(path).await.text.contains("phone"), "{path}");
    }
    for path in ["/settings/account", "/settings/devices", "/settings/security"] {
        assert!(!user.page(path).await.text.contains("phone"), "{path}");
    }
    add(&mut user, &id, "mine").await.refused(StatusCode::FORBIDDEN, "forbidden");
    let details = app.number("SELECT COUNT(*) FROM audit WHERE detail LIKE '%phone%'").await;
    assert_eq!((app.audit("note_add").await, details), (2, 0), "what can be deleted stays out of the log");
}

#[tokio::test]
async fn a_note_is_deleted_by_its_author_and_that_of_another_by_an_admin_only() {
    let (app, id, mut admin, mut support) = start().await;
    add(&mut admin, &id, "by the admin").await.expect(StatusCode::OK);
    app.minutes(1);
    add(&mut support, &id, "by support").await.expect(StatusCode::OK);
    app.minutes(1);
    add(&mut support, &id, "by support too").await.expect(StatusCode::OK);
    let listed = notes(&mut support, &id).await;
    let deletable: Vec<bool> = listed.iter().map(|note| note["deletable"].as_bool().unwrap()).collect();
    assert_eq!(deletable, [true, true, false]);
    delete(&mut support, &listed[2]).await.refused(StatusCode::FORBIDDEN, "forbidden");
    delete(&mut support, &listed[1]).await.expect(StatusCode::OK);
    delete(&mut support, &listed[1]).await.refused(StatusCode::NOT_FOUND, "not_found");
    delete(&mut admin, &listed[0]).await.expect(StatusCode::OK);
    assert_eq!((notes(&mut admin, &id).await.len(), app.audit("note_delete").await), (1, 2));
    let unknown = admin.post("/api/admin/note/delete", &[("note_id", "x\u{0}")]).await;
    unknown.refused(StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn nobody_at_the_desk_reads_or_writes_or_deletes_notes_on_themselves() {
    let (app, _, mut admin, mut support) = start().await;
    let own = app.text(&format!("SELECT id FROM users WHERE email = '{SUPPORT}'")).await;
    add(&mut admin, &own, "watch this one").await.expect(StatusCode::OK);
    let listed = notes(&mut admin, &own).await;
    assert_eq!((listed.len(), notes(&mut support, &own).await.len()), (1, 0));
    add(&mut support, &own, "I am fine").await.refused(StatusCode::FORBIDDEN, "forbidden");
    delete(&mut support, &listed[0]).await.refused(StatusCode::NOT_FOUND, "not_found");
    let page = support.page(&format!("/admin/users/{own}")).await.expect(StatusCode::OK).text;
    assert!(!page.contains("watch this one"));
    assert_eq!(notes(&mut admin, &own).await.len(), 1);
}

#[tokio::test]
async fn a_note_is_on_the_page_of_its_person_only() {
    let (app, id, mut admin, _) = start().await;
    let other = app.user("taro@example.com", Role::User).await;
    add(&mut admin, &id, "of one").await.expect(StatusCode::OK);
    add(&mut admin, &other, "of another").await.expect(StatusCode::OK);
    for (id, text) in [(&id, "of one"), (&other, "of another")] {
        let listed = notes(&mut admin, id).await;
        assert_eq!((listed.len(), &listed[0]["text"]), (1, &text.into()));
    }
}

#[tokio::test]
async fn of_two_who_delete_a_note_at_once_one_did() {
    let (app, id, mut admin, _) = start_on(TestApp::upon(TestDatabase::sqlite(), &[]).await).await;
    add(&mut admin, &id, "once").await.expect(StatusCode::OK);
    let note = notes(&mut admin, &id).await[0].clone();
    // While nothing can be written both find it.
    let mut other = sole_writer(&app.database).await;
    let deletions = [admin.clone(), admin].map(|mut browser| {
        let note = note.clone();
        tokio::spawn(async move { delete(&mut browser, &note).await.status })
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    other.execute("ROLLBACK").await.unwrap();
    let mut told = Vec::new();
    for deletion in deletions {
        told.push(deletion.await.unwrap());
    }
    told.sort();
    assert_eq!((told, app.audit("note_delete").await), (vec![StatusCode::OK, StatusCode::NOT_FOUND], 1));
}

#[tokio::test]
async fn a_note_has_some_text_and_not_too_much_and_goes_with_the_account() {
    let (app, id, mut admin, _) = start().await;
    let (longest, longer) = ("字".repeat(2_000), "字".repeat(2_001));
    for bad in ["", " \r\n\t", "\u{200b}", &longer] {
        let refused = add(&mut admin, &id, bad).await.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
        assert_eq!(refused.json()["field"], "text");
    }
    add(&mut admin, &id, &longest).await.expect(StatusCode::OK);
    add(&mut admin, "0192a5c0-7d3e-7b21-9f00-0123456789ab", "nobody").await.refused(StatusCode::NOT_FOUND, "not_found");
    admin.post("/api/admin/delete_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
    assert_eq!(app.number("SELECT COUNT(*) FROM user_notes").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_writes_and_lists_notes_and_demands_another_password() {
    let (app, id, mut admin, _) = start().await;
    let done = with_input(on(&app).args(["user", "note", EMAIL]), "From the console\nsecond line\n");
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let empty = with_input(on(&app).args(["user", "note", EMAIL]), " \n");
    assert_eq!(empty.status.code(), Some(1));
    let listed = notes(&mut admin, &id).await;
    assert_eq!((&listed[0]["text"], &listed[0]["author"]), (&"From the console\nsecond line".into(), &Value::Null));
    let told = text(&on(&app).args(["user", "notes", EMAIL, "--json"]).output().unwrap().stdout);
    assert!(told.contains("From the console"), "{told}");
    let done = on(&app).args(["user", "require-password-change", EMAIL]).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let mut browser = app.browser();
    let reply = browser.sign_in(EMAIL, crate::test_app::PASSWORD).await;
    reply.refused(StatusCode::FORBIDDEN, "password_change_required");
}
