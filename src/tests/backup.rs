//! `sekisho backup` and `restore`: a copy made while the server runs, and what is believed after it was put in place.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use axum::http::StatusCode;

use crate::{
    binary::Server,
    cli::{run, sekisho, text, with_input},
    test_app::{Browser, FIREFOX, PASSWORD},
    test_database::TestDatabase,
};

const HANAKO: &str = "hanako@example.com";
const TARO: &str = "taro@example.com";
const OTHER_SECRET: &str = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";

fn on(database: &TestDatabase) -> Command {
    let mut command = sekisho(database.folder());
    command.env("SEKISHO_DATABASE__URL", database.url());
    command
}

#[track_caller]
fn done(database: &TestDatabase, arguments: &[&str]) -> String {
    let done = run(on(database).args(arguments));
    assert_eq!(done.status.code(), Some(0), "{arguments:?} {}", text(&done.stderr));
    text(&done.stdout)
}

/// What it says in its one line.
#[track_caller]
fn refused(command: &mut Command, code: i32) -> String {
    let done = run(command);
    let line = text(&done.stderr);
    assert_eq!((done.status.code(), line.lines().count()), (Some(code), 1), "{line}");
    line
}

/// A server with two accounts, which are signed in nowhere.
fn start() -> (TestDatabase, Server) {
    let database = TestDatabase::sqlite();
    let server = Server::upon(&database, &database.url());
    for email in [HANAKO, TARO] {
        let create = ["user", "create", "--email", email, "--role", "user", "--password-stdin"];
        let made = with_input(on(&database).args(create), &format!("{PASSWORD}\n"));
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    }
    (database, server)
}

fn ask(server: &Server, browser: &mut Browser, method: &str, path: &str, form: &str) -> StatusCode {
    let reply = server.ask(browser, method, path, form);
    browser.receive(&reply);
    reply.status
}

fn signed_in(server: &Server, email: &str) -> Browser {
    let (router, cookies, address) = (axum::Router::new(), BTreeMap::new(), String::new());
    let mut browser = Browser { router, cookies, user_agent: FIREFOX.to_owned(), address };
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", email), ("password", PASSWORD)])
        .finish();
    assert_eq!(ask(server, &mut browser, "POST", "/api/login", &form), StatusCode::OK);
    browser
}

/// What its cookies are worth: a check, and a refresh.
fn worth(server: &Server, browser: &Browser) -> [StatusCode; 2] {
    let check = ask(server, &mut browser.clone(), "GET", "/auth/verify", "");
    [check, ask(server, &mut browser.clone(), "POST", "/api/refresh", "")]
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

#[test]
fn a_copy_is_made_beside_a_running_server_for_its_owner_only_and_over_no_other_file() {
    let (database, server) = start();
    let file = database.folder().join("copy");
    done(&database, &["backup", path(&file)]);
    server.is_well();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let copy = std::fs::read(&file).unwrap();
    assert!(copy.windows(HANAKO.len()).any(|bytes| bytes == HANAKO.as_bytes()));
    assert!(refused(on(&database).args(["backup", path(&file)]), 1).contains("is there already"));
    assert_eq!(std::fs::read(&file).unwrap(), copy);
    let other = TestDatabase::sqlite();
    assert!(refused(on(&other).args(["backup", path(&file)]), 1).contains("there is no database"));
    assert!(!other.file().exists());
}

#[test]
fn after_a_restore_nothing_that_was_issued_before_is_believed() {
    let (database, mut server) = start();
    let file = database.folder().join("copy");
    let before = signed_in(&server, HANAKO);
    let invite = ["user", "invite", "--email", "guest@example.com", "--role", "user"];
    done(&database, &invite);
    done(&database, &["backup", path(&file)]);
    let kicked = signed_in(&server, TARO);
    done(&database, &["session", "kill", "--user", TARO]);
    let since = signed_in(&server, TARO);
    let mut moved_on = before.clone();
    assert_eq!(ask(&server, &mut moved_on, "POST", "/api/refresh", ""), StatusCode::OK);
    let waited = refused(on(&database).args(["restore", path(&file)]), 1);
    assert!(waited.contains("stop the server"), "{waited}");
    assert_eq!(worth(&server, &moved_on), [StatusCode::OK; 2]);
    // As a crash would: the journal is left, and what is in it only.
    server.end();
    assert!(database.folder().join("test.db-wal").metadata().unwrap().len() > 0);
    done(&database, &["restore", path(&file)]);
    for suffix in ["wal", "shm"] {
        assert!(!database.folder().join(format!("test.db-{suffix}")).exists());
    }
    done(&database, &["audit", "verify"]);
    let server = Server::upon(&database, &database.url());
    for browser in [&before, &moved_on, &kicked, &since] {
        assert_eq!(worth(&server, browser), [StatusCode::UNAUTHORIZED; 2]);
    }
    let anew = signed_in(&server, TARO);
    assert_eq!(worth(&server, &anew), [StatusCode::OK; 2]);
    let rows = done(&database, &["audit", "list", "--action", "restore", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&rows).unwrap().as_array().unwrap().len(), 1);
    let open = done(&database, &["user", "invites", "--json"]);
    assert_eq!(open.trim(), "[]", "an invitation may have been used since");
    server.stop();
}

#[test]
fn a_copy_that_cannot_be_believed_takes_no_place() {
    let (database, server) = start();
    let folder = tempfile::tempdir().unwrap();
    let (file, damaged, other) =
        (folder.path().join("copy"), folder.path().join("damaged"), folder.path().join("other"));
    done(&database, &["backup", path(&file)]);
    server.stop();
    let now = std::fs::read(database.file()).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4096 * 2..].chunks_mut(4096).step_by(2).for_each(|page| page.fill(0xff));
    std::fs::write(&damaged, bytes).unwrap();
    std::fs::write(&other, "no database").unwrap();
    for copy in [&damaged, &other, &folder.path().join("none"), &database.file()] {
        refused(on(&database).args(["restore", path(copy)]), 1);
    }
    let foreign = refused(on(&database).args(["restore", path(&file)]).env("AUTH_SECRET", OTHER_SECRET), 2);
    assert!(foreign.contains("auth_secret"), "{foreign}");
    assert_eq!(std::fs::read(database.file()).unwrap(), now);
    let left = std::fs::read_dir(database.folder()).unwrap().map(|entry| entry.unwrap().path());
    let drafts: Vec<_> = left.filter(|path| path.to_str().unwrap().contains(".part")).collect();
    assert!(drafts.is_empty(), "{drafts:?}");
}

#[test]
fn a_lost_database_is_restored_beside_its_secret() {
    let (database, server) = start();
    let file = database.folder().join("copy");
    done(&database, &["backup", path(&file)]);
    server.stop();
    std::fs::remove_file(database.file()).unwrap();
    done(&database, &["restore", path(&file)]);
    let server = Server::upon(&database, &database.url());
    signed_in(&server, HANAKO);
    server.stop();
}

#[test]
fn on_postgresql_its_own_programs_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (command, program) in [("backup", "pg_dump"), ("restore", "keys rotate --now --all")] {
        let mut asked = sekisho(folder.path());
        asked.args([command, "copy"]).env("SEKISHO_DATABASE__URL", "postgres://u@127.0.0.1:1/d");
        assert!(refused(&mut asked, 1).contains(program), "{command}");
    }
}
