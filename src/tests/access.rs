//! Who may: the whole table of endpoints × {anonymous, user, support, admin, revoked}.

use axum::http::{Method, StatusCode};
use sekisho::domain::role::Role;

use crate::test_app::{Browser, Reply, TestApp};

/// Endpoint, and the statuses of anonymous, user, support and admin. 404 and 422 mean: let through, then not found.
const TABLE: [(&str, &str, [u16; 4]); 38] = [
    ("GET", "/api/session", [401, 200, 200, 200]),
    ("POST", "/api/refresh", [401, 200, 200, 200]),
    ("POST", "/api/touch", [401, 200, 200, 200]),
    ("GET", "/api/devices", [401, 200, 200, 200]),
    ("POST", "/api/devices/revoke", [401, 404, 404, 404]),
    ("POST", "/api/devices/revoke_others", [401, 200, 200, 200]),
    ("POST", "/api/password/change", [401, 401, 401, 401]),
    ("POST", "/api/step_up", [401, 401, 401, 401]),
    ("POST", "/api/account/update", [401, 422, 422, 422]),
    ("GET", "/api/drafts/key", [401, 200, 200, 200]),
    ("GET", "/api/alarms", [401, 200, 200, 200]),
    ("POST", "/api/alarms/answer", [401, 422, 422, 422]),
    ("GET", "/api/session/end", [200, 200, 200, 200]),
    ("GET", "/auth/verify", [401, 200, 200, 200]),
    ("GET", "/api/admin/overview", [401, 403, 200, 200]),
    ("GET", "/api/admin/users", [401, 403, 200, 200]),
    ("GET", "/api/admin/users/chosen", [401, 403, 200, 200]),
    ("GET", "/api/admin/users/export", [401, 403, 403, 200]),
    ("GET", "/api/admin/user", [401, 403, 404, 404]),
    ("GET", "/api/admin/invites", [401, 403, 200, 200]),
    ("GET", "/api/admin/audit", [401, 403, 200, 200]),
    ("GET", "/api/admin/audit/export", [401, 403, 403, 200]),
    ("POST", "/api/admin/kick_user", [401, 403, 404, 404]),
    ("POST", "/api/admin/kick_session", [401, 403, 404, 404]),
    ("POST", "/api/admin/kick_users", [401, 403, 422, 422]),
    ("POST", "/api/admin/lock_users", [401, 403, 403, 422]),
    ("POST", "/api/admin/invite", [401, 403, 403, 422]),
    ("POST", "/api/admin/revoke_invite", [401, 403, 403, 404]),
    ("POST", "/api/admin/close_alarm", [401, 403, 404, 404]),
    ("POST", "/api/admin/note/add", [401, 403, 404, 404]),
    ("POST", "/api/admin/note/delete", [401, 403, 404, 404]),
    ("POST", "/api/admin/require_password_change", [401, 403, 403, 404]),
    ("GET", "/api/login/password", [401, 401, 401, 401]),
    ("POST", "/api/login/new_password", [401, 401, 401, 401]),
    ("POST", "/api/login", [401, 401, 401, 401]),
    ("POST", "/api/register", [422, 422, 422, 422]),
    ("GET", "/api/register/terms", [200, 200, 200, 200]),
    ("POST", "/api/logout", [200, 200, 200, 200]),
];

async fn ask(browser: &Browser, method: &str, path: &str) -> Reply {
    let mut browser = browser.clone();
    if method == Method::GET { browser.get(path).await } else { browser.post(path, &[]).await }
}

#[tokio::test]
async fn each_endpoint_admits_whom_the_table_says() {
    let app = TestApp::start().await;
    let mut people = vec![app.browser()];
    for role in Role::ALL {
        let email = format!("{}@example.com", role.as_str());
        app.user(&email, role).await;
        people.push(app.signed_in(&email).await);
    }
    for (method, path, expected) in TABLE {
        for (person, expected) in people.iter_mut().zip(expected) {
            let reply = ask(person, method, path).await;
            assert_eq!(reply.status.as_u16(), expected, "{method} {path}: {}", reply.text);
            if path != "/api/logout" {
                person.receive(&reply);
            }
        }
    }
}

#[tokio::test]
async fn a_revoked_session_is_refused_everywhere() {
    let app = TestApp::start().await;
    let id = app.user("admin@example.com", Role::Admin).await;
    let revoked = app.signed_in("admin@example.com").await;
    let mut other = app.signed_in("admin@example.com").await;
    other.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
    for (method, path, _) in TABLE.iter().filter(|(_, _, expected)| expected[0] == 401 && expected[3] != 401) {
        ask(&revoked, method, path).await.signed_out("kicked");
    }
}

#[tokio::test]
async fn refusals_by_role_are_written_down() {
    let app = TestApp::start().await;
    app.user("user@example.com", Role::User).await;
    let mut user = app.signed_in("user@example.com").await;
    user.get("/api/admin/users").await.refused(StatusCode::FORBIDDEN, "forbidden");
    assert_eq!(app.audit("forbidden").await, 1);
}

#[tokio::test]
async fn fields_that_are_not_asked_for_change_nothing() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let fields =
        [("email", "a@example.com"), ("password", "wallpaper teapot river 9"), ("role", "admin"), ("is_admin", "true")];
    browser.post("/api/register", &fields).await.expect(StatusCode::OK);
    assert_eq!(browser.session().await.json()["user"]["role"], "user");
}

#[tokio::test]
async fn users_are_found_by_prefix_and_paged_by_cursor() {
    let app = TestApp::start().await;
    app.user("admin@example.com", Role::Admin).await;
    for number in 0..5 {
        app.user(&format!("user{number}@example.com"), Role::User).await;
    }
    let mut admin = app.signed_in("admin@example.com").await;
    let first = admin.get("/api/admin/users?query=USER&limit=3").await.expect(StatusCode::OK).json();
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    let next = first["next"].as_str().unwrap();
    let second = admin.get(&format!("/api/admin/users?query=user&limit=3&cursor={next}")).await.json();
    assert_eq!(second["items"].as_array().unwrap().len(), 2);
    assert!(second["next"].is_null());
    assert_eq!(admin.get("/api/admin/users?query=%25").await.json()["items"].as_array().unwrap().len(), 0);
    for limit in ["0", "101", "-1", "x", "9223372036854775808"] {
        admin
            .get(&format!("/api/admin/users?limit={limit}"))
            .await
            .refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    }
}
