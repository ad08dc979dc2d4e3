//! What the binary does with clients that are no browsers: too much, too slow, half a request.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The program as it ships, on a port of its own, until it is dropped.
struct Server {
    child: Child,
    addr: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sekisho"))
            .args(["serve", "--json", "--set", "server.addr=127.0.0.1:0"])
            .current_dir(folder.path())
            .env_remove("AUTH_SECRET")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let addr = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(&line).ok())
            .find_map(|line| line["addr"].as_str()?.parse().ok())
            .unwrap();
        Self { child, addr, _folder: folder }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    fn is_well(&self) {
        let mut stream = self.connect();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_megabyte_of_headers_is_refused_and_the_next_client_is_served() {
    let server = Server::start();
    let mut stream = server.connect();
    let header = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "a".repeat(1 << 20));
    // It may hang up before all of it was sent.
    let _ = stream.write_all(header.as_bytes());
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    let reply = String::from_utf8_lossy(&reply);
    assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 431"), "{reply}");
    server.is_well();
}

#[test]
fn headers_that_are_just_too_long_get_a_431() {
    let server = Server::start();
    let mut stream = server.connect();
    let header = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "a".repeat(80 * 1024));
    stream.write_all(header.as_bytes()).unwrap();
    let mut reply = [0; 12];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"HTTP/1.1 431");
}

#[test]
fn a_client_that_never_finishes_its_headers_is_hung_up_on_while_others_are_served() {
    let server = Server::start();
    let mut silent = server.connect();
    let mut slow = server.connect();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
    server.is_well();
    for stream in [&mut silent, &mut slow] {
        let mut reply = Vec::new();
        // Ends, with or without a 408; a server without a limit would keep it until the read times out here.
        stream.read_to_end(&mut reply).unwrap();
        assert!(!reply.starts_with(b"HTTP/1.1 200"));
    }
    server.is_well();
}
