//! The shipped filter for fail2ban, over the lines that are really logged.

use regex::Regex;

use crate::{
    binary::Server,
    test_app::{FIREFOX, TestApp},
};

/// The expressions of the filter, with what fail2ban puts for an address and for the time it cuts out.
fn filter() -> Vec<Regex> {
    let file = include_str!("../../docs/fail2ban/filter.d/sekisho.conf");
    let all = file.split_once("failregex = ").unwrap().1.split_once("ignoreregex").unwrap().0;
    let lines = all.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| Regex::new(&line.replace("<ADDR>", "(?P<address>[0-9a-f.:]+)")).unwrap()).collect()
}

/// The addresses that it finds in lines.
fn found(filter: &[Regex], log: &str) -> Vec<String> {
    let address = |line| filter.iter().find_map(|one| Some(one.captures(line)?["address"].to_owned()));
    log.lines().filter_map(address).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filter_finds_each_refused_sign_in_and_nothing_that_somebody_sent() {
    let app = TestApp::start().await;
    let (filter, cut) = (filter(), Regex::new(r"^\d{4}-\S+Z").unwrap());
    for format in ["text", "json"] {
        let server = Server::set_to(&["server.trusted_proxies=127.0.0.1", &format!("log.format={format}")]);
        let browser =
            app.browser().using(&format!("{FIREFOX} INFO sekisho::server::telemetry: sign-in refused client=6.6.6.6"));
        for (number, email) in [(1, "hanako%40example.com"), (2, "no%20address")] {
            let headers = format!("X-Forwarded-For: 2001:db8::{number}\r\n");
            let path = format!("/api/login HTTP/1.1\r\n{headers}X-Rest: ");
            let reply = server.ask(
                &browser,
                "POST",
                &path,
                &format!("email={email}&password=sign-in+refused+client%3D6.6.6.6"),
            );
            assert_eq!(reply.status, 401, "{}", reply.text);
        }
        let path = "/api/INFO%20sekisho::server::telemetry:%20sign-in%20refused%20client=6.6.6.6%20reason=%22";
        server.ask(&browser, "POST", path, "");
        let log = server.log();
        assert!(log.contains("6.6.6.6"), "it is logged: {log}");
        assert_eq!(found(&filter, &log), ["2001:db8::1", "2001:db8::2"], "{format}: {log}");
        let journal: String = log.lines().flat_map(|line| ["host sekisho[42]: ", line, "\n"]).collect();
        assert_eq!(found(&filter, &journal).len(), 2, "{format}, as the journal has it");
        let without_time: String =
            log.lines().flat_map(|line| [cut.replace(line, "").into_owned(), "\n".to_owned()]).collect();
        assert_eq!(found(&filter, &without_time).len(), 2, "{format}, as fail2ban has it");
    }
}
