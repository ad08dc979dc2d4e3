//! What lies on the disk: it gives nobody a credential, and what is worth guessing at costs what it should.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use axum::http::StatusCode;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sekisho::{
    domain::{role::Role, strategy::Strategy},
    server::{
        config::{Config, Layers},
        state::{AppState, Parts},
    },
};

use crate::{
    binary::Server,
    test_app::{Browser, PASSWORD, TestApp},
    test_database::TestDatabase,
};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";

/// The database's files, the one with the auth secret excepted.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_none_or(|extension| extension != "secret")).collect()
}

#[tokio::test]
async fn a_database_that_leaks_holds_no_password_and_no_credential() {
    for strategy in [Strategy::Database, Strategy::Hybrid] {
        let app = TestApp::upon(TestDatabase::sqlite(), &[("session.strategy", strategy.as_str())]).await;
        app.user(EMAIL, Role::User).await;
        let browser = app.signed_in(EMAIL).await;
        let leaked: Vec<u8> =
            files(app.database.folder()).iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
        let holds = |secret: &[u8]| leaked.windows(secret.len()).any(|bytes| bytes == secret);
        assert!(holds(EMAIL.as_bytes()), "these are its files");
        assert!(!holds(PASSWORD.as_bytes()));
        for (name, value) in &browser.cookies {
            // What no one can know: a signature, a MAC, or the whole.
            let secret = BASE64_URL_SAFE_NO_PAD.decode(value.rsplit('.').next().unwrap()).unwrap();
            assert!(!holds(&secret[secret.len().saturating_sub(32)..]), "{strategy:?} {name}");
            assert!(!holds(value.as_bytes()), "{strategy:?} {name} as text");
        }
    }
}

#[tokio::test]
async fn the_files_of_a_fresh_database_are_their_owners_only() {
    let app = TestApp::upon(TestDatabase::sqlite(), &[]).await;
    app.user(EMAIL, Role::User).await;
    let files = files(app.database.folder());
    assert!(files.len() > 1, "{files:?}");
    for file in files {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} {mode:o}", file.display());
    }
}

/// ASVS 5.0, appendix C: Argon2id with m=19456, t=2, p=1 or more.
#[tokio::test]
async fn a_server_hashes_passwords_at_the_cost_that_is_asked_for() {
    let database = TestDatabase::sqlite();
    let flags = [format!("database.url={}", database.url())];
    let config = Config::read(&Layers::gather(None, std::iter::empty(), &flags).unwrap()).unwrap();
    let state = AppState::start(Parts::of_system(config)).await.unwrap();
    let hash = state.hasher.hash(PASSWORD.to_owned().into()).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    state.db.close().await;
}

#[tokio::test]
async fn a_password_longer_than_any_can_be_opens_nothing() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let long = "wallpaper teapot river 9 ".repeat(60);
    let hash = app.state.hasher.hash(long.clone().into()).await.unwrap();
    app.execute(&format!("UPDATE users SET password_hash = '{hash}'")).await;
    app.browser().sign_in(EMAIL, &long).await.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
}

/// Says all it can and keeps every secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_at_its_most_talkative_names_requests_and_sessions_and_no_secret() {
    let app = TestApp::today().await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let server = Server::talkative(&app.database);
    let mut browser = app.browser();
    let mut secrets = vec![PASSWORD.to_owned()];
    let form =
        |fields: &[(&str, &str)]| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut post = |browser: &mut Browser, path: &str, fields: &[(&str, &str)]| {
        let reply = server.ask(browser, "POST", path, &form(fields));
        browser.receive(&reply);
        secrets.extend(browser.cookies.values().cloned());
        reply.status
    };
    let marked = "marked wrong teapot 1";
    assert_eq!(post(&mut browser, "/api/login", &[("email", EMAIL), ("password", marked)]), StatusCode::UNAUTHORIZED);
    assert_eq!(post(&mut browser, "/api/login", &[("email", EMAIL), ("password", PASSWORD)]), StatusCode::OK);
    assert_eq!(post(&mut browser, "/api/refresh", &[]), StatusCode::OK);
    assert_eq!(post(&mut browser, "/api/account/update", &[("display_name", "marked as a name")]), StatusCode::OK);
    let new = "marked quite new teapot 2";
    let fields = [("current_password", PASSWORD), ("new_password", new)];
    assert_eq!(post(&mut browser, "/api/password/change", &fields), StatusCode::OK);
    let told =
        server.ask(&browser, "GET", "/api/session?token=marked-in-the-address", "").expect(StatusCode::OK).json();
    let drafts = server.ask(&browser, "GET", "/api/drafts/key", "").expect(StatusCode::OK).json();
    let mut odd = browser.clone();
    odd.cookies.insert("__Host-refresh".to_owned(), "marked-no-token".to_owned());
    assert_eq!(post(&mut odd, "/api/refresh", &[]), StatusCode::UNAUTHORIZED);
    assert_eq!(post(&mut browser, "/api/logout", &[]), StatusCode::OK);
    let mut admin = app.browser();
    assert_eq!(post(&mut admin, "/api/login", &[("email", ADMIN), ("password", PASSWORD)]), StatusCode::OK);
    let fields = form(&[("email", "marked@example.com"), ("display_name", "marked as a name"), ("role", "user")]);
    let given = server.ask(&admin, "POST", "/api/admin/invite", &fields).expect(StatusCode::OK).json();
    let invite = given["link"].as_str().unwrap().split("invite=").nth(1).unwrap().to_owned();
    for look in ["/register?invite=", "/api/register/terms?invite="] {
        server.ask(&app.browser(), "GET", &format!("{look}{invite}"), "").expect(StatusCode::OK);
    }
    let fields = [("invite", invite.as_str()), ("password", new)];
    assert_eq!(post(&mut app.browser(), "/api/register", &fields), StatusCode::OK);
    assert_eq!(post(&mut app.browser(), "/api/register", &fields), StatusCode::UNPROCESSABLE_ENTITY);
    secrets.push(invite);
    secrets.extend(["marked", "teapot"].map(str::to_owned));
    secrets.extend(drafts["keys"].as_array().unwrap().iter().map(|of_day| of_day["key"].as_str().unwrap().to_owned()));
    secrets.extend(app.database.secret().map(str::to_owned));
    let log = server.log();
    for secret in secrets {
        let part = secret.rsplit('.').next().unwrap();
        assert!(!log.contains(&secret) && !log.contains(part), "{secret} in the log");
    }
    let answered = |line: &&serde_json::Value| line["fields"]["message"] == "answered";
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let changed = lines.iter().filter(answered).find(|line| line["fields"]["path"] == "/api/password/change").unwrap();
    assert_eq!(changed["fields"]["session"], told["session_id"]);
    assert_eq!(changed["fields"]["request_id"].as_str().unwrap().len(), 36);
}
