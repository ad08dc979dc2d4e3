//! What the binary does with clients that are no browsers: too much, too slow, half a request.

use std::io::{Read as _, Write as _};

use crate::binary::Server;

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
