//! The program as it ships, as a process.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    test_app::{Browser, Reply},
    test_database::TestDatabase,
};

const LOG: &str = "log";

/// On a port of its own, until it is dropped.
pub struct Server {
    child: Child,
    pub addr: SocketAddr,
    folder: tempfile::TempDir,
}

impl Server {
    /// On a database of its own.
    pub fn start() -> Self {
        Self::with(&[], None)
    }

    /// With settings beyond the defaults.
    pub fn set_to(settings: &[&str]) -> Self {
        Self::with(settings, None)
    }

    /// On a database that others may serve too, reached through `url`.
    pub fn upon(database: &TestDatabase, url: &str) -> Self {
        Self::with(&[&format!("database.url={url}")], database.secret())
    }

    /// The same at an address that others find it by: its public URL.
    pub fn public(database: &TestDatabase) -> (Self, String) {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("http://localhost:{}", free.port());
        let settings = [
            format!("database.url={}", database.url()),
            format!("server.public_url={url}"),
            format!("server.addr={free}"),
        ];
        (Self::with(&settings.each_ref().map(String::as_str), database.secret()), url)
    }

    /// One that writes down all it could ever log.
    pub fn talkative(database: &TestDatabase) -> Self {
        let settings = [&format!("database.url={}", database.url()), "log.format=json"];
        let mut command = Self::command(&settings, database.secret());
        command.env("RUST_LOG", "trace");
        Self::run(command)
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join(LOG)).unwrap()
    }

    fn with(settings: &[&str], secret: Option<&str>) -> Self {
        Self::run(Self::command(settings, secret))
    }

    fn command(settings: &[&str], secret: Option<&str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.args(["serve", "--json", "--set", "server.addr=127.0.0.1:0"]).env_remove("AUTH_SECRET");
        for setting in settings {
            command.args(["--set", setting]);
        }
        if let Some(secret) = secret {
            command.env("AUTH_SECRET", secret);
        }
        command
    }

    /// On a Unix socket, and what it says of where it listens.
    pub fn on_socket(path: &std::path::Path) -> (Self, String) {
        let socket = format!("server.listen_socket={}", path.display());
        let mut command = Self::command(&[&socket], None);
        let folder = tempfile::tempdir().unwrap();
        let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = pipes.current_dir(folder.path()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let place = lines
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(&line).ok())
            .find_map(|line| Some(line["addr"].as_str()?.to_owned()));
        (Self { child, addr: SocketAddr::from(([0, 0, 0, 0], 0)), folder }, place.unwrap_or_default())
    }

    fn run(mut command: Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join(LOG)).unwrap();
        let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = pipes.current_dir(folder.path()).spawn().unwrap();
        let addr = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(&line).ok())
            .find_map(|line| line["addr"].as_str()?.parse().ok())
            .unwrap();
        Self { child, addr, folder }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends what a browser would, with its cookies.
    pub fn ask(&self, browser: &Browser, method: &str, path: &str, form: &str) -> Reply {
        let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:3000\r\nConnection: close\r\nAccept: application/json\r\n\
             Sec-Fetch-Site: same-origin\r\nUser-Agent: {}\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            browser.user_agent,
            cookies.join("; "),
            form.len(),
        );
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        read_reply(&answer)
    }

    pub fn is_well(&self) {
        let mut stream = self.connect();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    }

    /// Sends it a signal, by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Has it stand still, and waits until all of its threads do: a signal takes a moment on a busy machine.
    #[expect(clippy::disallowed_methods, reason = "no runtime: what is waited for is another process")]
    pub fn pause(&self) {
        self.signal("STOP");
        let tasks = format!("/proc/{}/task", self.child.id());
        let stands = |task: std::path::PathBuf| {
            let stat = std::fs::read_to_string(task.join("stat")).unwrap_or_default();
            // The state follows the name, which stands in brackets.
            stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
        };
        while !std::fs::read_dir(&tasks).unwrap().all(|task| stands(task.unwrap().path())) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    /// Ends it as a crash would.
    pub fn end(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end and waits until it has.
    pub fn stop(mut self) {
        self.signal("TERM");
        assert!(self.ended_well());
    }

    /// Waits for its end.
    pub fn ended_well(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

/// Answers are short and come in one piece.
pub fn read_reply(answer: &str) -> Reply {
    let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let mut headers = axum::http::HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(axum::http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    Reply { status: status.unwrap(), headers, text: text.to_owned() }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
