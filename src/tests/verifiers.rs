//! Services that verify tokens by themselves, as `docs/` shows them, each as a process of its own.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use axum::http::StatusCode;
use sekisho::domain::role::Role;
use tokio::time::sleep;

use crate::{
    binary::Server,
    test_app::{Browser, PASSWORD, TestApp},
    test_database::skipped,
};

const EMAIL: &str = "hanako@example.com";
const OTHER: &str = "taro@example.com";
const ADMIN: &str = "admin@example.com";
/// Whatever is waited for takes seconds.
const TRIES: u32 = 300;
const PAUSE: Duration = Duration::from_millis(200);

struct Verifier {
    child: Child,
    tokens: ChildStdin,
    verdicts: BufReader<ChildStdout>,
}

impl Verifier {
    fn start(command: &mut Command, issuer: &str) -> Self {
        let mut child = command.arg(issuer).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (tokens, verdicts) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, tokens, verdicts }
    }

    fn verdict(&mut self, token: &str) -> String {
        writeln!(self.tokens, "{token}").unwrap();
        let mut line = String::new();
        self.verdicts.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Asks again until the verdict is this one.
    async fn comes_to(&mut self, token: &str, verdict: &str) {
        for _ in 0..TRIES {
            if self.verdict(token) == verdict {
                return;
            }
            sleep(PAUSE).await;
        }
        panic!("{} instead of {verdict}", self.verdict(token));
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn modules() -> PathBuf {
    root().join("end2end/node_modules")
}

/// Both, if there is what they need.
fn verifiers(issuer: &str, folder: &Path) -> Option<[Verifier; 2]> {
    let example = Path::new(env!("CARGO_BIN_EXE_sekisho")).with_file_name("examples").join("verifier");
    if !modules().join("jose").exists() || !example.exists() {
        return None;
    }
    std::fs::copy(root().join("docs/verifier.mjs"), folder.join("verifier.mjs")).unwrap();
    std::os::unix::fs::symlink(modules(), folder.join("node_modules")).unwrap();
    let node = Verifier::start(Command::new("node").arg(folder.join("verifier.mjs")), issuer);
    Some([node, Verifier::start(&mut Command::new(example), issuer)])
}

fn sign_in(server: &Server, mut browser: Browser, email: &str) -> Browser {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", email), ("password", PASSWORD), ("remember", "true")])
        .finish();
    let reply = server.ask(&browser, "POST", "/api/login", &form).expect(StatusCode::OK);
    browser.receive(&reply);
    browser
}

fn token(browser: &Browser) -> String {
    browser.cookie("__Host-access").to_owned()
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

async fn start() -> (TestApp, Server, String) {
    let app = TestApp::today().await;
    for (email, role) in [(EMAIL, Role::User), (OTHER, Role::User), (ADMIN, Role::Admin)] {
        app.user(email, role).await;
    }
    let (server, issuer) = Server::public(&app.database);
    (app, server, issuer)
}

/// The next key signs from now on, and the nodes are told.
async fn change_key(app: &TestApp, server: &Server, browser: &mut Browser) {
    let former = kid(&token(browser));
    let done = Command::new(env!("CARGO_BIN_EXE_sekisho"))
        .args(["keys", "rotate", "--set", &format!("database.url={}", app.database.url())])
        .env_remove("AUTH_SECRET")
        .envs(app.database.secret().map(|secret| ("AUTH_SECRET", secret)))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    app.execute(
        "UPDATE keys SET signs_from = created_at;
         UPDATE feed SET seq = seq + 1;
         INSERT INTO revocations (seq, kind, subject, reason, until_at)
         SELECT seq, 'keys', '', 'none', 9000000000000 FROM feed",
    )
    .await;
    for _ in 0..TRIES {
        if kid(&token(browser)) != former {
            return;
        }
        sleep(PAUSE).await;
        let reply = server.ask(browser, "POST", "/api/refresh", "").expect(StatusCode::OK);
        browser.receive(&reply);
    }
    panic!("the former key signs on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_verify_alone_follow_a_kick_and_refuse_nobody_for_a_change_of_key() {
    let (app, server, issuer) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let Some(verifiers) = verifiers(&issuer, folder.path()) else { return skipped("Node's packages are not there") };
    let mut user = sign_in(&server, app.browser(), EMAIL);
    let other = sign_in(&server, app.browser(), OTHER);
    let admin = sign_in(&server, app.browser(), ADMIN);
    let described = server.ask(&user, "GET", "/api/session", "").expect(StatusCode::OK).json();
    let sid = described["session_id"].as_str().unwrap();
    let ok = format!("ok {}", described["user"]["id"].as_str().unwrap());
    let former = token(&user);
    let mut verifiers = verifiers;
    for verifier in &mut verifiers {
        verifier.comes_to(&former, &ok).await;
        assert!(verifier.verdict(&former.replace('.', "A.")).starts_with("no "));
    }
    change_key(&app, &server, &mut user).await;
    for verifier in &mut verifiers {
        assert_eq!(verifier.verdict(&former), ok);
        verifier.comes_to(&token(&user), &ok).await;
    }
    server.ask(&admin, "POST", "/api/admin/kick_session", &format!("session_id={sid}")).expect(StatusCode::OK);
    for verifier in &mut verifiers {
        for token in [&former, &token(&user)] {
            verifier.comes_to(token, "no revoked").await;
        }
        assert!(verifier.verdict(&token(&other)).starts_with("ok "));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_is_played_again_lets_nobody_in_once_it_has_ended() {
    let (app, server, issuer) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let Some(mut verifiers) = verifiers(&issuer, folder.path()) else {
        return skipped("Node's packages are not there");
    };
    let token = token(&sign_in(&server, app.browser(), EMAIL));
    for verifier in &mut verifiers {
        assert!(verifier.verdict(&token).starts_with("ok "));
    }
    let old = |path: &str| server.ask(&app.browser(), "GET", path, "").expect(StatusCode::OK).text;
    let (keys, list) = (old("/.well-known/jwks.json"), old("/.well-known/revocations"));
    let addr = server.addr;
    server.stop();
    let listener = TcpListener::bind(addr).unwrap();
    std::thread::spawn(move || play(&listener, &keys, &list));
    for verifier in &mut verifiers {
        verifier.comes_to(&token, "no no list of revocations that is still good").await;
    }
}

/// Answers with what was recorded, for as long as the tests run.
fn play(listener: &TcpListener, keys: &str, list: &str) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut request = [0; 2048];
        let length = stream.read(&mut request).unwrap_or(0);
        let body = if request[..length].windows(4).any(|word| word == b"jwks") { keys } else { list };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_what_rfc_9068_says_to_those_who_know_nothing_of_us() {
    if !modules().join("oauth4webapi").exists() {
        return skipped("Node's packages are not there");
    }
    let (app, server, issuer) = start().await;
    let token = token(&sign_in(&server, app.browser(), EMAIL));
    let script = "
        import * as oauth from 'oauth4webapi'
        const [, issuer, token] = process.argv
        const request = new Request(issuer, { headers: { authorization: `Bearer ${token}` } })
        const server = { issuer, jwks_uri: `${issuer}/.well-known/jwks.json` }
        const options = { [oauth.allowInsecureRequests]: true }
        const { client_id } = await oauth.validateJwtAccessToken(server, request, issuer, options)
        console.log(client_id)";
    let node = |token: &str| {
        let mut command = Command::new("node");
        let command = command.current_dir(root().join("end2end"));
        command.args(["--input-type=module", "--eval", script, "--", &issuer, token]).output().unwrap()
    };
    let done = node(&token);
    assert_eq!(String::from_utf8_lossy(&done.stdout), "sekisho\n", "{}", String::from_utf8_lossy(&done.stderr));
    assert!(!node(&token.replace('.', "A.")).status.success());
}
