//! Keys that name other hosts.

use super::values::Reader;
use crate::domain::return_to::{ReturnHost, ReturnHosts};

impl Reader<'_> {
    /// `host` or `host:port`, several with commas between them.
    pub fn return_hosts(&mut self, public_url: &str) -> ReturnHosts {
        let key = "server.return_hosts";
        let mut hosts = Vec::new();
        for part in self.list(key) {
            match ReturnHost::parse(&part) {
                Some(host) => hosts.push(host),
                None => self.fault(key, &format!("{part} is no host such as app.example.com or app.example.com:8443")),
            }
        }
        ReturnHosts::new(public_url, hosts)
    }

    fn list(&self, key: &str) -> Vec<String> {
        self.text(key).split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}
