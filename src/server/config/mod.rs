//! What an operator sets: defaults < `sekisho.toml` < environment `SEKISHO_SECTION__KEY` < flags.
//!
//! `keys.rs` is the one list of keys; `source.rs` gathers values and where each came from; here they are read.
//! Unknown keys and what can't work together are all reported at once, one line each.

mod keys;
mod secret_file;
mod source;
mod values;

use std::{net::SocketAddr, path::PathBuf};

use ipnet::IpNet;

pub use source::{Layers, Source};

use self::values::Reader;
use crate::{domain::lifetimes::Lifetimes, server::secret::SecretBytes};

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    Open,
    Closed,
}

#[derive(Clone, Debug)]
pub struct Config {
    pub addr: SocketAddr,
    /// Origin for cookies, links and the issuer; without a trailing slash.
    pub public_url: String,
    pub trusted_proxies: Vec<IpNet>,
    /// Cookies without `Secure` and prefix, for an http address that isn't loopback.
    pub insecure_cookies: bool,
    pub database_file: PathBuf,
    pub auth_secret: Option<SecretBytes>,
    pub auth_secret_previous: Option<SecretBytes>,
    pub lifetimes: Lifetimes,
    pub password_min_length: usize,
    pub registration: Registration,
    pub json_logs: bool,
}

/// All that is wrong with a configuration, one line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Faults(pub Vec<String>);

/// A value in force, for `config show`.
#[derive(Debug, serde::Serialize)]
pub struct Shown {
    pub key: &'static str,
    pub value: String,
    pub source: String,
}

impl Config {
    /// Reads and judges the layers.
    ///
    /// # Errors
    /// Every fault found.
    pub fn read(layers: &Layers) -> Result<Self, Faults> {
        let mut reader = Reader::new(layers);
        let public_url = reader.public_url();
        let insecure_cookies = reader.bool("server.insecure_cookies");
        reader.refuse_insecure(&public_url, insecure_cookies);
        reader.only("session.strategy", &["hybrid"], "jwt and database are not available in this version");
        let config = Self {
            addr: reader.addr(),
            trusted_proxies: reader.networks("server.trusted_proxies"),
            insecure_cookies,
            database_file: reader.sqlite_file(),
            auth_secret: reader.secret("auth_secret"),
            auth_secret_previous: reader.secret("auth_secret_previous"),
            lifetimes: Lifetimes {
                access_ttl: reader.duration("session.access_ttl"),
                refresh_lead: reader.duration("session.refresh_lead"),
                max_age: reader.duration("session.max_age"),
                rolling: reader.bool("session.rolling"),
                absolute_timeout: reader.duration("session.absolute_timeout"),
                idle_timeout: reader.duration("session.idle_timeout"),
                idle_timeout_remembered: reader.duration("session.idle_timeout_remembered"),
                idle_warning: reader.duration("session.idle_warning"),
                rotation_grace: reader.duration("session.rotation_grace"),
            },
            password_min_length: reader.min_length(),
            registration: match reader.one_of("registration", &["open", "closed"]).as_str() {
                "closed" => Registration::Closed,
                _ => Registration::Open,
            },
            json_logs: reader.one_of("log.format", &["text", "json"]) == "json",
            public_url,
        };
        let mut faults = reader.faults();
        faults.extend(layers.unknown());
        if faults.is_empty() {
            faults.extend(config.lifetimes.faults());
        }
        if faults.is_empty() { Ok(config) } else { Err(Faults(faults)) }
    }

    /// The auth secret, from the configuration or from the file beside the database; made only where there is no
    /// key yet that another secret could have sealed.
    ///
    /// # Errors
    /// One line saying what is missing or too open.
    pub fn secret(&self, has_keys: bool, fresh: [u8; 32]) -> Result<SecretBytes, Faults> {
        match &self.auth_secret {
            Some(secret) => Ok(secret.clone()),
            None => secret_file::read_or_make(&self.database_file, has_keys, fresh).map_err(|line| Faults(vec![line])),
        }
    }

    /// The host of the public URL.
    #[must_use]
    pub fn host(&self) -> String {
        url::Url::parse(&self.public_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Every key with its value in force and where that came from; secrets masked.
    #[must_use]
    pub fn show(layers: &Layers) -> Vec<Shown> {
        keys::KEYS
            .iter()
            .map(|key| {
                let (value, source) = layers.value(key.name);
                let value = if key.secret && !value.is_empty() { "********".to_owned() } else { value };
                Shown { key: key.name, value, source: source.to_string() }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str, env: &[(&str, &str)]) -> Result<Config, Faults> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::read(&Layers::gather(Some(("sekisho.toml", toml)), env, &[])?)
    }

    #[test]
    fn without_anything_set_the_defaults_hold() {
        let config = read("", &[]).unwrap();
        assert_eq!(config.public_url, "http://localhost:3000");
        assert_eq!(config.lifetimes.access_ttl.as_secs(), 900);
        assert_eq!(config.password_min_length, 15);
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let config =
            read("[session]\naccess_ttl = \"10m\"\nrefresh_lead = \"1m\"", &[("SEKISHO_SESSION__ACCESS_TTL", "5m")])
                .unwrap();
        assert_eq!(config.lifetimes.access_ttl.as_secs(), 300);
        assert_eq!(config.lifetimes.refresh_lead.as_secs(), 60);
    }

    #[test]
    fn all_faults_are_told_at_once_one_line_each() {
        let Err(Faults(lines)) = read(
            "colour = 1\n[session]\naccess_ttl = \"soon\"\nacess_ttl = \"5m\"\nstrategy = \"jwt\"\n[server]\npublic_url = \"http://example.com\"",
            &[("SEKISHO_SERVER__ADDR", "nowhere"), ("SEKISHO_NO__SUCH", "1"), ("AUTH_SECRET", "short")],
        ) else {
            panic!("a broken configuration was taken")
        };
        for part in [
            "colour",
            "session.access_ttl",
            "session.acess_ttl",
            "session.strategy",
            "server.public_url",
            "server.addr",
            "no.such",
            "auth_secret",
        ] {
            assert_eq!(lines.iter().filter(|line| line.starts_with(part)).count(), 1, "{part}: {lines:#?}");
        }
        assert!(lines.iter().all(|line| !line.contains('\n')));
    }

    #[test]
    fn http_is_for_loopback_only_unless_asked_for() {
        assert!(read("[server]\npublic_url = \"http://192.168.1.7:3000\"", &[]).is_err());
        assert!(read("[server]\npublic_url = \"http://192.168.1.7:3000\"\ninsecure_cookies = true", &[]).is_ok());
        assert!(
            read("[server]\npublic_url = \"https://id.example.com/\"", &[]).unwrap().public_url
                == "https://id.example.com"
        );
        assert!(read("[server]\npublic_url = \"https://id.example.com/app\"", &[]).is_err());
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = "0123456789abcdef0123456789abcdef0123456789abcdef";
        let layers = Layers::gather(None, [("AUTH_SECRET".to_owned(), secret.to_owned())].into_iter(), &[]).unwrap();
        let shown = Config::show(&layers);
        assert!(shown.iter().any(|row| row.key == "auth_secret" && row.value == "********"));
        assert!(!format!("{shown:?}{:?}", Config::read(&layers).unwrap()).contains(secret));
    }
}
