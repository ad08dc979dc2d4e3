//! What the desk shows and does of people and the log, on the command line: the same figures, rows and acts.

use std::process::Command;

use axum::http::StatusCode;
use sekisho::{
    domain::{role::Role, time::Timestamp},
    server::{
        clock,
        node::{activity, revocation_feed::hear},
    },
};
use serde_json::{Value, json};

use crate::{
    alarms::reuse,
    cli::{on, text, with_input},
    test_app::{Browser, PASSWORD, TestApp},
};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";
const NOBODY: &str = "nobody@example.com";

/// Exit code, what was printed as JSON, and the complaint.
pub fn run(command: &mut Command) -> (Option<i32>, Value, String) {
    let done = command.arg("--json").output().unwrap();
    (done.status.code(), serde_json::from_slice(&done.stdout).unwrap_or_default(), text(&done.stderr))
}

/// What was printed as JSON by what must succeed.
pub fn json(command: &mut Command) -> Value {
    let (code, value, complaint) = run(command);
    assert_eq!(code, Some(0), "{complaint}");
    value
}

/// What is told to people by what must succeed.
fn words(command: &mut Command) -> String {
    let done = command.output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    text(&done.stdout)
}

/// Refused with an exit code and one line.
#[track_caller]
pub fn refused(app: &TestApp, arguments: &[&str], code: i32) {
    let done = on(app).args(arguments).output().unwrap();
    let complaint = text(&done.stderr);
    assert_eq!((done.status.code(), done.stdout.is_empty()), (Some(code), true), "{arguments:?}: {complaint}");
    assert!(code == 2 || complaint.lines().count() == 1, "{arguments:?}: {complaint}");
}

async fn start() -> (TestApp, String, Browser) {
    let app = TestApp::today().await;
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    (app, id, admin)
}

fn ids(rows: &Value) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_overview_of_the_command_line_has_the_figures_of_the_desk() {
    let (app, _, mut admin) = start().await;
    app.signed_in(EMAIL).await;
    app.signed_in(EMAIL).await.refresh().await.expect(StatusCode::OK);
    app.browser().sign_in(EMAIL, "not this one").await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    words(on(&app).args(["session", "kill", "--user", EMAIL]));
    activity::write_down(&app.state).await;
    activity::look(&app.state, Timestamp::default()).await.unwrap();
    for (range, steps) in [("hour", 60), ("day", 96), ("month", 120)] {
        let told = json(on(&app).args(["overview", "--range", range]));
        let totals = json!({ "live": 1, "sign_ins": 3, "failures": 1, "refreshes": 1, "kicks": 2, "reuse": 0 });
        assert_eq!((&told["totals"], &told["range"]), (&totals, &json!(range)));
        let desk = admin.get(&format!("/api/admin/overview?range={range}")).await.expect(StatusCode::OK).json();
        assert_eq!((&told["live"], &told["step_ms"]), (&desk["live"], &desk["step_ms"]));
        let points = told["series"].as_array().unwrap();
        assert!(points.iter().all(|series| series["values"].as_array().unwrap().len() == steps), "{range}");
        let kinds = |told: &Value| -> Vec<Value> {
            told["series"].as_array().unwrap().iter().map(|series| series["kind"].clone()).collect()
        };
        assert_eq!(kinds(&told), kinds(&desk));
    }
    let table = words(on(&app).arg("overview"));
    assert!(table.lines().count() == 8 && table.contains("LAST HOUR") && table.contains("sessions kicked"), "{table}");
    refused(&app, &["overview", "--range", "year"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_shown_on_the_command_line_with_all_that_the_desk_shows_of_them() {
    let (app, id, mut admin) = start().await;
    let sid = app.signed_in(EMAIL).await.session_id().await;
    words(on(&app).args(["session", "kill", &sid, "--message", "Call the desk"]));
    app.browser().sign_in(EMAIL, "not this one").await.expect(StatusCode::UNAUTHORIZED);
    with_input(on(&app).args(["user", "note", EMAIL]), "Lost a phone.\n");
    reuse(&app).await;
    let live = app.signed_in(EMAIL).await.session_id().await;
    let mut told = json(on(&app).args(["user", "show", EMAIL]));
    let mut desk = admin.get(&format!("/api/admin/user?user_id={id}")).await;
    if desk.status == StatusCode::UNAUTHORIZED {
        admin.refresh().await.expect(StatusCode::OK);
        desk = admin.get(&format!("/api/admin/user?user_id={id}")).await;
    }
    let mut desk = desk.expect(StatusCode::OK).json();
    for page in [&mut told, &mut desk] {
        assert!(page["server_now"].take().is_i64(), "the command has a clock of its own");
        for session in page["sessions"].as_array_mut().unwrap() {
            session["life_left_percent"].take();
        }
    }
    assert_eq!(told, desk);
    assert_eq!((&told["sessions"][0]["session_id"], &told["user"]["live_sessions"]), (&json!(live), &json!(1)));
    let page = words(on(&app).args(["user", "show", EMAIL]));
    for part in
        [EMAIL, "can sign in", "Open alarms", &live, &sid, "kicked", "reuse", "refused", "note_add", "Lost a phone."]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.lines().all(|line| line.chars().count() < 160), "{page}");
    words(on(&app).args(["user", "require-password-change", EMAIL]));
    assert!(words(on(&app).args(["user", "show", EMAIL])).contains("must choose another password (since "));
    let support = words(on(&app).args(["user", "show", ADMIN]));
    assert!(!support.contains("Open alarms") && !support.contains("Notes"), "what there is none of is not there");
    refused(&app, &["user", "show", NOBODY], 1);
    refused(&app, &["user", "show", "hanako"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_searched_on_the_command_line_as_on_the_desk() {
    let (app, id, mut admin) = start().await;
    app.minutes(1);
    let sid = app.signed_in(EMAIL).await.session_id().await;
    app.browser().sign_in(EMAIL, "not this one").await.expect(StatusCode::UNAUTHORIZED);
    admin.post("/api/admin/kick_user", &[("user_id", &id)]).await.expect(StatusCode::OK);
    words(on(&app).args(["user", "lock", EMAIL]));
    let now = app.state.clock.now();
    let (instant, day) = (clock::shown(now), clock::shown(now)[..10].to_owned());
    let tomorrow = clock::shown(Timestamp(now.0 + 86_400_000))[..10].to_owned();
    let mut narrowed = 0;
    for filter in [
        &[][..],
        &[("query", "kick_user")],
        &[("query", EMAIL)],
        &[("action", "sign_in")],
        &[("outcome", "refused")],
        &[("actor", ADMIN)],
        &[("target", id.as_str())],
        &[("target", NOBODY)],
        &[("session", sid.as_str())],
        &[("from", instant.as_str())],
        &[("to", instant.as_str())],
        &[("from", day.as_str()), ("to", tomorrow.as_str())],
        &[("from", tomorrow.as_str())],
        &[("action", "sign_in"), ("target", EMAIL), ("outcome", "done")],
    ] {
        let mut command = on(&app);
        command.args(["audit", "list", "--limit", "100"]);
        let mut path = "/api/admin/audit?limit=100".to_owned();
        for (name, value) in filter {
            command.args([format!("--{name}"), (*value).to_owned()]);
            path += &format!("&{name}={}", value.replace('@', "%40"));
        }
        let desk = admin.get(&path).await.expect(StatusCode::OK).json();
        let found = ids(&json(&mut command));
        assert_eq!(found, ids(&desk["items"]), "{filter:?}");
        narrowed += usize::from(!found.is_empty() && found.len() < 7);
    }
    assert!(narrowed >= 8, "{narrowed}");
    let all = ids(&json(on(&app).args(["audit", "list"])));
    let first = json(on(&app).args(["audit", "list", "--limit", "2"]));
    let second = json(on(&app).args(["audit", "list", "--limit", "2", "--cursor", &all[1]]));
    assert_eq!([ids(&first), ids(&second)].concat(), all[..4]);
    let table = words(on(&app).args(["audit", "list", "--action", "user_lock"]));
    let row = table.lines().nth(1).unwrap();
    assert!(table.starts_with("AT") && row.contains("system") && row.contains(EMAIL), "{table}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_row_of_the_log_can_be_found_by_is_wrong_usage() {
    let app = TestApp::today().await;
    for (name, value) in [
        ("--action", "sigin_in"),
        ("--outcome", "maybe"),
        ("--actor", "hanako"),
        ("--target", "1"),
        ("--session", "1"),
        ("--from", "yesterday"),
        ("--to", "2026-02-30"),
    ] {
        for act in ["list", "export"] {
            refused(&app, &["audit", act, name, value], 2);
        }
    }
    for (name, value) in [("--limit", "0"), ("--limit", "1001"), ("--cursor", "x")] {
        refused(&app, &["audit", "list", name, value], 2);
    }
    assert_eq!(app.audit("audit_export").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_out_on_the_command_line_is_what_was_asked_for_and_that_is_written_down() {
    let (app, _, _) = start().await;
    app.signed_in(EMAIL).await;
    let lines = words(on(&app).args(["audit", "export", "--action", "sign_in", "--target", EMAIL]));
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[0]["action"], &rows[0]["target"]), (1, &json!("sign_in"), &json!(EMAIL)));
    assert_eq!(words(on(&app).args(["audit", "export", "--actor", NOBODY])), "");
    words(on(&app).args(["user", "export", "--query", "hana"]));
    let evidence = |action: &str| {
        let rows = json(on(&app).args(["audit", "list", "--action", action]));
        rows.as_array().unwrap().iter().rev().map(|row| row["detail"].clone()).collect::<Vec<_>>()
    };
    let of_log = json!({ "action": "sign_in", "target": EMAIL });
    let expected = [json!({ "by": "cli", "filter": of_log }), json!({ "by": "cli", "filter": { "actor": NOBODY } })];
    assert_eq!(evidence("audit_export"), expected);
    assert_eq!(evidence("users_export"), [json!({ "by": "cli", "filter": { "query": "hana" } })]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_is_deleted_on_the_command_line_whoever_wrote_it_and_that_is_written_down() {
    let (app, id, mut admin) = start().await;
    let note = [("user_id", id.as_str()), ("text", "by the admin")];
    admin.post("/api/admin/note/add", &note).await.expect(StatusCode::OK);
    app.minutes(1);
    with_input(on(&app).args(["user", "note", EMAIL]), "From the console\n");
    let notes = json(on(&app).args(["user", "notes", EMAIL]));
    for note in notes.as_array().unwrap() {
        let note = note["note_id"].as_str().unwrap();
        assert!(words(on(&app).args(["user", "notes", EMAIL])).contains(note), "people find it there");
        assert_eq!(json(on(&app).args(["user", "delete-note", note])), json!({ "deleted": true }));
        refused(&app, &["user", "delete-note", note], 1);
    }
    assert_eq!((notes.as_array().unwrap().len(), app.number("SELECT COUNT(*) FROM user_notes").await), (2, 0));
    let rows = json(on(&app).args(["audit", "list", "--action", "note_delete"]));
    let evidence: Vec<_> = rows.as_array().unwrap().iter().map(|row| (&row["target_id"], &row["detail"])).collect();
    assert_eq!(evidence, [(&json!(id), &json!({ "by": "cli" })); 2]);
    refused(&app, &["user", "delete-note", "x"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_shut_out_on_the_command_line_is_told_what_was_said() {
    let (app, _, mut admin) = start().await;
    for (act, action) in [("require-password-change", "password_require"), ("lock", "user_lock")] {
        app.execute("UPDATE users SET password_due_at = NULL").await;
        let mut theirs = app.browser();
        theirs.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
        words(on(&app).args(["user", act, EMAIL, "--message", "Call the desk"]));
        hear(&app.state).await;
        let told = theirs.get("/api/session/end").await.expect(StatusCode::OK).json();
        assert_eq!(told["message"], "Call the desk", "{act}");
        let desk = admin.get(&format!("/api/admin/audit?action={action}")).await.expect(StatusCode::OK).json();
        let detail: Value = serde_json::from_str(desk["items"][0]["detail"].as_str().unwrap()).unwrap();
        assert_eq!(detail, json!({ "by": "cli", "message": "Call the desk", "ended": 1 }), "{act}");
        refused(&app, &["user", act, EMAIL, "--message", " "], 2);
    }
}
