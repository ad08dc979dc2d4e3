//! Few open files: the program as it ships takes as many connections as it has room for, and leaves some to everybody.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use axum::http::StatusCode;
use sekisho::server::open_files::Room;

use crate::{
    binary::Server,
    test_app::{Browser, CHROME},
};

const FEW: usize = 64;
const ACCOUNT: &str = "email=many.tabs%40example.com&password=quiet+mountains+in+the+rain";

/// Whether a request is answered so, on a connection that stays open.
fn answered(stream: &mut TcpStream, path: &str, cookies: &str, expected: &[u8; 12]) -> bool {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost:3000\r\nCookie: {cookies}\r\n\r\n");
    let mut begins = [0; 12];
    stream.write_all(request.as_bytes()).is_ok() && stream.read_exact(&mut begins).is_ok() && begins == *expected
}

fn is_well(stream: &mut TcpStream) -> bool {
    answered(stream, "/healthz", "", b"HTTP/1.1 200")
}

#[test]
fn one_address_with_many_idle_connections_leaves_room_for_others() {
    let server = Server::limited(&format!("ulimit -n {FEW}"));
    let mut kept = Vec::new();
    for _ in 0..FEW {
        let mut stream = server.connect();
        if is_well(&mut stream) {
            kept.push(stream);
        }
    }
    assert!((1..=Room::within(FEW).of_one_peer).contains(&kept.len()), "{}", kept.len());
    assert!(is_well(&mut server.connect_from("127.0.0.2")));
}

#[test]
fn pages_that_listen_leave_room_for_others() {
    let server = Server::limited(&format!("ulimit -n {FEW}"));
    let mut browser = Browser {
        router: axum::Router::new(),
        cookies: BTreeMap::new(),
        user_agent: CHROME.to_owned(),
        address: String::new(),
    };
    server.ask(&browser, "POST", "/api/register", &format!("{ACCOUNT}&display_name=Tabs")).expect(StatusCode::OK);
    let mut streams = Vec::new();
    for session in 0..4 {
        browser.cookies.clear();
        let reply = server.ask(&browser, "POST", "/api/login", ACCOUNT).expect(StatusCode::OK);
        browser.receive(&reply);
        let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        for _ in 0..6 {
            let mut stream = server.connect_from(&format!("127.0.0.{}", 10 + session));
            if answered(&mut stream, "/events", &cookies.join("; "), b"HTTP/1.1 200") {
                streams.push(stream);
            }
        }
    }
    assert!((1..=Room::within(FEW).streams).contains(&streams.len()), "{}", streams.len());
    assert!(is_well(&mut server.connect_from("127.0.0.2")));
}

#[test]
fn the_limit_is_raised_as_far_as_it_can_be() {
    let server = Server::limited("ulimit -Sn 64 && ulimit -Hn 512");
    let limits = server.status("limits");
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    assert_eq!(files.split_whitespace().take(2).collect::<Vec<_>>(), ["512", "512"]);
}
