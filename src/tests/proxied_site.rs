//! A real nginx or Caddy with its shipped file, before the program as it ships and a small program that fails as soon as
//! it is shown a cookie of ours.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::{
    binary::{Server, read_reply},
    test_app::{FIREFOX, PASSWORD, Reply},
    test_database::skipped,
};

pub const EMAIL: &str = "hanako@example.com";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Caddy,
}

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
        }
    }

    /// The shipped file, with the names and addresses of this test.
    fn configuration(self, port: u16, sekisho: &str, upstream: &str) -> String {
        let shipped = match self {
            Self::Nginx => include_str!("../../docs/nginx.conf"),
            Self::Caddy => include_str!("../../docs/Caddyfile"),
        };
        self.placed(shipped, port, [sekisho, upstream])
    }

    /// The same with the lines that let preflights through.
    fn configuration_with_preflights(self, port: u16, sekisho: &str, upstream: &str) -> String {
        let shipped = match self {
            Self::Nginx => include_str!("../../docs/nginx.conf").replace("#if ($sekisho", "if ($sekisho"),
            Self::Caddy => {
                let lines = include_str!("../../docs/Caddyfile").lines();
                let off = ["@", "handle", "\t", "}"].map(|begins| format!("\t\t#{begins}"));
                let on = lines.map(|line| match off.iter().any(|off| line.starts_with(off)) {
                    true => line.replacen('#', "", 1) + "\n",
                    false => line.to_owned() + "\n",
                });
                on.collect()
            }
        };
        self.placed(&shipped, port, [sekisho, upstream])
    }

    fn placed(self, shipped: &str, port: u16, [sekisho, upstream]: [&str; 2]) -> String {
        let shipped: String = shipped
            .lines()
            .filter(|line| !line.starts_with('#') && !line.contains("ssl_certificate"))
            .flat_map(|line| [line, "\n"])
            .collect();
        let placed = shipped
            .replace("127.0.0.1:3000", sekisho)
            .replace("127.0.0.1:8080", upstream)
            .replace("listen 443 ssl;", &format!("listen 127.0.0.1:{port};"))
            .replace("https://id.example.com", &format!("http://id.example.com:{port}"))
            .replace(".example.com {", &format!(".example.com:{port} {{"))
            .replace("example.com", "sekisho.localhost");
        match self {
            Self::Nginx => placed,
            Self::Caddy => placed.replace("\nid.", "\nhttp://id.").replace("\napp.", "\nhttp://app."),
        }
    }

    fn start(self, port: u16, folder: &Path, configuration: &str) -> Option<Child> {
        let file = folder.join("proxy.conf");
        let place = folder.display();
        let whole = match self {
            Self::Nginx => format!(
                "daemon off; master_process off; pid {place}/pid; error_log {place}/error.log; events {{}} http {{ access_log off; \
                 client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/f; \
                 uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;\n{configuration}}}"
            ),
            Self::Caddy => format!("{{\n\tadmin off\n\tauto_https off\n}}\n{configuration}"),
        };
        std::fs::write(&file, whole).unwrap();
        let path = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("env");
        command.arg(format!("PATH={path}")).arg(format!("HOME={place}")).arg(self.program());
        match self {
            Self::Nginx => command.arg("-p").arg(folder).arg("-c").arg(&file).arg("-e").arg(folder.join("error.log")),
            Self::Caddy => command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file),
        };
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().ok()?;
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(child);
            }
            if child.try_wait().unwrap().is_some_and(|status| status.code() == Some(127)) {
                return None;
            }
            pause(50);
        }
        let told = ["log", "error.log"].map(|name| std::fs::read_to_string(folder.join(name)).unwrap_or_default());
        panic!("{self:?} did not start: {told:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "no runtime: what is waited for is another process")]
fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Answers with the headers and the length of the body it was sent, or with 500 where a cookie of ours is among them.
pub struct Upstream {
    address: String,
    answered: Arc<AtomicUsize>,
}

impl Upstream {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, answered) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicUsize::new(0)));
        let counts = Arc::clone(&answered);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                answer(stream, &counts);
            }
        });
        Self { address, answered }
    }

    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: TcpStream, answered: &AtomicUsize) {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    let (head, missing) = loop {
        let length = stream.read(&mut piece).unwrap_or(0);
        if length == 0 {
            return;
        }
        read.extend_from_slice(&piece[..length]);
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let line = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            break (head, line.unwrap_or(0).saturating_sub(read.len() - end - 4));
        }
    };
    (&stream).take(missing as u64).read_to_end(&mut read).unwrap();
    answered.fetch_add(1, Ordering::SeqCst);
    let ours = ["__host-", "__secure-", "access=", "refresh=", "device="];
    let (status, body) = match ours.iter().find(|ours| head.contains(**ours)) {
        Some(ours) => ("500 Leak", format!("it was shown {ours}")),
        None => ("200 OK", format!("{head}\nread: {}\n", read.len())),
    };
    let reply = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    stream.write_all(reply.as_bytes()).unwrap();
}

/// Everything of one test, ended with it.
pub struct Site {
    proxy: Child,
    pub port: u16,
    pub sekisho: Server,
    pub upstream: Upstream,
    _folder: tempfile::TempDir,
}

impl Site {
    /// `None` where the proxy is not installed.
    pub fn start(kind: Kind) -> Option<Self> {
        Self::configured(kind, Kind::configuration)
    }

    pub fn start_with_preflights(kind: Kind) -> Option<Self> {
        Self::configured(kind, Kind::configuration_with_preflights)
    }

    fn configured(kind: Kind, configuration: fn(Kind, u16, &str, &str) -> String) -> Option<Self> {
        // Free until a moment ago; what takes it in between shows at once.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let upstream = Upstream::start();
        let sekisho = Server::set_to(&[
            &format!("server.public_url=http://id.sekisho.localhost:{port}"),
            "server.trusted_proxies=127.0.0.1",
            "server.cookie_domain=sekisho.localhost",
            &format!("server.return_hosts=app.sekisho.localhost:{port}"),
            "server.audiences=app",
        ]);
        let folder = tempfile::tempdir().unwrap();
        let configuration = configuration(kind, port, &sekisho.addr.to_string(), &upstream.address);
        let Some(proxy) = kind.start(port, folder.path(), &configuration) else {
            skipped(&format!("there is no {} here", kind.program()));
            return None;
        };
        Some(Self { proxy, port, sekisho, upstream, _folder: folder })
    }

    pub fn visitor(&self) -> Visitor {
        Visitor { port: self.port, cookies: BTreeMap::from([("theme".to_owned(), "dark".to_owned())]) }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

/// A browser whose cookies go to both hosts.
#[derive(Clone)]
pub struct Visitor {
    port: u16,
    pub cookies: BTreeMap<String, String>,
}

/// As browsers send them with a page that a person asked for.
pub const PAGE: [(&str, &str); 4] =
    [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-User", "?1"), ("Sec-Fetch-Dest", "document")];
pub const SCRIPT: [(&str, &str); 2] = [("Accept", "*/*"), ("Sec-Fetch-Mode", "cors")];

impl Visitor {
    pub fn get(&mut self, address: &str, headers: &[(&str, &str)]) -> Reply {
        self.send("GET", address, headers, "")
    }

    /// HTTP/1.0, so that the answer comes in one piece.
    pub fn send(&mut self, method: &str, address: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let (host, path) = address.split_once('/').unwrap();
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = format!(
            "{method} /{path} HTTP/1.0\r\nHost: {host}.sekisho.localhost:{}\r\nUser-Agent: {FIREFOX}\r\nCookie: {}\r\n",
            self.port,
            cookies.join("; ")
        );
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        if method == "POST" {
            let form = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin";
            write!(request, "{form}\r\nContent-Length: {}\r\n", body.len()).unwrap();
        }
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let reply = read_reply(&String::from_utf8_lossy(&answer));
        for line in reply.set_cookies() {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            assert!(line.contains("; Domain=sekisho.localhost"), "{line}");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        reply
    }

    pub fn sign_in(&mut self, return_to: &str) -> Reply {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("return_to", return_to), ("page", "/login")];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", "id/api/login", &PAGE, &form)
    }
}
