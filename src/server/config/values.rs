//! Reads values out of the layers, noting every fault instead of stopping at the first.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;

use super::Layers;
use crate::server::secret::SecretBytes;

pub struct Reader<'a> {
    layers: &'a Layers,
    faults: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn new(layers: &'a Layers) -> Self {
        Self { layers, faults: Vec::new() }
    }

    pub fn faults(self) -> Vec<String> {
        self.faults
    }

    fn text(&self, key: &str) -> String {
        self.layers.value(key).0
    }

    fn fault(&mut self, key: &str, text: &str) {
        self.faults.push(format!("{key}: {text} (from {})", self.layers.value(key).1));
    }

    pub fn addr(&mut self) -> SocketAddr {
        self.text("server.addr").parse().unwrap_or_else(|_| {
            self.fault("server.addr", "must be an address and a port, such as 127.0.0.1:3000");
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
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
                Ok(network) => networks.push(network),
                Err(_) => self.fault(key, &format!("{part} is no network such as 10.0.0.0/8")),
            }
        }
        networks
    }

    pub fn one_of(&mut self, key: &str, allowed: &[&str]) -> String {
        let text = self.text(key);
        if !allowed.contains(&text.as_str()) {
            self.fault(key, &format!("must be one of {}", allowed.join(", ")));
        }
        text
    }

    pub fn only(&mut self, key: &str, allowed: &[&str], why: &str) {
        if !allowed.contains(&self.text(key).as_str()) {
            self.fault(key, &format!("must be {}: {why}", allowed.join(" or ")));
        }
    }

    pub fn sqlite_file(&mut self) -> PathBuf {
        let text = self.text("database.url");
        match text.strip_prefix("sqlite://") {
            Some(path) if !path.is_empty() && !path.contains('?') => PathBuf::from(path),
            _ => {
                self.fault("database.url", "must be sqlite:// and a file");
                PathBuf::new()
            }
        }
    }

    pub fn min_length(&mut self) -> usize {
        let length = self.text("password.min_length").parse().unwrap_or(0);
        if !(15..=64).contains(&length) {
            self.fault("password.min_length", "must be 15 to 64 (NIST SP 800-63B-4: the password is the only factor)");
        }
        length
    }

    /// A secret of 256 bits or more, of some variety.
    pub fn secret(&mut self, key: &str) -> Option<SecretBytes> {
        let text = self.text(key);
        if text.is_empty() {
            return None;
        }
        let mut kinds: Vec<u8> = text.bytes().collect();
        kinds.sort_unstable();
        kinds.dedup();
        if text.len() < 32 || kinds.len() < 8 {
            self.fault(key, "must carry 256 bits: 32 random bytes or more, as text (openssl rand -base64 32)");
        }
        Some(SecretBytes::new(text.into_bytes()))
    }
}
