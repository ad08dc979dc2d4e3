//! The desk's page of one person, and what an admin has someone told whose session they end.

use axum::http::{Method, StatusCode, header};
use sekisho::{domain::role::Role, server::store::On};
use serde_json::Value;

use crate::{
    cleanup::plan,
    conformance::{ADMIN, EMAIL, KICK, app_of, promising},
    test_app::{Browser, PASSWORD, TestApp},
};

const WORDS: &str = "Call the desk, <b>ext. 7</b>, before you sign in.";

pub async fn start() -> (TestApp, String, Browser) {
    let app = TestApp::start().await;
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let admin = app.signed_in(ADMIN).await;
    (app, id, admin)
}

pub async fn person(admin: &mut Browser, id: &str, cursor: &str) -> Value {
    admin.get(&format!("/api/admin/user?user_id={id}&cursor={cursor}")).await.expect(StatusCode::OK).json()
}

pub async fn kick(admin: &mut Browser, id: &str, message: &str) -> Value {
    let fields = [("user_id", id), ("message", message)];
    admin.post("/api/admin/kick_user", &fields).await.expect(StatusCode::OK).json()
}

pub async fn notice(browser: &mut Browser) -> Value {
    browser.get("/api/session/end").await.expect(StatusCode::OK).json()
}

#[tokio::test]
async fn a_person_is_shown_with_their_live_sessions_and_page_by_page_with_those_that_are_over() {
    let (app, id, mut admin) = start().await;
    for _ in 0..45 {
        app.signed_in(EMAIL).await;
        app.advance(std::time::Duration::from_millis(5));
    }
    kick(&mut admin, &id, "for the night").await;
    let live = app.signed_in(EMAIL).await.session_id().await;
    let (mut cursor, mut over, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let page = person(&mut admin, &id, &cursor).await;
        let sessions = page["sessions"].as_array().unwrap().clone();
        assert_eq!((&page["user"]["live_sessions"], &sessions[0]["session_id"]), (&1.into(), &live.as_str().into()));
        assert!(sessions[0]["ended"].is_null() && sessions[1..].iter().all(|ended| ended["ended"] == "kicked"));
        assert!(sessions[1..].iter().all(|ended| ended["message"] == "for the night"));
        over.extend(sessions[1..].iter().map(|ended| ended["session_id"].as_str().unwrap().to_owned()));
        pages += 1;
        match page["next_ended"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!((pages, over.len()), (3, 45));
    assert!(over.is_sorted_by(|one, next| one > next), "each once, the newest first");
    admin.get("/api/admin/user?user_id=none").await.refused(StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn how_sign_ins_came_out_and_what_was_done_by_and_to_a_person_is_on_their_page() {
    let (app, id, mut admin) = start().await;
    app.minutes(1);
    app.browser().from("198.51.100.9").sign_in(EMAIL, "wrong, all of it").await.expect(StatusCode::UNAUTHORIZED);
    app.minutes(1);
    let mut browser = app.signed_in(EMAIL).await;
    app.minutes(1);
    browser.post("/api/account/update", &[("display_name", "Hanako")]).await.expect(StatusCode::OK);
    app.minutes(1);
    kick(&mut admin, &id, "").await;
    let page = person(&mut admin, &id, "").await;
    let told = |rows: &Value, field: &str| -> Vec<String> {
        rows.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(told(&page["sign_ins"], "outcome"), ["done", "refused"]);
    assert_eq!(told(&page["sign_ins"], "address"), ["203.0.113.7", "198.51.100.9"]);
    assert_eq!(
        told(&page["trail"], "action"),
        ["kick_user", "account_update", "sign_in", "sign_in", "user_create"],
        "by them and on them"
    );
    assert_eq!((&page["own"], &page["manageable"], &page["kept"]), (&false.into(), &true.into(), &true.into()));
}

#[tokio::test]
async fn each_part_of_the_page_is_found_by_its_index() {
    let (app, ..) = start().await;
    let sign_ins = sekisho::server::store::audit::SIGN_INS.replace("$1", "'x'").replace("$2", "10");
    for (query, index) in [
        (sign_ins.as_str(), "audit_by_target"),
        (
            "SELECT * FROM sessions WHERE user_id = 'x' AND id < 'g' AND (ended_at IS NOT NULL OR expires_at <= 1)
          ORDER BY id DESC LIMIT 21",
            "sessions_of_user",
        ),
        ("SELECT * FROM user_notes WHERE user_id = 'x' ORDER BY id DESC LIMIT 100", "user_notes_of_user"),
        ("SELECT * FROM alarms WHERE user_id = 'x' ORDER BY id DESC LIMIT 20", "alarms_of_user"),
        ("SELECT id FROM alarms WHERE answered_at IS NULL ORDER BY id DESC LIMIT 5", "alarms_open"),
    ] {
        let plan = plan(&app, query).await;
        assert!(plan.contains(index), "{index}: {plan}");
        if matches!(app.state.db.read(), On::Sqlite(_)) {
            assert!(!plan.contains("TEMP"), "no sorting: {plan}");
        }
    }
}

#[tokio::test]
async fn whoever_is_kicked_reads_the_words_that_went_with_it_by_the_credential_of_that_session_only() {
    for kind in promising(KICK) {
        let app = app_of(&kind, &[]).await;
        let id = app.text(&format!("SELECT id FROM users WHERE email = '{EMAIL}'")).await;
        let (mut admin, mut theirs) = (app.signed_in(ADMIN).await, app.signed_in(EMAIL).await);
        let gone = app.signed_in(EMAIL).await;
        gone.clone().post("/api/logout", &[]).await.expect(StatusCode::OK);
        assert_eq!(notice(&mut theirs).await, Value::Null, "nothing has ended");
        kick(&mut admin, &id, &format!(" {WORDS}\r\n\u{202e}\u{0}")).await;
        theirs.session().await.signed_out("kicked");
        let told = notice(&mut theirs).await;
        assert_eq!((&told["reason"], &told["message"]), (&"kicked".into(), &WORDS.into()), "{kind:?}");
        for mut other in [app.browser(), gone, admin.clone()] {
            assert_eq!(notice(&mut other).await, Value::Null, "{kind:?}");
        }
        let mut forged = theirs.clone();
        for value in forged.cookies.values_mut() {
            let last = if value.ends_with('A') { "B" } else { "A" };
            value.replace_range(value.len() - 1.., last);
        }
        forged.cookies.retain(|name, _| name != "__Host-access");
        assert_eq!(notice(&mut forged).await, Value::Null, "{kind:?}");
        theirs.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
        assert_eq!(notice(&mut theirs).await, Value::Null, "another session has begun");
    }
}

#[tokio::test]
async fn one_session_is_ended_with_words_that_no_other_reads() {
    let (app, id, mut admin) = start().await;
    let (mut one, mut other) = (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await);
    let sid = one.session_id().await;
    let fields = [("session_id", sid.as_str()), ("message", "This one only")];
    admin.post("/api/admin/kick_session", &fields).await.expect(StatusCode::OK);
    assert_eq!(notice(&mut one).await["message"], "This one only");
    kick(&mut admin, &id, "").await;
    other.session().await.signed_out("kicked");
    assert_eq!(notice(&mut other).await, Value::Null, "nothing was said");
    assert_eq!(notice(&mut one).await["message"], "This one only", "nor taken back");
    let detail = app.text("SELECT detail FROM audit WHERE action = 'kick_session'").await;
    assert!(detail.contains("This one only"), "{detail}");
}

#[tokio::test]
async fn a_lock_says_its_words_too_and_what_is_too_long_ends_nothing() {
    let (app, id, mut admin) = start().await;
    let mut theirs = app.signed_in(EMAIL).await;
    let long = "字".repeat(201);
    for act in ["kick_user", "lock_user", "require_password_change"] {
        let reply = admin.post(&format!("/api/admin/{act}"), &[("user_id", &id), ("message", &long)]).await;
        assert_eq!(reply.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid").json()["field"], "message", "{act}");
    }
    theirs.session().await.expect(StatusCode::OK);
    let longest = "字".repeat(200);
    admin.post("/api/admin/lock_user", &[("user_id", &id), ("message", &longest)]).await.expect(StatusCode::OK);
    theirs.session().await.signed_out("locked");
    let told = notice(&mut theirs).await;
    assert_eq!((&told["reason"], &told["message"]), (&"locked".into(), &longest.into()));
}

#[tokio::test]
async fn without_scripts_the_sign_in_page_says_the_words_as_text_and_no_address_has_them() {
    for kind in promising(KICK) {
        let app = app_of(&kind, &[]).await;
        let id = app.text(&format!("SELECT id FROM users WHERE email = '{EMAIL}'")).await;
        let (mut admin, mut theirs) = (app.signed_in(ADMIN).await, app.signed_in(EMAIL).await);
        let mut form = admin.form(
            "/api/admin/kick_user",
            &[("user_id", &id), ("message", WORDS), ("page", &format!("/admin/users/{id}"))],
        );
        form.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        let back = admin.send(form).await.expect(StatusCode::SEE_OTHER);
        let back = back.headers[header::LOCATION].to_str().unwrap().replace("http://localhost:3000", "");
        assert!(!back.contains("desk"), "no words in an address: {back}");
        let page = admin.page(&back).await.expect(StatusCode::OK).text;
        assert!(page.contains("One session was ended. In force on every server after"), "{kind:?}");
        let sent = theirs.page("/settings/devices").await;
        let to = sent.headers[header::LOCATION].to_str().unwrap().to_owned();
        assert!(to.contains("reason=kicked") && !to.contains("desk"), "{to}");
        let page = theirs.page(&to).await.expect(StatusCode::OK).text;
        assert!(page.contains("Call the desk, &lt;b&gt;ext. 7&lt;/b&gt;"), "{kind:?}");
        assert!(!page.contains("<b>ext"), "it is text, not markup");
        // Neither a link nor a form without scripts brings words of anybody else's.
        let page = app.browser().page(&format!("{to}&message=phishing")).await.expect(StatusCode::OK).text;
        assert!(!page.contains("Call the desk") && !page.contains("phishing</"), "{kind:?}");
        let mut form = theirs.form("/api/account/update", &[("display_name", "x"), ("page", "/settings/account")]);
        form.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        let led = theirs.send(form).await;
        let led = led.headers[header::LOCATION].to_str().unwrap();
        let query = led.split_once("__err=").map(|(_, error)| error.to_owned()).unwrap_or_default();
        assert!(!query.is_empty() && query.len() < 120, "a code and a reason: {led}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kick_with_words_at_once_with_refreshes_ends_it_for_all_of_them_and_says_why() {
    let (app, id, mut admin) = start().await;
    for round in 0..20 {
        let theirs = app.signed_in(EMAIL).await;
        app.advance(std::time::Duration::from_secs(30));
        let racers: Vec<_> = (0..4)
            .map(|_| {
                let mut tab = theirs.clone();
                tokio::spawn(async move {
                    tab.refresh().await;
                    tab
                })
            })
            .collect();
        kick(&mut admin, &id, "out").await;
        for racer in racers {
            let mut tab = racer.await.unwrap();
            tab.session().await.signed_out("kicked");
            tab.refresh().await.signed_out("kicked");
            assert_eq!(notice(&mut tab).await["message"], "out", "round {round}");
        }
    }
}

#[tokio::test]
async fn a_kick_tells_how_long_it_took_and_how_many_servers_have_not_said_yet_that_they_have_it() {
    let (app, id, mut admin) = start().await;
    app.signed_in(EMAIL).await;
    let done = kick(&mut admin, &id, "").await;
    assert_eq!((&done["ended"], &done["everywhere"], &done["behind"]), (&1.into(), &true.into(), &0.into()));
    assert!(done["took_ms"].is_u64(), "{done}");
    for name in ["mute", "deaf"] {
        app.execute(&format!("INSERT INTO nodes (id, beat, applied, started_at) VALUES ('{name}', 1, 0, 0)")).await;
    }
    app.signed_in(EMAIL).await;
    let pending = kick(&mut admin, &id, "").await;
    assert_eq!((&pending["everywhere"], &pending["behind"]), (&false.into(), &2.into()));
}

#[tokio::test]
async fn a_strategy_that_keeps_nothing_says_so_and_tells_nobody_anything() {
    let app = TestApp::with(&[("session.strategy", "jwt")]).await;
    let id = app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let (mut admin, mut theirs) = (app.signed_in(ADMIN).await, app.signed_in(EMAIL).await);
    let fields = [("user_id", id.as_str()), ("message", WORDS)];
    admin.post("/api/admin/kick_user", &fields).await.refused(StatusCode::CONFLICT, "conflict");
    admin.post("/api/admin/lock_user", &fields).await.expect(StatusCode::OK);
    assert_eq!(notice(&mut theirs).await, Value::Null);
    assert_eq!(person(&mut admin, &id, "").await["kept"], false);
    let request = theirs.request(Method::GET, "/api/session/end").body(axum::body::Body::empty()).unwrap();
    assert!(theirs.deliver(request).await.set_cookies().is_empty(), "to ask changes nothing");
}
