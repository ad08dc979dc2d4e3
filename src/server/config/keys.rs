//! The one list of configuration keys, and the profiles that set several at once.

/// How much of a value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    Nothing,
    /// The password inside an address.
    Password,
    Whole,
}

/// A key, its default as it would be written, and what of its value is hidden.
pub struct Key {
    pub name: &'static str,
    pub default: &'static str,
    pub mask: Mask,
}

const fn key(name: &'static str, default: &'static str) -> Key {
    Key { name, default, mask: Mask::Nothing }
}

const fn address(name: &'static str, default: &'static str) -> Key {
    Key { name, default, mask: Mask::Password }
}

const fn secret(name: &'static str) -> Key {
    Key { name, default: "", mask: Mask::Whole }
}

pub const KEYS: &[Key] = &[
    key("server.addr", "127.0.0.1:3000"),
    key("server.listen_socket", ""),
    key("server.public_url", "http://localhost:3000"),
    key("server.trusted_proxies", ""),
    key("server.cookie_domain", ""),
    key("server.return_hosts", ""),
    key("server.audiences", ""),
    key("server.insecure_cookies", "false"),
    key("forward_auth.headers", ""),
    key("metrics.addr", ""),
    address("database.url", "sqlite://sekisho.db"),
    secret("auth_secret"),
    secret("auth_secret_previous"),
    key("session.strategy", "hybrid"),
    key("session.profile", DEFAULT_PROFILE),
    key("session.access_ttl", "15m"),
    key("session.refresh_lead", "2m"),
    key("session.max_age", "30d"),
    key("session.update_age", "24h"),
    key("session.rolling", "true"),
    key("session.absolute_timeout", "90d"),
    key("session.idle_timeout", "15m"),
    key("session.idle_timeout_remembered", "0"),
    key("session.idle_warning", "2m"),
    key("session.rotation_grace", "20s"),
    key("session.max_sessions", "0"),
    key("session.on_limit", "evict_oldest"),
    key("session.store", "sql"),
    address("redis.url", ""),
    key("cleanup.schedule", "0 3 * * *"),
    key("cleanup.timezone", SYSTEM_TIMEZONE),
    key("audit.retention", "400d"),
    key("audit.accept_keys", ""),
    key("webhooks.allow_private", ""),
    key("keys.algorithm", "EdDSA"),
    key("keys.rotation", "90d"),
    key("password.min_length", "15"),
    key("registration", "open"),
    key("invites.ttl", "7d"),
    key("log.format", "text"),
];

/// In `cleanup.timezone`: the one of this machine.
pub const SYSTEM_TIMEZONE: &str = "system";

/// Values that stand between the defaults and the file.
pub struct Profile {
    pub name: &'static str,
    pub presets: &'static [(&'static str, &'static str)],
}

pub const DEFAULT_PROFILE: &str = "medium";

pub const PROFILES: [Profile; 3] = [
    Profile {
        name: "low",
        presets: &[
            ("session.strategy", "jwt"),
            ("session.max_age", "30d"),
            ("session.idle_timeout", "0"),
            ("session.idle_timeout_remembered", "0"),
        ],
    },
    Profile { name: DEFAULT_PROFILE, presets: &[] },
    Profile {
        name: "high",
        presets: &[
            ("session.strategy", "database"),
            ("session.max_age", "2h"),
            ("session.update_age", "5m"),
            ("session.absolute_timeout", "12h"),
            ("session.idle_timeout", "15m"),
            ("session.idle_timeout_remembered", "15m"),
        ],
    },
];
