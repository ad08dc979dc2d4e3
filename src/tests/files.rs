//! The SQLite file and the secret beside it: gone, another, damaged; and what `sekisho health` says of it.

use std::{
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    process::Output,
    time::Duration,
};

use crate::{
    binary::Server,
    cli::{on, run, sekisho, text},
    test_app::TestApp,
    test_database::TestDatabase,
};

const IN_TIME: Duration = Duration::from_secs(60);

/// What the container's health check runs.
fn health(server: &Server) -> Output {
    let folder = tempfile::tempdir().unwrap();
    run(sekisho(folder.path()).arg("health").env("SEKISHO_SERVER__ADDR", server.addr.to_string()))
}

/// Waits until `sekisho health` says so, exactly.
async fn health_says(server: &Server, code: i32, line: &str) {
    let said = async {
        loop {
            let done = health(server);
            let told = format!("{}{}", text(&done.stdout), text(&done.stderr));
            if done.status.code() == Some(code) && told.trim_end() == line {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(IN_TIME, said).await.expect(line);
}

async fn log_says(server: &Server, part: &str) {
    let said = async {
        while !server.log().contains(part) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(IN_TIME, said).await.expect(part);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_file_is_gone_or_another_is_not_ready_and_says_so() {
    let database = TestDatabase::sqlite();
    let mut server = Server::upon(&database, &database.url());
    health_says(&server, 0, "ready").await;
    let aside = database.folder().join("aside");
    std::fs::rename(database.file(), &aside).unwrap();
    health_says(&server, 1, "sekisho: not ready: database: gone").await;
    log_says(&server, "the database file is gone").await;
    std::fs::copy(&aside, database.file()).unwrap();
    health_says(&server, 1, "sekisho: not ready: database: replaced").await;
    log_says(&server, "the database file was replaced by another file").await;
    std::fs::rename(&aside, database.file()).unwrap();
    health_says(&server, 0, "ready").await;
    server.end();
    let nobody = health(&server);
    assert_eq!((nobody.status.code(), text(&nobody.stderr).lines().count()), (Some(1), 1));
}

#[test]
fn health_is_refused_with_one_also_where_the_configuration_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sekisho.toml"), "no toml").unwrap();
    assert_eq!(run(sekisho(folder.path()).arg("health")).status.code(), Some(1));
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_secret_without_its_database_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(sekisho(folder.path()).arg("migrate")).status.code(), Some(0));
    std::fs::write(folder.path().join("sekisho.secret"), "").unwrap();
    std::fs::remove_file(folder.path().join("sekisho.db")).unwrap();
    let left = names(folder.path());
    for command in [&["serve", "--set", "server.addr=127.0.0.1:0"][..], &["migrate"]] {
        let done = run(sekisho(folder.path()).args(command));
        assert_eq!(done.status.code(), Some(2), "{command:?}");
        let line = text(&done.stderr);
        assert!(line.lines().count() == 1 && line.contains("sekisho restore") && line.contains("remove"), "{line}");
    }
    assert_eq!(run(sekisho(folder.path()).arg("doctor")).status.code(), Some(1));
    assert_eq!(names(folder.path()), left, "nothing is made");
    std::fs::remove_file(folder.path().join("sekisho.secret")).unwrap();
    assert_eq!(run(sekisho(folder.path()).arg("migrate")).status.code(), Some(0), "on purpose");
}

/// What the doctor calls a fault.
fn faults(app: &TestApp) -> Vec<String> {
    let done = run(on(app).args(["doctor", "--json"]));
    let findings: Vec<serde_json::Value> = serde_json::from_slice(&done.stdout).unwrap();
    let faults = findings.iter().filter(|finding| finding["verdict"] == "fault");
    let faults: Vec<String> = faults.map(|finding| finding["check"].as_str().unwrap().to_owned()).collect();
    assert_eq!(done.status.code(), Some(i32::from(!faults.is_empty())));
    faults
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_finds_a_damaged_page() {
    let app = TestApp::upon_today(TestDatabase::sqlite()).await;
    assert!(faults(&app).is_empty());
    app.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let page = app.number("SELECT rootpage FROM sqlite_master WHERE name = 'user_notes'").await;
    let mut file = std::fs::OpenOptions::new().write(true).open(app.database.file()).unwrap();
    file.seek(SeekFrom::Start(u64::try_from(page - 1).unwrap() * 4096)).unwrap();
    file.write_all(&[0xff; 4096]).unwrap();
    assert_eq!(faults(&app), ["pages"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_finds_a_migration_that_was_edited() {
    let app = TestApp::today().await;
    app.execute(
        "UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations WHERE version = 1)
         WHERE version = 2",
    )
    .await;
    assert_eq!(faults(&app), ["schema"]);
}
