//! What receivers are told of which row, and of which they are told nothing.

use super::*;

fn told_with(event: Event, outcome: Outcome, detail: &Value) -> Vec<(&'static str, Value)> {
    let row = Happened { event, outcome, actor: Some("a"), target: Some("t"), session: Some("s"), detail };
    messages(&row).into_iter().map(|message| (message.kind.as_str(), Value::Object(message.data))).collect()
}

fn told(event: Event, detail: &Value) -> Vec<(&'static str, Value)> {
    told_with(event, Outcome::Done, detail)
}

#[test]
fn a_sign_in_tells_of_its_session_and_of_the_one_it_replaced() {
    let created = ("session.created", json!({ "user_id": "t", "actor_id": "a", "session_id": "s" }));
    let former =
        ("session.ended", json!({ "user_id": null, "actor_id": null, "session_id": "old", "reason": "signed_out" }));
    assert_eq!(told(Event::SignIn, &Value::Null), std::slice::from_ref(&created));
    assert_eq!(told(Event::SignIn, &json!({ "replaced_sessions": ["old"] })), [created.clone(), former]);
    let account = ("user.created", json!({ "user_id": "t", "actor_id": "a" }));
    assert_eq!(told(Event::Register, &Value::Null), [account, created]);
}

#[test]
fn a_session_that_someone_ended_is_called_by_its_own_id_and_not_by_that_of_who_did_it() {
    let detail = json!({ "ended_session": "other" });
    for (event, session, reason) in [
        (Event::SignOut, "s", "signed_out"),
        (Event::SessionRevoke, "other", "revoked"),
        (Event::KickSession, "other", "kicked"),
        (Event::SessionEvict, "s", "limit"),
    ] {
        let data = json!({ "user_id": "t", "actor_id": "a", "session_id": session, "reason": reason });
        assert_eq!(told(event, &detail), [("session.ended", data)], "{event:?}");
    }
}

#[test]
fn what_ends_all_sessions_says_so_and_which_one_is_left() {
    let all = |except: Value, reason: &str| {
        let data = json!({ "user_id": "t", "actor_id": "a", "except_session_id": except, "reason": reason });
        ("user.sessions_ended", data)
    };
    let account = |name| (name, json!({ "user_id": "t", "actor_id": "a" }));
    let told = |event| told(event, &Value::Null);
    assert_eq!(told(Event::Kick), [all(Value::Null, "kicked")]);
    assert_eq!(told(Event::SessionsRevokeOthers), [all("s".into(), "revoked")]);
    assert_eq!(told(Event::PasswordChange), [account("user.password_changed"), all("s".into(), "password")]);
    assert_eq!(told(Event::UserLock), [account("user.locked"), all(Value::Null, "locked")]);
    assert_eq!(told(Event::UserDelete), [account("user.deleted"), all(Value::Null, "locked")]);
}

#[test]
fn another_role_is_told_with_the_former() {
    let data = json!({ "user_id": "t", "actor_id": "a", "from": "user", "to": "admin" });
    let roles = json!({ "from": "user", "to": "admin", "more": "x" });
    assert_eq!(told(Event::RoleChange, &roles), [("user.role_changed", data)]);
}

#[test]
fn a_refusal_is_told_to_nobody_but_for_a_token_that_was_used_twice() {
    for event in Event::ALL.into_iter().filter(|event| *event != Event::RefreshReuse) {
        assert_eq!(told_with(event, Outcome::Refused, &json!({ "ended_session": "x" })), [], "{event:?}");
    }
    let twice = told_with(Event::RefreshReuse, Outcome::Refused, &json!({ "rotated_address": "203.0.113.7" }));
    assert_eq!(twice.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["session.reuse_detected", "session.ended"]);
    assert_eq!(twice[1].1["reason"], "reuse");
    assert!(!twice[0].1.to_string().contains("203.0.113.7"));
}

#[test]
fn a_row_without_a_user_makes_no_message_but_of_the_session_it_names() {
    let row = |event| Happened {
        event,
        outcome: Outcome::Done,
        actor: None,
        target: None,
        session: Some("s"),
        detail: &Value::Null,
    };
    assert_eq!(messages(&row(Event::UserCreate)), []);
    let ended = messages(&row(Event::SignOut));
    assert_eq!((ended.len(), &ended[0].data["session_id"]), (1, &"s".into()));
}

#[test]
fn a_subscription_reads_what_a_form_and_what_a_script_sends() {
    let parse = |texts: &[&'static str]| Subscription::parse(texts.iter().copied()).map(|all| all.names());
    assert_eq!(parse(&["user.locked", "session.ended"]), Ok(vec!["session.ended", "user.locked"]));
    assert_eq!(parse(&["user.locked, session.ended user.locked"]), Ok(vec!["session.ended", "user.locked"]));
    assert_eq!(parse(&["user.locked", "user.*"]), Err("user.*"));
    assert_eq!(parse(&["webhook.test"]), Err("webhook.test"), "a test is asked for, not subscribed to");
    let (none, one) = (Subscription::parse([""]).unwrap(), Subscription::parse(["user.locked"]).unwrap());
    for kind in MessageType::ALL {
        assert!(none.wants(kind));
        assert_eq!(one.wants(kind), kind == MessageType::UserLocked);
    }
}
