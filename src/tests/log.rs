//! A log that can't be written: the program as it ships goes on, and can be stopped.

use std::{collections::BTreeMap, fs::File, io::Write as _, process::Stdio};

use axum::http::StatusCode;

use crate::{
    binary::Server,
    test_app::{Browser, CHROME},
};

const ACCOUNT: &str = "email=unheard%40example.com&password=quiet+mountains+in+the+rain";

/// Everything that is logged is answered all the same; `/metrics` tells of the loss, and SIGTERM is heard.
fn goes_on_without(stderr: impl Into<Stdio>) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut server = Server::logging_to(stderr, &[&format!("metrics.addr={free}")]);
    let mut browser = Browser {
        router: axum::Router::new(),
        cookies: BTreeMap::new(),
        user_agent: CHROME.to_owned(),
        address: String::new(),
    };
    server.ask(&browser, "POST", "/api/register", &format!("{ACCOUNT}&display_name=Unheard")).expect(StatusCode::OK);
    let reply = server.ask(&browser, "POST", "/api/login", ACCOUNT).expect(StatusCode::OK);
    browser.receive(&reply);
    // More than the queue holds and a pipe takes: a path stands in the log.
    let long = format!("/api/{}", "x".repeat(32 * 1024));
    for _ in 0..40 {
        server.ask(&browser, "POST", &long, "").expect(StatusCode::NOT_FOUND);
    }
    server.ask(&browser, "POST", "/api/logout", "").expect(StatusCode::OK);
    server.is_well();
    let told = Server::told_at(free, "/metrics");
    let lost = told.lines().find_map(|line| line.strip_prefix("sekisho_log_lines_lost_total "));
    assert!(lost.unwrap().parse::<u64>().unwrap() > 0, "{told}");
    server.signal("TERM");
    assert!(server.ends_well_soon());
}

#[test]
fn a_full_log_disk_costs_lines_and_no_answer() {
    goes_on_without(File::options().write(true).open("/dev/full").unwrap());
}

#[test]
fn a_log_reader_that_is_gone_costs_lines_and_no_answer() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    goes_on_without(writer);
}

#[test]
fn a_log_reader_that_stalls_costs_lines_and_no_answer() {
    let (_unread, writer) = std::io::pipe().unwrap();
    let mut filler = writer.try_clone().unwrap();
    // Ends when the test does: nobody reads what fills the pipe.
    std::thread::spawn(move || while filler.write_all(&[b'-'; 4096]).is_ok() {});
    goes_on_without(writer);
}

#[test]
fn what_was_logged_before_a_stop_is_not_lost() {
    let server = Server::start();
    server.is_well();
    let log = server.stop();
    assert!(log.contains("stopping"), "{log}");
}
