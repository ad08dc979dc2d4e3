//! Invitations: a link makes one account, with the role and for the e-mail of its row, while its giver may still give that role.

use axum::http::{StatusCode, header};
use sekisho::domain::role::Role;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;

use crate::{
    cli::{on, text},
    test_app::{Browser, PASSWORD, Reply, TestApp},
    test_database::TestDatabase,
};

const ADMIN: &str = "admin@example.com";
const EMAIL: &str = "hanako@example.com";

async fn start(registration: &str) -> (TestApp, Browser) {
    let app = TestApp::with(&[("registration", registration)]).await;
    app.user(ADMIN, Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    (app, admin)
}

/// The token of a new invitation.
async fn invite(admin: &mut Browser, email: &str, role: &str) -> String {
    let told = admin.post("/api/admin/invite", &[("email", email), ("role", role)]).await.expect(StatusCode::OK).json();
    let link = told["link"].as_str().unwrap();
    link.strip_prefix("http://localhost:3000/register?invite=").unwrap().to_owned()
}

async fn register(browser: &mut Browser, token: &str, email: &str) -> Reply {
    browser.post("/api/register", &[("email", email), ("password", PASSWORD), ("invite", token)]).await
}

#[track_caller]
fn not_valid(reply: Reply) {
    let told = reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid").json();
    assert_eq!(told, json!({ "code": "invalid", "field": "invite", "reason": "not_valid" }));
}

async fn users(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM users").await
}

async fn open(admin: &mut Browser) -> Vec<Value> {
    admin.get("/api/admin/invites").await.expect(StatusCode::OK).json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_invitation_makes_one_account_with_its_role_and_the_audit_log_names_it() {
    let (app, mut admin) = start("invite").await;
    let token = invite(&mut admin, EMAIL, "support").await;
    let id = open(&mut admin).await[0]["invite_id"].as_str().unwrap().to_owned();
    let mut guest = app.browser();
    // The role is never the form's to say.
    let fields = [("email", EMAIL), ("password", PASSWORD), ("invite", token.as_str()), ("role", "admin")];
    guest.post("/api/register", &fields).await.expect(StatusCode::OK);
    let user = guest.session().await.json()["user"].clone();
    assert_eq!((&user["email"], &user["role"]), (&json!(EMAIL), &json!("support")));
    assert_eq!(open(&mut admin).await, Vec::<Value>::new());
    let late = admin.post("/api/admin/revoke_invite", &[("invite_id", &id)]).await.expect(StatusCode::OK).json();
    assert_eq!((&late["changed"], app.audit("invite_revoke").await), (&json!(false), 0), "it was used");
    let detail = |action: &str| format!("SELECT detail FROM audit WHERE action = '{action}'");
    for action in ["invite_create", "register"] {
        let detail: Value = serde_json::from_str(&app.text(&detail(action)).await).unwrap();
        assert_eq!((&detail["invite"], &detail["role"]), (&json!(id), &json!("support")), "{action}");
    }
    not_valid(register(&mut app.browser(), &token, "other@example.com").await);
    not_valid(register(&mut app.browser(), &token, EMAIL).await);
    assert_eq!(users(&app).await, 2);
}

#[tokio::test]
async fn used_revoked_expired_and_unknown_links_are_one_answer() {
    let (app, mut admin) = start("open").await;
    let used = invite(&mut admin, "used@example.com", "user").await;
    register(&mut app.browser(), &used, "used@example.com").await.expect(StatusCode::OK);
    let revoked = invite(&mut admin, "", "user").await;
    let id = open(&mut admin).await[0]["invite_id"].as_str().unwrap().to_owned();
    for changed in [true, false] {
        let reply = admin.post("/api/admin/revoke_invite", &[("invite_id", &id)]).await.expect(StatusCode::OK);
        assert_eq!(reply.json()["changed"], changed);
    }
    assert_eq!(app.audit("invite_revoke").await, 1);
    let expired = invite(&mut admin, "", "user").await;
    app.minutes(7 * 24 * 60);
    let mut replies = Vec::new();
    for token in [used.as_str(), &revoked, &expired, &"A".repeat(43), "not a token", "%00"] {
        let reply = register(&mut app.browser().from("198.51.100.1"), token, EMAIL).await;
        replies.push((reply.status, reply.text));
        app.minutes(60);
        let terms = app.browser().get(&format!("/api/register/terms?invite={token}").replace(' ', "+")).await;
        assert_eq!(terms.expect(StatusCode::OK).json()["admission"], "not_valid", "{token}");
    }
    let answer =
        (StatusCode::UNPROCESSABLE_ENTITY, r#"{"code":"invalid","field":"invite","reason":"not_valid"}"#.to_owned());
    assert_eq!(replies, vec![answer; 6]);
    assert_eq!(users(&app).await, 2);
}

#[tokio::test]
async fn tries_with_a_link_are_throttled_as_registration_is() {
    let (app, _) = start("invite").await;
    let mut tries = 0;
    let throttled = loop {
        let reply = register(&mut app.browser(), &"A".repeat(43), EMAIL).await;
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            break reply;
        }
        not_valid(reply);
        tries += 1;
        assert!(tries < 200);
    };
    throttled.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
}

#[tokio::test]
async fn looking_at_a_link_uses_nothing_up_and_tells_its_address_to_nobody() {
    let (app, mut admin) = start("closed").await;
    let token = invite(&mut admin, EMAIL, "user").await;
    for _ in 0..3 {
        let page = app.browser().page(&format!("/register?invite={token}")).await.expect(StatusCode::OK);
        assert_eq!(page.headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
        assert!(page.text.contains(&format!("value=\"{EMAIL}\"")) && page.text.contains("readonly"), "{}", page.text);
    }
    let plain = app.browser().page("/register").await.expect(StatusCode::OK);
    assert_eq!(plain.headers[header::REFERRER_POLICY], "same-origin");
    assert!(plain.text.contains("No new accounts") && !plain.text.contains("action=\"/api/register\""));
    register(&mut app.browser(), &token, "").await.expect(StatusCode::OK);
    let again = app.browser().page(&format!("/register?invite={token}")).await.expect(StatusCode::OK).text;
    assert!(
        again.contains("This invitation doesn&#x27;t count") || again.contains("This invitation doesn't count"),
        "{again}"
    );
}

#[tokio::test]
async fn an_invitation_for_someone_is_for_no_other_address() {
    let (app, mut admin) = start("invite").await;
    let token = invite(&mut admin, EMAIL, "user").await;
    let reply = register(&mut app.browser(), &token, "other@example.com").await;
    assert_eq!(reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid").json()["field"], "email");
    register(&mut app.browser(), &token, "Hanako@Example.COM").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn each_kind_of_registration_admits_whom_it_says() {
    for (registration, alone, by_open, by_bound) in
        [("open", 200, 200, 200), ("invite", 403, 200, 200), ("closed", 403, 422, 200)]
    {
        let app = TestApp::start().await;
        app.user(ADMIN, Role::Admin).await;
        let mut admin = app.signed_in(ADMIN).await;
        let (open, bound) = (invite(&mut admin, "", "user").await, invite(&mut admin, "c@example.com", "user").await);
        let app = app.restart_with(&[("registration", registration)]).await;
        for (token, email, expected) in [
            ("", "a@example.com", alone),
            (open.as_str(), "b@example.com", by_open),
            (&bound, "c@example.com", by_bound),
        ] {
            let reply = register(&mut app.browser(), token, email).await;
            assert_eq!(reply.status.as_u16(), expected, "{registration} {email}: {}", reply.text);
        }
    }
    let (_app, mut admin) = start("closed").await;
    let reply = admin.post("/api/admin/invite", &[("role", "user")]).await;
    assert_eq!(reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid").json()["field"], "email");
}

#[tokio::test]
async fn what_an_invitation_refuses_is_named() {
    let (app, mut admin) = start("invite").await;
    app.user(EMAIL, Role::User).await;
    for (field, fields) in [
        ("email", [("email", "nowhere"), ("role", "user")]),
        ("role", [("email", "a@example.com"), ("role", "boss")]),
        ("role", [("email", "a@example.com"), ("role", "")]),
    ] {
        let reply = admin.post("/api/admin/invite", &fields).await;
        assert_eq!(reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid").json()["field"], field);
    }
    let taken = admin.post("/api/admin/invite", &[("email", EMAIL), ("role", "user")]).await;
    taken.refused(StatusCode::CONFLICT, "conflict");
    for odd in ["", "\0", "x"] {
        let reply = admin.post("/api/admin/revoke_invite", &[("invite_id", odd)]).await;
        reply.refused(StatusCode::NOT_FOUND, "not_found");
    }
    assert_eq!(open(&mut admin).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_leaves_the_invitation_as_it_was() {
    let (app, mut admin) = start("invite").await;
    let token = invite(&mut admin, "", "user").await;
    app.user(EMAIL, Role::User).await;
    register(&mut app.browser(), &token, EMAIL).await.refused(StatusCode::CONFLICT, "conflict");
    assert_eq!(open(&mut admin).await.len(), 1);
    register(&mut app.browser(), &token, "other@example.com").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn who_may_give_no_role_any_more_has_given_none() {
    for act in ["set_role", "lock_user", "delete_user"] {
        let (app, mut admin) = start("invite").await;
        app.user("former@example.com", Role::Admin).await;
        let mut former = app.signed_in("former@example.com").await;
        let mut tokens = Vec::new();
        for role in ["user", "support", "admin"] {
            tokens.push((invite(&mut former, &format!("new-{role}@example.com"), role).await, role));
        }
        let id = app.text("SELECT id FROM users WHERE email = 'former@example.com'").await;
        let fields = [("user_id", id.as_str()), ("role", "support")];
        admin.post(&format!("/api/admin/{act}"), &fields).await.expect(StatusCode::OK);
        for row in open(&mut admin).await {
            assert_eq!(row["counts"], row["role"] == "user", "{act} {row}");
        }
        for (token, role) in tokens {
            let reply = register(&mut app.browser(), &token, &format!("new-{role}@example.com")).await;
            if role == "user" { drop(reply.expect(StatusCode::OK)) } else { not_valid(reply) }
        }
    }
}

/// While it is held nothing can be written, and what was sent before has been looked at already.
async fn hold_writes(app: &TestApp) -> sqlx::SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(app.database.file());
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    other
}

/// What the transaction has to look at again, because all of it was right when the form came.
#[tokio::test]
async fn what_changed_while_the_password_was_hashed_counts() {
    for change in [
        "UPDATE users SET role = 'user' WHERE email = 'admin@example.com'",
        "UPDATE users SET locked_at = 1 WHERE email = 'admin@example.com'",
        "UPDATE invites SET revoked_at = 1",
        "UPDATE invites SET used_at = 1",
    ] {
        let app = TestApp::upon(TestDatabase::sqlite(), &[("registration", "invite")]).await;
        app.user(ADMIN, Role::Admin).await;
        let mut admin = app.signed_in(ADMIN).await;
        let token = invite(&mut admin, EMAIL, "support").await;
        let mut other = hold_writes(&app).await;
        let mut guest = app.browser();
        let registers = tokio::spawn(async move { register(&mut guest, &token, EMAIL).await });
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("{change}; COMMIT"))).execute(&mut other).await.unwrap();
        not_valid(registers.await.unwrap());
        assert_eq!(users(&app).await, 1, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_link_used_twice_at_once_makes_one_account() {
    let app = TestApp::with(&[("registration", "invite")]).await;
    app.user(ADMIN, Role::Admin).await;
    let mut admin = app.signed_in(ADMIN).await;
    for round in 0..20 {
        let token = invite(&mut admin, "", if round % 2 == 0 { "user" } else { "support" }).await;
        let registers: Vec<_> = (0..3)
            .map(|guest| {
                let (mut browser, token) = (app.browser().from(&format!("198.51.100.{round}")), token.clone());
                let email = format!("guest{round}-{guest}@example.com");
                tokio::spawn(async move { register(&mut browser, &token, &email).await.status.as_u16() })
            })
            .collect();
        let mut statuses = Vec::new();
        for one in registers {
            statuses.push(one.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422, 422]);
    }
    assert_eq!(users(&app).await, 21);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_beside_a_use_is_told_as_it_came_out() {
    let (app, mut admin) = start("invite").await;
    for round in 0..20 {
        let token = invite(&mut admin, "", "support").await;
        let id = open(&mut admin).await[0]["invite_id"].as_str().unwrap().to_owned();
        let (mut guest, mut revoker) = (app.browser().from(&format!("198.51.100.{round}")), admin.clone());
        let email = format!("guest{round}@example.com");
        let uses = tokio::spawn(async move { register(&mut guest, &token, &email).await.status.is_success() });
        let revokes = tokio::spawn(async move {
            // Now before the password is hashed, now after.
            tokio::time::sleep(std::time::Duration::from_millis(round % 7)).await;
            let reply = revoker.post("/api/admin/revoke_invite", &[("invite_id", &id)]).await;
            reply.expect(StatusCode::OK).json()["changed"].as_bool().unwrap()
        });
        let (used, revoked) = (uses.await.unwrap(), revokes.await.unwrap());
        assert!(used != revoked, "used {used}, revoked {revoked}");
    }
    let both = "SELECT COUNT(*) FROM invites WHERE used_at IS NOT NULL AND revoked_at IS NOT NULL";
    assert_eq!(app.number(both).await, 0);
}

#[tokio::test]
async fn only_the_hash_of_a_link_is_kept_and_all_goes_in_time() {
    let app = TestApp::upon(TestDatabase::sqlite(), &[("registration", "invite")]).await;
    app.user(ADMIN, Role::Admin).await;
    let mut admin = app.signed_in(ADMIN).await;
    let token = invite(&mut admin, EMAIL, "user").await;
    let files = std::fs::read_dir(app.database.folder()).unwrap().map(|entry| entry.unwrap().path());
    let leaked: Vec<u8> = files.flat_map(|file| std::fs::read(file).unwrap()).collect();
    let holds = |secret: &[u8]| leaked.windows(secret.len()).any(|bytes| bytes == secret);
    let raw = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, &token).unwrap();
    assert!(holds(EMAIL.as_bytes()) && !holds(token.as_bytes()) && !holds(&raw));
    for (days, left) in [(36, 1), (2, 0)] {
        app.minutes(days * 24 * 60);
        let tools = sekisho::server::flow::cleanup::Tools::of(&app.state);
        sekisho::server::flow::cleanup::clean_up(&tools, "test").await.unwrap();
        assert_eq!(app.number("SELECT COUNT(*) FROM invites").await, left);
    }
}

/// Sends a form of the page without scripts; where it leads.
async fn submit(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> String {
    let mut request = browser.form(path, &[fields, &[("page", "/admin/users/new")]].concat());
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    let reply = browser.send(request).await.expect(StatusCode::SEE_OTHER);
    reply.headers[header::LOCATION].to_str().unwrap().trim_start_matches("http://localhost:3000").to_owned()
}

#[tokio::test]
async fn without_scripts_a_link_is_made_shown_once_and_revoked() {
    let (_app, mut admin) = start("invite").await;
    let mut submit = async |path: &str, fields: &[(&str, &str)]| {
        let to = submit(&mut admin, path, fields).await;
        admin.page(&to).await.expect(StatusCode::OK).text
    };
    let page = submit("/api/admin/invite", &[("email", EMAIL), ("role", "support")]).await;
    assert!(page.contains("http://localhost:3000/register?invite="), "{page}");
    let page = submit("/api/admin/invite", &[("email", "nowhere"), ("role", "support")]).await;
    assert!(!page.contains("/register?invite=") && page.contains("This is not an e-mail address we can use."));
    let id = page.split("name=\"invite_id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let page = submit("/api/admin/revoke_invite", &[("invite_id", &id)]).await;
    assert!(page.contains("The invitation is revoked.") && page.contains("No open invitations"));
}

#[tokio::test]
async fn without_scripts_the_link_is_shown_to_the_session_that_asked_and_stands_in_no_address() {
    const LINK: &str = "http://localhost:3000/register?invite=";
    let (app, mut admin) = start("invite").await;
    let mut elsewhere = app.signed_in(ADMIN).await;
    let fields = [("email", EMAIL), ("role", "user")];
    let mut request = admin.form("/api/admin/invite", &[&fields[..], &[("page", "/admin/users/new")]].concat());
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    let reply = admin.send(request).await.expect(StatusCode::SEE_OTHER);
    assert_eq!(reply.headers[header::LOCATION], "/admin/users/new");
    assert!(!reply.text.contains("invite=") && reply.text.contains("\"link\":null"), "{}", reply.text);
    let page = elsewhere.page("/admin/users/new").await.expect(StatusCode::OK).text;
    assert!(!page.contains(LINK), "it is another session's");
    assert!(!admin.get("/api/admin/invites").await.text.contains(LINK), "a script is told by the answer");
    let page = admin.page("/admin/users/new").await.expect(StatusCode::OK).text;
    let token = page.split(LINK).nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(!admin.page("/admin/users/new").await.text.contains(LINK), "once");
    register(&mut app.browser(), &token, EMAIL).await.expect(StatusCode::OK);
    assert_eq!(app.number("SELECT COUNT(*) FROM invites WHERE show_token IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_link_that_nobody_came_to_see_is_shown_no_more_and_its_token_goes() {
    let (app, mut admin) = start("invite").await;
    submit(&mut admin, "/api/admin/invite", &[("role", "user")]).await;
    app.minutes(5);
    let page = admin.page("/admin/users/new").await.expect(StatusCode::OK).text;
    assert!(!page.contains("/register?invite="), "{page}");
    submit(&mut admin, "/api/admin/invite", &[("role", "user")]).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM invites WHERE show_token IS NOT NULL").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_invites_lists_and_revokes_and_needs_nobodys_role() {
    let app = TestApp::upon_today(TestDatabase::fresh().await).await;
    app.user(EMAIL, Role::User).await;
    let run = |arguments: &[&str]| {
        let done = on(&app).args(["--json", "user"]).args(arguments).output().unwrap();
        (done.status.code(), serde_json::from_slice::<Value>(&done.stdout).unwrap_or_default(), text(&done.stderr))
    };
    let (code, told, said) = run(&["invite", "--email", "new@example.com", "--role", "admin"]);
    assert_eq!(code, Some(0), "{said}");
    let token = told["link"].as_str().unwrap().split("invite=").nth(1).unwrap().to_owned();
    assert_eq!(run(&["invite", "--email", EMAIL]).0, Some(1), "has an account");
    let other = run(&["invite"]).1["invite_id"].as_str().unwrap().to_owned();
    let listed = run(&["invites"]).1;
    assert_eq!(
        (&listed[0]["invite_id"], &listed[1]["counts"], &listed[1]["by_operator"]),
        (&json!(other), &json!(true), &json!(true))
    );
    assert_eq!((run(&["uninvite", &other]).0, run(&["uninvite", &other]).0), (Some(0), Some(1)));
    assert_eq!(run(&["uninvite", "x"]).0, Some(2));
    let mut guest = app.browser();
    register(&mut guest, &token, "new@example.com").await.expect(StatusCode::OK);
    assert_eq!(guest.session().await.json()["user"]["role"], "admin");
    let closed = on(&app).args(["user", "invite", "--set", "registration=closed"]).output().unwrap();
    assert_eq!(closed.status.code(), Some(1));
    let detail = app.text("SELECT detail FROM audit WHERE action = 'invite_revoke'").await;
    assert!(detail.contains("\"by\":\"cli\"") && detail.contains(&other), "{detail}");
}
