//! The streams of `GET /events` through the program as it ships: they are kept alive, and end when they should.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    time::Duration,
};

use axum::http::StatusCode;
use sekisho::server::flow::events::HEARTBEAT;

use crate::{
    binary::Server,
    test_app::{Browser, CHROME},
};

/// Opens a stream at a process and reads its beginning.
fn stream_of(server: &Server, browser: &Browser) -> std::net::TcpStream {
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut stream = server.connect();
    let request = format!("GET /events HTTP/1.1\r\nHost: localhost:3000\r\nCookie: {}\r\n\r\n", cookies.join("; "));
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = [0; 15];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    stream
}

/// A process, and a browser that registered there.
fn process(settings: &[&str]) -> (Server, Browser) {
    let server = Server::set_to(settings);
    let mut browser = Browser {
        router: axum::Router::new(),
        cookies: BTreeMap::new(),
        user_agent: CHROME.to_owned(),
        address: String::new(),
    };
    let form = "email=at.once%40example.com&password=quiet+mountains+in+the+rain&display_name=Traveller";
    let reply = server.ask(&browser, "POST", "/api/register", form).expect(StatusCode::OK);
    browser.receive(&reply);
    (server, browser)
}

#[test]
fn a_stop_ends_streams_at_once() {
    let (mut server, browser) = process(&[]);
    let mut streams: Vec<_> = (0..3).map(|_| stream_of(&server, &browser)).collect();
    #[expect(clippy::disallowed_methods, reason = "how long another process takes")]
    let begun = std::time::Instant::now();
    server.signal("TERM");
    for stream in &mut streams {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert!(rest.ends_with("0\r\n\r\n"), "in order: {rest}");
    }
    assert!(server.ended_well());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn a_stream_ends_by_itself_when_its_token_does() {
    let (server, browser) = process(&["session.access_ttl=5s", "session.refresh_lead=1s", "session.rotation_grace=1s"]);
    let mut stream = stream_of(&server, &browser);
    stream.set_read_timeout(Some(Duration::from_secs(12))).unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).ok();
    assert!(rest.ends_with("0\r\n\r\n") && !rest.contains("ended"), "{rest}");
}

#[test]
fn a_stream_that_has_nothing_to_tell_is_kept_alive_and_outlives_the_limits_of_requests() {
    let (server, browser) = process(&[]);
    let mut stream = stream_of(&server, &browser);
    let mut beats = Vec::new();
    let mut buffer = [0; 1024];
    #[expect(clippy::disallowed_methods, reason = "how long another process takes")]
    let begun = std::time::Instant::now();
    while beats.len() < 2 {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "it ended after {:?}", begun.elapsed());
        if String::from_utf8_lossy(&buffer[..read]).contains("\n:") {
            beats.push(begun.elapsed());
        }
    }
    assert!(beats[1] + Duration::from_secs(1) >= HEARTBEAT, "{beats:?}");
}
