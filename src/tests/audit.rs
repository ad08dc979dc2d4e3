//! What is done is written down, once, with who did it, to whom and from where.

use axum::http::StatusCode;
use sekisho::{domain::role::Role, server::store::On};
use serde_json::Value;

use crate::test_app::{Browser, PASSWORD, TestApp};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";
const NEW: &str = "another teapot river 9";
const WRONG: &str = "this is not the password";

/// What someone does with an account and an admin with theirs, one act after the other.
async fn act(app: &TestApp, admin: &mut Browser) {
    let mut here = app.browser();
    here.post("/api/register", &[("email", EMAIL), ("password", PASSWORD)]).await.expect(StatusCode::OK);
    app.browser().sign_in(EMAIL, WRONG).await.expect(StatusCode::UNAUTHORIZED);
    let sid = app.signed_in(EMAIL).await.session_id().await;
    here.post("/api/devices/revoke", &[("session_id", &sid)]).await.expect(StatusCode::OK);
    here.post("/api/devices/revoke_others", &[]).await.expect(StatusCode::OK);
    for (current, status) in [(WRONG, StatusCode::UNAUTHORIZED), (PASSWORD, StatusCode::OK)] {
        here.post("/api/password/change", &[("current_password", current), ("new_password", NEW)]).await.expect(status);
    }
    for (password, status) in [(WRONG, StatusCode::UNAUTHORIZED), (NEW, StatusCode::OK)] {
        here.post("/api/step_up", &[("password", password)]).await.expect(status);
    }
    here.post("/api/account/update", &[("display_name", "Hanako")]).await.expect(StatusCode::OK);
    let told = here.session().await.json();
    let (user, sid) = (told["user"]["id"].as_str().unwrap(), told["session_id"].as_str().unwrap());
    admin.post("/api/admin/kick_session", &[("session_id", sid)]).await.expect(StatusCode::OK);
    admin.post("/api/admin/kick_user", &[("user_id", user)]).await.expect(StatusCode::OK);
    here.sign_in(EMAIL, NEW).await.expect(StatusCode::OK);
    here.post("/api/logout", &[]).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn each_act_is_written_down_once_with_who_did_it_and_to_whom() {
    let app = TestApp::start().await;
    app.user(ADMIN, Role::Admin).await;
    let mut admin = app.signed_in(ADMIN).await;
    act(&app, &mut admin).await;
    let rows = admin.get("/api/admin/audit?limit=100").await.expect(StatusCode::OK).json()["items"].clone();
    let name = |of: &Value| of.as_str().unwrap_or("nobody").trim_end_matches("@example.com").to_owned();
    let mut told = Vec::new();
    for row in rows.as_array().unwrap() {
        if row["actor"] != "system" {
            assert_eq!(row["address"], "203.0.113.7", "{row}");
            assert!(row["request_id"].is_string() && row["user_agent"].is_string(), "{row}");
        }
        let (action, outcome) = (row["action"].as_str().unwrap(), row["outcome"].as_str().unwrap());
        told.push(format!("{action} {outcome}, {} to {}", name(&row["actor"]), name(&row["target"])));
    }
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "account_update done, hanako to hanako",
            "kick_session done, admin to hanako",
            "kick_user done, admin to hanako",
            "password_change done, hanako to hanako",
            "password_change refused, hanako to hanako",
            "register done, hanako to hanako",
            "session_revoke done, hanako to hanako",
            "sessions_revoke_others done, hanako to hanako",
            "sign_in done, admin to admin",
            "sign_in done, hanako to hanako",
            "sign_in done, hanako to hanako",
            "sign_in refused, nobody to hanako",
            "sign_out done, hanako to nobody",
            "step_up done, hanako to hanako",
            "step_up refused, hanako to hanako",
            "user_create done, system to admin",
        ]
    );
}

/// No row of this action can be written.
pub async fn refuse_to_write_down(app: &TestApp, action: &str) {
    refuse_rows(app, action, &format!("NEW.action = '{action}'")).await;
}

/// No row of what is done to them can be written.
pub async fn refuse_to_write_down_of(app: &TestApp, user: &str) {
    refuse_rows(app, "of_someone", &format!("NEW.target_id = '{user}'")).await;
}

async fn refuse_rows(app: &TestApp, name: &str, which: &str) {
    app.execute(&match app.state.db.read() {
        On::Sqlite(_) => format!(
            "CREATE TRIGGER refuse_{name} BEFORE INSERT ON audit WHEN {which}
             BEGIN SELECT RAISE(ABORT, 'on purpose'); END"
        ),
        _ => format!(
            "CREATE TRIGGER refuse_{name} BEFORE INSERT ON audit FOR EACH ROW WHEN ({which})
             EXECUTE FUNCTION audit_refuses()"
        ),
    })
    .await;
}

/// All that an act on someone could change.
async fn standing(app: &TestApp, id: &str) -> (String, Vec<i64>) {
    let text = format!("SELECT role || ' ' || version || ' ' || dead_below FROM users WHERE id = '{id}'");
    let mut counts = Vec::new();
    for count in [
        "SELECT COUNT(*) FROM users WHERE locked_at IS NULL",
        "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL",
        "SELECT COUNT(*) FROM revocations",
        "SELECT seq FROM feed",
        "SELECT COUNT(*) FROM audit",
        "SELECT COUNT(*) FROM user_notes",
        "SELECT COUNT(*) FROM users WHERE password_due_at IS NOT NULL",
    ] {
        counts.push(app.number(count).await);
    }
    (app.text(&text).await, counts)
}

#[tokio::test]
async fn an_admin_act_that_can_not_be_written_down_does_not_happen() {
    let app = TestApp::start().await;
    app.user(ADMIN, Role::Admin).await;
    let id = app.user(EMAIL, Role::User).await;
    let locked = app.user("locked@example.com", Role::User).await;
    let (mut admin, mut user) = (app.signed_in(ADMIN).await, app.signed_in(EMAIL).await);
    admin.post("/api/admin/lock_user", &[("user_id", &locked)]).await.expect(StatusCode::OK);
    let sid = user.session_id().await;
    app.settle().await;
    for (act, action, fields) in [
        ("kick_user", "kick_user", vec![("user_id", id.as_str())]),
        ("kick_session", "kick_session", vec![("session_id", sid.as_str())]),
        ("set_role", "role_change", vec![("user_id", id.as_str()), ("role", "support")]),
        ("lock_user", "user_lock", vec![("user_id", id.as_str())]),
        ("unlock_user", "user_unlock", vec![("user_id", locked.as_str())]),
        ("require_password_change", "password_require", vec![("user_id", id.as_str())]),
        ("note/add", "note_add", vec![("user_id", id.as_str()), ("text", "a note")]),
        ("delete_user", "user_delete", vec![("user_id", id.as_str())]),
    ] {
        refuse_to_write_down(&app, action).await;
        let before = standing(&app, &id).await;
        let reply = admin.post(&format!("/api/admin/{act}"), &fields).await;
        reply.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
        assert_eq!(standing(&app, &id).await, before, "{act}");
        user.session().await.expect(StatusCode::OK);
    }
    for list in ["audit", "users"] {
        refuse_to_write_down(&app, &format!("{list}_export")).await;
        let reply = admin.get(&format!("/api/admin/{list}/export")).await;
        reply.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    }
    refuse_to_write_down(&app, "invite_create").await;
    let reply = admin.post("/api/admin/invite", &[("role", "user")]).await;
    reply.refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    assert_eq!(app.number("SELECT COUNT(*) FROM invites").await, 0);
}
