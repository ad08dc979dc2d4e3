//! Who may: the table of (endpoint, caller), for every endpoint there is.

use std::{collections::BTreeSet, fmt::Write as _};

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use leptos::server_fn::axum::server_fn_paths;
use sekisho::domain::role::Role;

use crate::test_app::{Browser, TestApp};

/// `in`: neither 401 nor 403 for who they are; what was asked is judged. `out`: `signed_out`. `no`: `forbidden`. `proof`:
/// `step_up_required`. The last admin's password was proved eleven minutes ago.
const TABLE: &str = "
                                          anonymous  user   support  revoked  locked  admin  unproved
POST /api/account/update                  out        in     in       out      out     in     in
GET /api/admin/audit                      out        no     in       out      out     in     in
GET /api/admin/audit/export               out        no     no       out      out     in     in
POST /api/admin/close_alarm               out        no     in       out      out     in     in
POST /api/admin/delete_user               out        no     no       out      out     in     proof
POST /api/admin/invite                    out        no     no       out      out     in     proof
GET /api/admin/invites                    out        no     in       out      out     in     in
POST /api/admin/kick_session              out        no     in       out      out     in     in
POST /api/admin/kick_user                 out        no     in       out      out     in     in
POST /api/admin/kick_users                out        no     in       out      out     in     in
POST /api/admin/lock_user                 out        no     no       out      out     in     proof
POST /api/admin/lock_users                out        no     no       out      out     in     proof
POST /api/admin/note/add                  out        no     in       out      out     in     in
POST /api/admin/note/delete               out        no     in       out      out     in     in
GET /api/admin/overview                   out        no     in       out      out     in     in
POST /api/admin/require_password_change   out        no     no       out      out     in     proof
POST /api/admin/revoke_invite             out        no     no       out      out     in     proof
POST /api/admin/set_role                  out        no     no       out      out     in     proof
POST /api/admin/unlock_user               out        no     no       out      out     in     proof
GET /api/admin/user                       out        no     in       out      out     in     in
GET /api/admin/users                      out        no     in       out      out     in     in
GET /api/admin/users/chosen               out        no     in       out      out     in     in
GET /api/admin/users/export               out        no     no       out      out     in     in
GET /api/admin/webhook                    out        no     no       out      out     in     in
GET /api/admin/webhooks                   out        no     no       out      out     in     in
POST /api/admin/webhooks/create           out        no     no       out      out     in     proof
POST /api/admin/webhooks/delete           out        no     no       out      out     in     proof
POST /api/admin/webhooks/resend           out        no     no       out      out     in     proof
POST /api/admin/webhooks/rotate           out        no     no       out      out     in     proof
POST /api/admin/webhooks/switch           out        no     no       out      out     in     proof
POST /api/admin/webhooks/test             out        no     no       out      out     in     proof
POST /api/admin/webhooks/update           out        no     no       out      out     in     proof
GET /api/alarms                           out        in     in       out      out     in     in
POST /api/alarms/answer                   out        in     in       out      out     in     in
GET /api/devices                          out        in     in       out      out     in     in
POST /api/devices/revoke                  out        in     in       out      out     in     in
POST /api/devices/revoke_others           out        in     in       out      out     in     in
GET /api/drafts/key                       out        in     in       out      out     in     in
POST /api/login                           in         in     in       in       in      in     in
POST /api/login/choose                    out        out    out      out      out     out    out
POST /api/login/new_password              out        out    out      out      out     out    out
GET /api/login/password                   out        out    out      out      out     out    out
GET /api/login/waiting                    out        out    out      out      out     out    out
POST /api/logout                          in         in     in       in       in      in     in
POST /api/password/change                 out        in     in       out      out     in     in
POST /api/refresh                         out        in     in       out      out     in     in
POST /api/register                        in         in     in       in       in      in     in
GET /api/register/terms                   in         in     in       in       in      in     in
GET /api/session                          out        in     in       out      out     in     in
GET /api/session/end                      in         in     in       in       in      in     in
POST /api/step_up                         out        in     in       out      out     in     in
POST /api/touch                           out        in     in       out      out     in     in
GET /auth/verify                          out        in     in       out      out     in     in
";

/// What no server function answers.
const OTHERS: [(Method, &str); 3] =
    [(Method::GET, "/api/admin/audit/export"), (Method::GET, "/api/admin/users/export"), (Method::GET, "/auth/verify")];

/// One of each kind, with a session of their own.
async fn callers(app: &TestApp, n: usize) -> Vec<Browser> {
    let email = |who: &str| format!("{who}{n}@example.com");
    let mut of = Vec::new();
    for (who, role) in [
        ("user", Role::User),
        ("support", Role::Support),
        ("revoked", Role::Admin),
        ("locked", Role::Admin),
        ("admin", Role::Admin),
        ("unproved", Role::Admin),
    ] {
        of.push((app.user(&email(who), role).await, email(who)));
    }
    let unproved = app.signed_in(&email("unproved")).await;
    app.minutes(11);
    let mut signed_in = Vec::new();
    for (_, email) in &of[..5] {
        signed_in.push(app.signed_in(email).await);
    }
    let [user, support, mut revoked, locked, mut admin] = <[Browser; 5]>::try_from(signed_in).unwrap();
    let before = revoked.clone();
    revoked.post("/api/logout", &[]).await.expect(StatusCode::OK);
    admin.post("/api/admin/lock_user", &[("user_id", &of[3].0)]).await.expect(StatusCode::OK);
    vec![app.browser(), user, support, before, locked, admin, unproved]
}

async fn let_in(browser: &mut Browser, method: &Method, path: &str) -> &'static str {
    let reply = match *method {
        Method::GET => {
            let request = browser.request(Method::GET, path).body(Body::empty()).unwrap();
            browser.deliver(request).await
        }
        _ => browser.deliver(browser.form(path, &[])).await,
    };
    assert!(!reply.status.is_server_error(), "{method} {path}: {} {}", reply.status, reply.text);
    let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&reply.status);
    match refused.then(|| reply.json()["code"].as_str().unwrap_or_default().to_owned()).as_deref() {
        Some("signed_out") => "out",
        Some("renew") => "renew",
        Some("forbidden") => "no",
        Some("step_up_required") => "proof",
        _ => "in",
    }
}

#[tokio::test]
async fn each_endpoint_lets_in_whom_the_table_says() {
    let app = TestApp::start().await;
    let functions = server_fn_paths().map(|(path, method)| (path.to_owned(), method));
    let others = OTHERS.into_iter().map(|(method, path)| (path.to_owned(), method));
    let all: BTreeSet<(String, String)> =
        functions.chain(others).map(|(path, method)| (path, method.to_string())).collect();
    let mut table = format!(
        "\n{:42}{:11}{:7}{:9}{:9}{:8}{:7}unproved\n",
        "", "anonymous", "user", "support", "revoked", "locked", "admin"
    );
    for (n, (path, method)) in all.iter().enumerate() {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut cells = Vec::new();
        for caller in &mut callers(&app, n).await {
            cells.push(let_in(caller, &method, path).await);
        }
        let [anonymous, user, support, revoked, locked, admin, unproved] = <[&str; 7]>::try_from(cells).unwrap();
        writeln!(
            table,
            "{:42}{anonymous:11}{user:7}{support:9}{revoked:9}{locked:8}{admin:7}{unproved}",
            format!("{method} {path}")
        )
        .unwrap();
    }
    assert_eq!(table, TABLE, "\n{table}");
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
