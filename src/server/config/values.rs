//! Reads values out of the layers, noting every fault instead of stopping at the first.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;

use super::{
    Layers,
    schedule::{self, Schedule},
    secret_strength,
    urls::{DatabaseUrl, WebStore},
};
use crate::{
    domain::{audit_head::Accepted, lifetimes::Lifetimes},
    server::{http::client_ip, secret::SecretBytes},
};

/// The system takes 107 bytes, and the name it is bound under at first is longer.
const LONGEST_SOCKET: usize = 90;

pub struct Reader<'a> {
    layers: &'a Layers,
    faults: Vec<String>,
    /// Keys whose value could not be read, so that what stands in for it is not judged.
    unreadable: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn new(layers: &'a Layers) -> Self {
        Self { layers, faults: Vec::new(), unreadable: Vec::new() }
    }

    /// Every fault: of single values, of keys that don't exist, and of `combinations` whose parts could all be read.
    pub fn faults(mut self, combinations: Vec<String>) -> Vec<String> {
        self.faults.extend(self.layers.faults());
        let readable = |line: &String| !self.unreadable.iter().any(|key| line.contains(key));
        self.faults.extend(combinations.into_iter().filter(readable));
        self.faults
    }

    pub fn could_read(&self, key: &str) -> bool {
        self.unreadable.iter().all(|unreadable| unreadable != key)
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.layers.value(key).0
    }

    pub(super) fn fault(&mut self, key: &str, text: &str) {
        self.faults.push(format!("{key}: {text} (from {})", self.layers.value(key).1));
        self.unreadable.push(key.to_owned());
    }

    pub fn addr(&mut self) -> SocketAddr {
        self.text("server.addr").parse().unwrap_or_else(|_| {
            self.fault("server.addr", "must be an address and a port, such as 127.0.0.1:3000");
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    /// An address of a socket is no longer than this (`sockaddr_un`), and relative to nothing that may change.
    pub fn listen_socket(&mut self) -> Option<PathBuf> {
        let key = "server.listen_socket";
        let text = self.text(key);
        if !text.is_empty() && (!text.starts_with('/') || text.len() > LONGEST_SOCKET || text.ends_with('/')) {
            self.fault(key, "must be the whole path of a file, such as /run/sekisho/http.sock, of at most 90 bytes");
        }
        (!text.is_empty()).then(|| PathBuf::from(text))
    }

    pub fn metrics_addr(&mut self) -> Option<SocketAddr> {
        let text = self.text("metrics.addr");
        let addr = text.parse().ok();
        if addr.is_none() && !text.is_empty() {
            self.fault("metrics.addr", "must be an address and a port, such as 127.0.0.1:9090, or empty");
        }
        addr
    }

    pub fn public_url(&mut self) -> String {
        let text = self.text("server.public_url");
        let parsed = url::Url::parse(&text).ok().filter(|url| {
            let origin_only =
                url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
            matches!(url.scheme(), "http" | "https") && url.has_host() && origin_only
        });
        parsed.map_or_else(
            || {
                self.fault("server.public_url", "must be an origin, such as https://id.example.com");
                String::new()
            },
            |url| url.origin().ascii_serialization(),
        )
    }

    /// Browsers drop `Secure` cookies on an http address that isn't this machine's own.
    pub fn refuse_insecure(&mut self, public_url: &str, insecure_cookies: bool) {
        let Ok(url) = url::Url::parse(public_url) else { return };
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() == "http" && !loopback && !insecure_cookies {
            self.fault("server.public_url", "http is for this machine only; use https, or set server.insecure_cookies");
        }
        if url.scheme() == "https" && insecure_cookies {
            self.fault("server.insecure_cookies", "has no place with an https server.public_url");
        }
    }

    pub fn bool(&mut self, key: &str) -> bool {
        match self.text(key).as_str() {
            "true" => true,
            "false" => false,
            _ => {
                self.fault(key, "must be true or false");
                false
            }
        }
    }

    /// `15m`, `30d`, `90s`, or `0`.
    pub fn duration(&mut self, key: &str) -> Duration {
        let text = self.text(key);
        if text == "0" {
            return Duration::ZERO;
        }
        humantime::parse_duration(&text).unwrap_or_else(|_| {
            self.fault(key, "must be a length such as 15m, 30d or 90s");
            Duration::ZERO
        })
    }

    pub fn networks(&mut self, key: &str) -> Vec<IpNet> {
        let text = self.text(key);
        let mut networks = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.parse::<IpNet>().or_else(|_| part.parse::<IpAddr>().map(IpNet::from)) {
                Ok(network) => networks.push(client_ip::canonical(network)),
                Err(_) => self.fault(key, &format!("{part} is no network such as 10.0.0.0/8")),
            }
        }
        networks
    }

    pub fn accepted(&mut self) -> Vec<Accepted> {
        let text = self.text("audit.accept_keys");
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let mut accepted = Vec::new();
        for part in parts {
            match Accepted::parse(part) {
                Some(place) => accepted.push(place),
                None => self
                    .fault("audit.accept_keys", &format!("{part} is no number of a row, nor a head such as 42:0f…9c")),
            }
        }
        accepted
    }

    pub fn one_of(&mut self, key: &str, allowed: &[&str]) -> String {
        let text = self.text(key);
        if !allowed.contains(&text.as_str()) {
            self.fault(key, &format!("must be one of {}", allowed.join(", ")));
        }
        text
    }

    /// The one of `all` that is named; the first if none is.
    pub fn choice<T: Copy>(&mut self, key: &str, all: &[T], name: impl Fn(T) -> &'static str) -> T {
        let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        let text = self.one_of(key, &names);
        all.iter().copied().find(|one| name(*one) == text).unwrap_or(all[0])
    }

    pub fn count(&mut self, key: &str) -> u32 {
        self.text(key).parse().unwrap_or_else(|_| {
            self.fault(key, "must be a whole number, or 0 for no limit");
            0
        })
    }

    pub fn lifetimes(&mut self) -> Lifetimes {
        Lifetimes {
            access_ttl: self.duration("session.access_ttl"),
            refresh_lead: self.duration("session.refresh_lead"),
            max_age: self.duration("session.max_age"),
            update_age: self.duration("session.update_age"),
            rolling: self.bool("session.rolling"),
            absolute_timeout: self.duration("session.absolute_timeout"),
            idle_timeout: self.duration("session.idle_timeout"),
            idle_timeout_remembered: self.duration("session.idle_timeout_remembered"),
            idle_warning: self.duration("session.idle_warning"),
            rotation_grace: self.duration("session.rotation_grace"),
        }
    }

    pub fn database(&mut self) -> DatabaseUrl {
        DatabaseUrl::parse(&self.text("database.url")).unwrap_or_else(|why| {
            self.fault("database.url", why);
            DatabaseUrl::Sqlite(PathBuf::new())
        })
    }

    /// An address that is set is judged also where nothing uses it.
    pub fn web_store(&mut self) -> WebStore {
        let wanted = self.one_of("session.store", &["sql", "redis"]) == "redis";
        let url = self.text("redis.url");
        if url.is_empty() {
            if wanted {
                self.fault("redis.url", "is needed where session.store is redis");
            }
            return WebStore::Sql;
        }
        match WebStore::redis(&url) {
            Ok(redis) if wanted => redis,
            Ok(_) => WebStore::Sql,
            Err(why) => {
                self.fault("redis.url", why);
                WebStore::Sql
            }
        }
    }

    pub fn schedule(&mut self) -> Schedule {
        let timezone = self.text("cleanup.timezone");
        let known = schedule::is_timezone(&timezone);
        if !known {
            self.fault("cleanup.timezone", "is no time zone such as Europe/Berlin, UTC or system");
        }
        let schedule = Schedule::parse(&self.text("cleanup.schedule"), if known { &timezone } else { "UTC" });
        schedule.unwrap_or_else(|why| {
            self.fault("cleanup.schedule", why);
            Schedule::never()
        })
    }

    pub fn min_length(&mut self) -> usize {
        let length = self.text("password.min_length").parse().unwrap_or(0);
        if !(15..=64).contains(&length) {
            self.fault("password.min_length", "must be 15 to 64 (NIST SP 800-63B-4: the password is the only factor)");
        }
        length
    }

    /// A secret that nothing is known against.
    pub fn secret(&mut self, key: &str) -> Option<SecretBytes> {
        if let Some(why) = secret_strength::weakness(&self.text(key)).filter(|_| !self.text(key).is_empty()) {
            self.fault(key, why);
        }
        self.former_secret(key)
    }

    /// One that is being replaced, perhaps because it was weak.
    pub fn former_secret(&mut self, key: &str) -> Option<SecretBytes> {
        let text = self.text(key);
        (!text.is_empty()).then(|| SecretBytes::new(text.into_bytes()))
    }
}
