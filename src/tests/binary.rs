//! The program as it ships, as a process.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::net::TcpSocket;

use crate::{
    test_app::{Browser, RUNTIME, Reply},
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

    /// One whose stderr goes elsewhere.
    pub fn logging_to(stderr: impl Into<Stdio>, settings: &[&str]) -> Self {
        Self::spawn(Self::command(settings, None), tempfile::tempdir().unwrap(), stderr.into())
    }

    /// One that begins under a limit, in the words of a shell.
    pub fn limited(limit: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{limit} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_sekisho")]);
        Self::run(Self::serving(command, &[], None))
    }

    /// One whose start is not waited for, at an address that it may listen on later.
    pub fn starting(addr: SocketAddr, settings: &[&str], secret: Option<&str>, stdout: impl Into<Stdio>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Self::command(settings, secret);
        command.args(["--set", &format!("server.addr={addr}")]).stdin(Stdio::null()).stdout(stdout);
        let child = command.stderr(Stdio::null()).current_dir(folder.path()).spawn().unwrap();
        Self { child, addr, folder }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join(LOG)).unwrap()
    }

    fn with(settings: &[&str], secret: Option<&str>) -> Self {
        Self::run(Self::command(settings, secret))
    }

    fn command(settings: &[&str], secret: Option<&str>) -> Command {
        Self::serving(Command::new(env!("CARGO_BIN_EXE_sekisho")), settings, secret)
    }

    fn serving(mut command: Command, settings: &[&str], secret: Option<&str>) -> Command {
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

    fn run(command: Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join(LOG)).unwrap();
        Self::spawn(command, folder, log.into())
    }

    fn spawn(mut command: Command, folder: tempfile::TempDir, stderr: Stdio) -> Self {
        let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
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

    /// The same from another address of this machine.
    pub fn connect_from(&self, source: &str) -> TcpStream {
        let connected = RUNTIME.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::new(source.parse().unwrap(), 0)).unwrap();
            socket.connect(self.addr).await.unwrap()
        });
        let stream = connected.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// What the system says of this process.
    pub fn status(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap()
    }

    /// Whether one of its threads waits for a pipe to take what it writes.
    pub fn waits_at_a_pipe(&self) -> bool {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let waits_at = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("wchan"));
        threads.flatten().filter_map(|thread| waits_at(thread).ok()).any(|place| place.contains("pipe_w"))
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
        let reply = Self::told_at(self.addr, "/healthz");
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    }

    /// The whole reply to a `GET` at an address.
    pub fn told_at(addr: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
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

    /// Asks it to end, waits until it has, and gives all that it logged.
    pub fn stop(mut self) -> String {
        self.signal("TERM");
        assert!(self.ended_well());
        self.log()
    }

    /// Its end, if it comes: it is waited for longer than any bound of its own.
    #[expect(clippy::disallowed_methods, reason = "no runtime: what is waited for is another process")]
    pub fn ends_soon(&mut self) -> Option<std::process::ExitStatus> {
        for _ in 0..400 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        None
    }

    pub fn ends_well_soon(&mut self) -> bool {
        self.ends_soon().is_some_and(|status| status.success())
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
