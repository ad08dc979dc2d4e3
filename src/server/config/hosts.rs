//! Keys that name other hosts and programs.

use super::values::Reader;
use crate::{
    domain::return_to::{ReturnHost, ReturnHosts},
    server::http::cookies::Scope,
};

/// What programs behind a proxy are told of a user, because the operator said so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub email: bool,
    pub name: bool,
}

impl Reader<'_> {
    /// Shared with sibling hosts where a domain is named, which must be one that holds this site's own host.
    pub fn cookies(&mut self, public_url: &str, insecure: bool) -> Scope {
        let key = "server.cookie_domain";
        let domain = self.text(key);
        if domain.is_empty() {
            return if insecure { Scope::Insecure } else { Scope::Host };
        }
        if let Some(why) = objection(&domain, public_url, insecure) {
            self.fault(key, why);
        }
        Scope::Domain(domain.into())
    }

    /// `host` or `host:port`, several with commas between them; `*.` before a host below `server.cookie_domain` alone: all those
    /// hosts are sent our cookies, so that they are the operator's.
    pub fn return_hosts(&mut self, public_url: &str, cookies: &Scope) -> ReturnHosts {
        let key = "server.return_hosts";
        let mut hosts = Vec::new();
        for part in self.list(key) {
            match ReturnHost::parse(&part) {
                Some(host) => hosts.push(host),
                None => self.fault(key, &format!("{part} is no host such as app.example.com or app.example.com:8443")),
            }
        }
        let shared = if let Scope::Domain(domain) = cookies { Some(domain.as_ref()) } else { None };
        let hosts = ReturnHosts::new(public_url, hosts, shared);
        for host in hosts.too_wide() {
            self.fault(key, &format!("{host} is for hosts below server.cookie_domain only; name each of the others"));
        }
        hosts
    }

    /// What of the user `/auth/verify` tells beyond id and role.
    pub fn told(&mut self) -> Told {
        let key = "forward_auth.headers";
        let named = self.list(key);
        if named.iter().any(|name| name != "email" && name != "name") {
            self.fault(key, "must be email, name, or both with a comma between them");
        }
        let has = |name: &str| named.iter().any(|named| named == name);
        Told { email: has("email"), name: has("name") }
    }

    /// Names of programs: anything that stands in an address as it is, but for our own, which only we take.
    pub fn audiences(&mut self, public_url: &str) -> Vec<String> {
        let key = "server.audiences";
        let is_name = |name: &str| {
            name.len() <= 128 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte))
        };
        let names = self.list(key);
        for name in &names {
            if !is_name(name) {
                self.fault(key, "must be names of up to 128 letters, digits and -._~:/, with commas between them");
            } else if name == public_url {
                self.fault(key, "must not hold server.public_url: tokens for that are Sekisho's own");
            }
        }
        names
    }

    fn list(&self, key: &str) -> Vec<String> {
        self.text(key).split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

/// What is wrong with a domain for cookies.
fn objection(domain: &str, public_url: &str, insecure: bool) -> Option<&'static str> {
    let is_named = ReturnHost::parse(domain).is_some_and(|host| host.is_bare_name_of(domain));
    let host = url::Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let holds = host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if insecure {
        Some("can't go with server.insecure_cookies: without TLS nothing at all is promised of a shared cookie")
    } else if !is_named {
        Some("must be a domain in small letters, such as example.com, and no address")
    } else if !domain.contains('.') {
        Some("is a single label, below which everybody's hosts are; browsers keep no cookie for it")
    } else if !public_url.is_empty() && !holds {
        Some("must be a parent domain of the host in server.public_url")
    } else {
        None
    }
}
