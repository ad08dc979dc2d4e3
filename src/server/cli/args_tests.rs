//! What is typed, and what it is taken for.

use super::*;
use crate::domain::role::Role;

fn read(line: &str) -> Result<Cli, clap::Error> {
    parse(std::iter::once("sekisho").chain(line.split_whitespace()).map(Into::into))
}

#[test]
fn the_definition_is_sound() {
    command().debug_assert();
}

#[test]
fn without_a_command_flags_are_taken_and_nothing_is_set() {
    let cli = read("").unwrap();
    assert!(cli.command.is_none() && cli.config.is_none() && !cli.json && cli.set.is_empty());
    assert_eq!(read("--set server.addr=127.0.0.1:0").unwrap().set, ["server.addr=127.0.0.1:0"]);
}

#[test]
fn flags_count_before_and_after_the_command_in_their_order() {
    let cli = read("--set a=1 user --set b=2 list --set c=3 --set a=4 --json --config x.toml").unwrap();
    assert_eq!(cli.set, ["a=1", "b=2", "c=3", "a=4"]);
    assert!(cli.json && cli.config == Some(PathBuf::from("x.toml")));
    assert!(read("--json serve").unwrap().json);
}

#[test]
fn an_account_is_named_in_its_canonical_form() {
    let Some(Command::User(UserCommand::SetRole { email, role })) =
        read("user set-role Hanako@Example.com admin").unwrap().command
    else {
        panic!("read as something else")
    };
    assert_eq!((email.as_str(), role), ("hanako@example.com", Role::Admin));
}

#[test]
fn what_is_killed_is_one_session_or_those_of_one_user() {
    let id = "0192a5c0-7d3e-7b21-9f00-0123456789ab";
    assert!(read(&format!("session kill {id}")).is_ok());
    assert!(read("session kill --user a@example.com").is_ok());
    let Some(Command::Session(SessionCommand::Kill { user, .. })) =
        read("session kill --user a@example.com --user b@example.com").unwrap().command
    else {
        panic!("read as something else")
    };
    assert_eq!(user.len(), 2);
    assert!(read("session kill").is_err());
    assert!(read("session kill --all").is_ok());
    for line in [format!("session kill {id} --all"), "session kill --user a@example.com --since 2h".to_owned()] {
        assert!(read(&line).is_err(), "{line}");
    }
    assert!(read(&format!("session kill {id} --user a@example.com")).is_err());
}

#[test]
fn since_is_a_length_or_an_instant() {
    let since = |typed: &str| match read(&format!("session kill --since {typed}")).ok()?.command? {
        Command::Session(SessionCommand::Kill { since, .. }) => since,
        _ => None,
    };
    assert_eq!(since("2h"), Some(Since::Ago(Duration::from_hours(2))));
    assert_eq!(since("2030-01-01T01:00:00+01:00"), Some(Since::At(Timestamp(1_893_456_000_000))));
    assert_eq!(since("yesterday"), None);
}

#[test]
fn refresh_tokens_are_refused_at_once_or_not_at_all() {
    assert!(read("keys rotate --now --all").is_ok());
    assert_eq!(read("keys rotate --all").unwrap_err().exit_code(), 2);
}

#[test]
fn wrong_usage_exits_with_two_and_help_with_zero() {
    for line in [
        "fly",
        "user",
        "user create --email a@example.com --role admin",
        "user create --email a --role admin --password-stdin",
        "user create --email a@example.com --role boss --password-stdin",
        "session kill 1",
        "user delete",
        "keys",
        "keys rotate now",
        "overview --range year",
        "user show hanako",
        "user delete-note 1",
        "audit list --action sigin_in",
        "audit export --limit 1",
        "webhook update 1",
        "webhook update 1 --event user.locked --all-events",
        "webhook resend 1",
        "--set",
        "serve --port 1",
    ] {
        assert_eq!(read(line).unwrap_err().exit_code(), 2, "{line}");
    }
    assert!(read("user create --email a@example.com --role admin --password-stdin").is_ok());
    assert_eq!(read("--help").unwrap_err().exit_code(), 0);
    assert_eq!(read("user create --version").unwrap_err().exit_code(), 0);
}

#[test]
fn what_is_not_named_of_a_webhook_is_not_said_anew() {
    let change = |line: &str| match read(line).unwrap().command {
        Some(Command::Webhook(WebhookCommand::Update { change, .. })) => change,
        _ => panic!("read as something else"),
    };
    let events = change("webhook update 1 --event user.locked --event user.created");
    assert_eq!(events.events.map(|events| events.len()), Some(2));
    assert!(events.url.is_none() && events.description.is_none() && !events.all_events);
    assert!(change("webhook update 1 --description x").events.is_none());
}

#[test]
fn a_demo_has_somebody_in_it() {
    assert!(read("demo seed --users 200 --expired-each 2 --password-stdin --json").is_ok());
    for line in ["demo seed", "demo seed --users 0", "demo seed --users 1 --live-each -1"] {
        assert!(read(line).is_err(), "{line}");
    }
}
