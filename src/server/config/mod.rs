//! What an operator sets: defaults < `sekisho.toml` < environment `SEKISHO_SECTION__KEY` < flags.
//!
//! `keys.rs` is the one list of keys and profiles; `source.rs` gathers values and where each came from, with
//! `environment.rs`; here they are read. Unknown keys and what can't work together are all reported at once, one line each.

mod environment;
mod hosts;
mod keys;
mod schedule;
mod secret_file;
mod secret_strength;
mod source;
mod urls;
mod values;

use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;

pub use hosts::Told;
pub use schedule::Schedule;
pub use source::{Layers, Source};
pub use urls::{DatabaseUrl, PostgresUrl, WebStore};

use self::{keys::Mask, values::Reader};
use crate::{
    domain::{
        audit_head::Accepted,
        device_limit::{DeviceLimit, OnLimit},
        lifetimes::Lifetimes,
        return_to::ReturnHosts,
        strategy::Strategy,
    },
    server::{
        crypto::{keyring::PUBLISHED_FOR, signing_key::SigningAlgorithm},
        http::cookies::Scope,
        secret::SecretBytes,
    },
};

/// What lies in a mailbox for so long is found by others.
const LONGEST_INVITE: Duration = Duration::from_secs(90 * 86_400);

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Anyone.
    Open,
    /// Whoever has an invitation.
    Invite,
    /// Nobody but those who were invited by their e-mail.
    Closed,
}

/// The keys that sign access tokens.
#[derive(Clone, Copy, Debug)]
pub struct KeyPolicy {
    /// Of those made from now on.
    pub algorithm: SigningAlgorithm,
    /// How long one signs before the next takes its place; zero for ever.
    pub rotation: Duration,
}

#[derive(Clone, Debug)]
pub struct Config {
    pub addr: SocketAddr,
    /// A Unix socket to listen on instead.
    pub listen_socket: Option<PathBuf>,
    /// Where what is counted is told; nowhere unless it is set.
    pub metrics_addr: Option<SocketAddr>,
    /// Origin for cookies, links and the issuer; without a trailing slash.
    pub public_url: String,
    pub trusted_proxies: Vec<IpNet>,
    /// Where sign-in may lead back to.
    pub return_hosts: ReturnHosts,
    /// Programs that `/auth/verify?aud=` mints tokens for.
    pub audiences: Vec<String>,
    /// What it tells of a user besides.
    pub told: Told,
    /// Who gets the cookies.
    pub cookies: Scope,
    pub database: DatabaseUrl,
    pub auth_secret: Option<SecretBytes>,
    pub auth_secret_previous: Option<SecretBytes>,
    /// What is unwise about how all this was set, one line each.
    pub warnings: Vec<String>,
    pub strategy: Strategy,
    pub lifetimes: Lifetimes,
    pub device_limit: DeviceLimit,
    pub web_store: WebStore,
    pub cleanup: Schedule,
    /// For how long the audit log is kept; zero for ever.
    pub audit_retention: Duration,
    /// Changes of the key of its seals that are believed by the operator's word.
    pub audit_accepted: Vec<Accepted>,
    /// Networks that webhooks may lead to although they aren't public.
    pub webhooks_allow_private: Vec<IpNet>,
    pub keys: KeyPolicy,
    pub password_min_length: usize,
    pub registration: Registration,
    /// How long an invitation is open.
    pub invites_ttl: Duration,
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
        let cookies = reader.cookies(&public_url, insecure_cookies);
        reader.choice("session.profile", &keys::PROFILES.each_ref(), |profile| profile.name);
        let config = Self {
            addr: reader.addr(),
            listen_socket: reader.listen_socket(),
            metrics_addr: reader.metrics_addr(),
            trusted_proxies: reader.networks("server.trusted_proxies"),
            return_hosts: reader.return_hosts(&public_url, &cookies),
            audiences: reader.audiences(&public_url),
            told: reader.told(),
            cookies,
            database: reader.database(),
            auth_secret: reader.secret("auth_secret"),
            auth_secret_previous: reader.former_secret("auth_secret_previous"),
            warnings: layers.warnings().to_vec(),
            strategy: reader.choice("session.strategy", &Strategy::ALL, Strategy::as_str),
            lifetimes: reader.lifetimes(),
            device_limit: DeviceLimit {
                max: reader.count("session.max_sessions"),
                on_limit: reader.choice("session.on_limit", &OnLimit::ALL, OnLimit::as_str),
            },
            web_store: reader.web_store(),
            cleanup: reader.schedule(),
            audit_retention: reader.duration("audit.retention"),
            audit_accepted: reader.accepted(),
            webhooks_allow_private: reader.networks("webhooks.allow_private"),
            keys: KeyPolicy {
                algorithm: reader.choice("keys.algorithm", &SigningAlgorithm::ALL, SigningAlgorithm::as_str),
                rotation: reader.duration("keys.rotation"),
            },
            password_min_length: reader.min_length(),
            registration: match reader.one_of("registration", &["open", "invite", "closed"]).as_str() {
                "invite" => Registration::Invite,
                "closed" => Registration::Closed,
                _ => Registration::Open,
            },
            invites_ttl: reader.duration("invites.ttl"),
            json_logs: reader.one_of("log.format", &["text", "json"]) == "json",
            public_url,
        };
        let combinations = if reader.could_read("session.strategy") { config.impossible() } else { Vec::new() };
        let faults = reader.faults(combinations);
        if faults.is_empty() { Ok(config) } else { Err(Faults(faults)) }
    }

    /// What can't work together, one line each.
    fn impossible(&self) -> Vec<String> {
        let mut lines = self.lifetimes.faults(self.strategy);
        if self.device_limit.max > 0 && !self.strategy.keeps_sessions() {
            lines.push(
                "session.max_sessions: session.strategy = jwt keeps no sessions, so that none can be counted"
                    .to_owned(),
            );
        }
        if !self.keys.rotation.is_zero() && self.keys.rotation < 2 * PUBLISHED_FOR {
            lines.push(format!(
                "keys.rotation: must be 0 or at least {} min: a key is published that long before it signs, twice over",
                2 * PUBLISHED_FOR.as_secs() / 60
            ));
        }
        if self.invites_ttl.is_zero() || self.invites_ttl > LONGEST_INVITE {
            lines.push("invites.ttl: must be longer than 0 and at most 90d".to_owned());
        }
        if matches!(self.web_store, WebStore::Redis(_)) && self.strategy != Strategy::Database {
            lines.push("session.store: redis is for session.strategy = database".to_owned());
        }
        lines
    }

    /// The SQLite file, for what has to do with it as a file.
    #[must_use]
    pub fn database_file(&self) -> Option<&Path> {
        match &self.database {
            DatabaseUrl::Sqlite(file) => Some(file),
            DatabaseUrl::Postgres(_) => None,
        }
    }

    /// The auth secret, from the configuration or from the file beside the database; made only where there is no
    /// key yet that another secret could have sealed.
    ///
    /// # Errors
    /// One line saying what is missing or too open.
    pub fn secret(&self, has_keys: bool, fresh: [u8; 32]) -> Result<SecretBytes, Faults> {
        let beside = |file| secret_file::read_or_make(file, has_keys, fresh);
        match (&self.auth_secret, self.database_file()) {
            (Some(secret), _) => Ok(secret.clone()),
            (None, Some(file)) => beside(file).map_err(|line| Faults(vec![line])),
            (None, None) => Err(Faults(vec![
                "auth_secret: is made beside an SQLite file only; set AUTH_SECRET (openssl rand -base64 32)".to_owned(),
            ])),
        }
    }

    /// The file that holds the auth secret where none is configured, whether or not it is there.
    #[must_use]
    pub fn secret_file(&self) -> Option<PathBuf> {
        self.database_file().map(|database| database.with_extension("secret"))
    }

    /// What is unwise about the files that secrets come from, one line each.
    #[must_use]
    pub fn unwise_secrets(&self) -> Vec<String> {
        let beside = self.secret_file().filter(|_| self.auth_secret.is_none()).and_then(|path| {
            let why = secret_file::openness(&File::open(&path).ok()?).ok()??;
            Some(format!("auth_secret: {} {why}", path.display()))
        });
        self.warnings.iter().cloned().chain(beside).collect()
    }

    /// Refuses to begin an empty database beside the secret of one that is gone.
    ///
    /// # Errors
    /// One line that says how to go on.
    pub fn refuse_lost_database(&self) -> Result<(), Faults> {
        let (Some(database), Some(secret)) = (self.database_file(), self.secret_file()) else { return Ok(()) };
        // In this order: another first start makes the database before its secret.
        if !secret.exists() || database.exists() {
            return Ok(());
        }
        let (database, secret) = (database.display(), secret.display());
        Err(Faults(vec![format!(
            "database.url: {secret} is here, but {database} is not: bring it back (sekisho restore FILE), or remove {secret} to begin an empty one"
        )]))
    }

    /// The host of the public URL.
    #[must_use]
    pub fn host(&self) -> String {
        url::Url::parse(&self.public_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Every key with its value in force and where that came from; secrets and passwords masked.
    #[must_use]
    pub fn show(layers: &Layers) -> Vec<Shown> {
        keys::KEYS
            .iter()
            .map(|key| {
                let (value, source) = layers.value(key.name);
                let value = match key.mask {
                    Mask::Whole if !value.is_empty() => urls::HIDDEN.to_owned(),
                    Mask::Password => urls::masked(&value),
                    Mask::Whole | Mask::Nothing => value,
                };
                Shown { key: key.name, value, source: source.to_string() }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
