//! What is done is written down, once, with who did it, to whom and from where.

use axum::http::StatusCode;
use sekisho::domain::role::Role;
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
