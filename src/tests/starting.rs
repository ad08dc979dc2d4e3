//! A start on PostgreSQL that is not there yet, that says no, or that something else stands in for.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use sekisho::server::store::{Db, db::OpenError};

use tokio::time::Instant;

use crate::{
    binary::read_reply,
    proxy::{Proxy, Way},
    test_app::Reply,
    test_database::{TestDatabase, postgres_server, skipped},
};

const IN_TIME: Duration = Duration::from_secs(60);

struct Starting {
    child: Child,
    addr: SocketAddr,
    folder: tempfile::TempDir,
}

impl Starting {
    fn on(database: &TestDatabase, url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let addr = free();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_sekisho"))
            .args(["serve", "--json", "--set", &format!("server.addr={addr}")])
            .args(["--set", &format!("database.url={url}")])
            .env_remove("AUTH_SECRET")
            .envs(database.secret().map(|secret| ("AUTH_SECRET", secret)))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, addr, folder }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn get(&self, path: &str) -> Reply {
        self.ask(path, "")
    }

    /// Once anybody listens.
    fn ask(&self, path: &str, headers: &str) -> Reply {
        let began = Instant::now();
        loop {
            if let Ok(mut stream) = TcpStream::connect(self.addr) {
                let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
                stream.write_all(request.as_bytes()).unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                return read_reply(&answer);
            }
            assert!(began.elapsed() < IN_TIME, "nobody listens: {}", self.log());
            pause();
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "no runtime: what is waited for is another process")]
fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_yet_is_waited_for() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let (database, proxy) = (TestDatabase::postgres(&server).await, Proxy::before(&server).await);
    proxy.set(Way::Refused).await;
    let starting = Starting::on(&database, &database.url_by(&proxy.url(&server)));
    assert_eq!(starting.get("/healthz").status, 200);
    let ready = starting.get("/readyz");
    assert_eq!((ready.status.as_u16(), ready.json()["reason"].as_str()), (503, Some("starting")), "{}", ready.text);
    for path in ["/", "/api/session", "/auth/verify"] {
        let reply = starting.get(path);
        assert_eq!(reply.status, 503, "{path}");
        assert_eq!(reply.headers["retry-after"], "1", "{path}");
    }
    let page = starting.ask("/settings/devices", "Accept: text/html\r\n");
    assert_eq!((page.status.as_u16(), &page.headers["refresh"]), (503, &"1".parse().unwrap()), "a page asks again");
    assert!(page.text.contains("The server is starting"), "{}", page.text);
    proxy.set(Way::Open).await;
    let began = Instant::now();
    while starting.get("/readyz").status != 200 {
        assert!(began.elapsed() < IN_TIME, "{}", starting.log());
        pause();
    }
    assert_eq!(starting.get("/login").status, 200);
    assert!(starting.log().contains("it is waited for"), "{}", starting.log());
}

/// A restart is no outage: within the first second nobody is sent away.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_during_a_short_start_waits_for_it() {
    let database = TestDatabase::sqlite();
    for _ in 0..3 {
        let began = Instant::now();
        let starting = Starting::on(&database, &database.url());
        let reply = starting.get("/login");
        // On a busy machine a start may take longer.
        assert!(reply.status == 200 || began.elapsed() > Duration::from_secs(1), "{} {}", reply.status, starting.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_exist_and_a_role_that_does_not_are_refused_at_once() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let database = TestDatabase::postgres(&server).await;
    let mut elsewhere = url::Url::parse(&server).unwrap();
    elsewhere.set_path("/nothing_of_this_name");
    let mut nobody = url::Url::parse(&server).unwrap();
    nobody.set_username("nobody_of_this_name").unwrap();
    for url in [elsewhere, nobody] {
        let mut starting = Starting::on(&database, url.as_str());
        assert_eq!(starting.child.wait().unwrap().code(), Some(1), "{url}");
        assert!(starting.log().contains("database.url: "), "{}", starting.log());
    }
}

struct PgBouncer {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl PgBouncer {
    /// `None` where it isn't installed.
    fn before(server: &str, (to_server, settings): (&str, &str)) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (mut url, addr) = (url::Url::parse(server).unwrap(), free());
        let place = folder.path().display();
        let configuration = format!(
            "[databases]\n* = user={} host={} port={} {to_server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
             auth_type = any\nunix_socket_dir =\nlogfile = {place}/log\npidfile = {place}/pid\n{settings}\n",
            url.username(),
            url.host_str().unwrap(),
            url.port().unwrap_or(5432),
            addr.port(),
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, configuration).unwrap();
        // It refuses to run as root.
        let opened = Command::new("chmod").args(["-R", "a+rwX"]).arg(folder.path()).status().unwrap();
        assert!(opened.success());
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("env");
        command.arg(format!("PATH={path}")).arg("pgbouncer");
        if Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n") {
            command.args(["-u", "nobody"]);
        }
        let mut child = command.arg(&file).stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while TcpStream::connect(addr).is_err() {
            if child.try_wait().unwrap().is_some_and(|status| status.code() == Some(127)) {
                return None;
            }
            let log = || std::fs::read_to_string(folder.path().join("log"));
            assert!(began.elapsed() < IN_TIME, "it does not start: {:?}", log());
            pause();
        }
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(addr.port())).unwrap();
        Some(Self { child, url: url.to_string(), _folder: folder })
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As it is shipped, and told to pass over what it doesn't know: with one session to share, and with several that are
/// set as ours are.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_shares_sessions_is_refused_in_one_line() {
    let Some(server) = postgres_server() else { return skipped("SEKISHO_TEST_POSTGRES is not set") };
    let set = "connect_query='SET statement_timeout = 1400'";
    let lenient = "pool_mode = transaction\nignore_startup_parameters = extra_float_digits,options";
    for (to_server, settings) in [
        ("", "pool_mode = transaction".to_owned()),
        ("", format!("{lenient}\ndefault_pool_size = 1")),
        (set, format!("{lenient}\ndefault_pool_size = 1")),
        (set, format!("{lenient}\nmin_pool_size = 5\nserver_round_robin = 1")),
    ] {
        let Some(pooler) = PgBouncer::before(&server, (to_server, &settings)) else {
            return skipped("pgbouncer is not installed");
        };
        let opened = Db::open_postgres(&pooler.url, std::sync::Arc::new(|_: &[_], _: &[_]| {})).await;
        let Err(error) = opened else { panic!("opened with {to_server} {settings}") };
        assert!(matches!(error, OpenError::Pooled), "{to_server} {settings}: {error}");
    }
}
