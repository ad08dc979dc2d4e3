//! The sessions on a person's page: which of them are live, which are over since when, and that they are theirs.

use std::{fmt::Write as _, time::Duration};

use axum::http::StatusCode;
use sekisho::domain::role::Role;
use serde_json::Value;

use crate::{
    conformance::{ADMIN, EMAIL, SIGN_OUT, app_of, promising},
    user_page::{person, start},
};

#[tokio::test]
async fn a_session_that_ended_by_itself_is_over_with_its_reason_and_time_and_those_of_others_are_elsewhere() {
    let (app, id, mut admin) = start().await;
    app.signed_in(ADMIN).await.post("/api/logout", &[]).await.expect(StatusCode::OK);
    let past = app.state.clock.now().0 - 1_000;
    let mut expected = Vec::new();
    for (column, reason) in [("expires_at", "expired"), ("idle_end_at", "idle"), ("absolute_end_at", "expired")] {
        let sid = app.signed_in(EMAIL).await.session_id().await;
        app.execute(&format!("UPDATE sessions SET {column} = {past} WHERE id = '{sid}'")).await;
        expected.insert(0, (sid, Value::from(reason), Value::from(past)));
        app.advance(Duration::from_millis(5));
    }
    expected.insert(0, (app.signed_in(EMAIL).await.session_id().await, Value::Null, Value::Null));
    let page = person(&mut admin, &id, "").await;
    let told = |session: &Value| {
        let sid = session["session_id"].as_str().unwrap().to_owned();
        (sid, session["ended"].clone(), session["ended_at"].clone())
    };
    let told: Vec<_> = page["sessions"].as_array().unwrap().iter().map(told).collect();
    assert_eq!((told, &page["user"]["live_sessions"]), (expected, &1.into()));
}

#[tokio::test]
async fn an_own_sign_out_is_kept_and_shown_as_one_and_told_as_no_session() {
    for kind in promising(SIGN_OUT) {
        let app = app_of(&kind, &[]).await;
        let id = app.text(&format!("SELECT id FROM users WHERE email = '{EMAIL}'")).await;
        let (mut admin, mut browser) = (app.signed_in(ADMIN).await, app.signed_in(EMAIL).await);
        let (mut left, sid) = (browser.clone(), browser.session_id().await);
        browser.post("/api/logout", &[]).await.expect(StatusCode::OK);
        left.session().await.signed_out("none");
        left.refresh().await.signed_out("none");
        let word = format!("SELECT end_reason FROM sessions WHERE id = '{sid}'");
        assert_eq!(app.text(&word).await, "signed_out", "{kind:?}");
        // As it was written before there was a word for it.
        for stored in ["signed_out", "none"] {
            app.execute(&format!("UPDATE sessions SET end_reason = '{stored}' WHERE id = '{sid}'")).await;
            assert_eq!(person(&mut admin, &id, "").await["sessions"][0]["ended"], "signed_out", "{stored}");
            for (language, stamp) in [("en", "Own sign-out"), ("ja", "本人がサインアウト")] {
                let page = admin.page(&format!("/admin/users/{id}?lang={language}")).await.expect(StatusCode::OK).text;
                assert!(page.contains(&format!("<span class=\"stamp\">{stamp}")), "{kind:?} {stored} {language}");
            }
            left.session().await.signed_out("none");
        }
    }
}

#[tokio::test]
async fn more_live_sessions_than_are_shown_are_counted_and_none_but_the_live_ones_of_this_person() {
    let (app, id, mut admin) = start().await;
    app.signed_in(EMAIL).await.post("/api/logout", &[]).await.expect(StatusCode::OK);
    let sid = app.signed_in(EMAIL).await.session_id().await;
    let mut text = format!("CREATE TABLE more AS SELECT * FROM sessions WHERE id = '{sid}';");
    for number in 0..104 {
        let copy = format!("01a1ffc5-012b-746f-aeaf-{number:012}");
        write!(text, "UPDATE more SET id = '{copy}'; INSERT INTO sessions SELECT * FROM more;").unwrap();
    }
    app.execute(&text).await;
    let page = person(&mut admin, &id, "").await;
    let live = page["sessions"].as_array().unwrap().iter().filter(|session| session["ended"].is_null()).count();
    assert_eq!((live, &page["user"]["live_sessions"]), (100, &105.into()));
}

#[tokio::test]
async fn the_page_says_whether_it_is_ones_own_who_may_change_the_account_and_since_when_a_password_is_due() {
    let (app, id, mut admin) = start().await;
    let own = app.user("support@example.com", Role::Support).await;
    let mut support = app.signed_in("support@example.com").await;
    let told = |page: Value| (page["own"].clone(), page["manageable"].clone(), page["password_due_at"].clone());
    assert_eq!(told(person(&mut support, &own, "").await), (true.into(), false.into(), Value::Null));
    let now = app.state.clock.now().0;
    admin.post("/api/admin/require_password_change", &[("user_id", &id)]).await.expect(StatusCode::OK);
    assert_eq!(told(person(&mut support, &id, "").await), (false.into(), false.into(), now.into()));
    assert_eq!(told(person(&mut admin, &id, "").await), (false.into(), true.into(), now.into()));
}
