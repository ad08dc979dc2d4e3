//! What the binary does with clients that are no browsers: too much, too slow, half a request.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::net::UnixStream,
};

use crate::binary::{Server, read_reply};

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

#[test]
fn a_stop_finishes_what_is_under_way_and_takes_nothing_new() {
    let mut server = Server::start();
    let _idle = server.connect();
    let mut stream = server.connect();
    let form = b"email=under.way%40example.com&password=quiet+mountains+in+the+rain&display_name=Traveller";
    let (most, last) = form.split_at(form.len() - 1);
    let head = format!(
        "POST /api/register HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nExpect: 100-continue\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        form.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The request is under way once its handler asks for the rest.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(most).unwrap();
    server.signal("TERM");
    while TcpStream::connect(server.addr).is_ok() {}
    stream.write_all(last).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(server.ended_well());
}

#[test]
fn a_unix_socket_is_served_instead_of_an_address_and_gone_with_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    let (mut server, place) = Server::on_socket(&path);
    assert_eq!(place, path.display().to_string());
    let ask = |method: &str, target: &str, form: &str| {
        let mut stream = UnixStream::connect(&path).unwrap();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.9\r\n\
             X-Forwarded-Proto: http\r\nX-Forwarded-Host: localhost:3000\r\nX-Forwarded-Uri: /app\r\n\
             Accept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        read_reply(&reply)
    };
    let refused = ask("GET", "/auth/verify", "");
    assert_eq!(refused.status, 401);
    assert!(
        refused.headers["x-auth-location"].to_str().unwrap().contains("return_to"),
        "who is on it is a proxy of ours"
    );
    let form = "email=a%40example.com&password=quiet+mountains+in+the+rain&display_name=Traveller";
    assert_eq!(ask("POST", "/api/register", form).status, 200);
    server.signal("TERM");
    assert!(server.ended_well());
    assert!(!path.exists());
}
