//! The one list of configuration keys.

/// A key, its default as it would be written, and whether its value is masked.
pub struct Key {
    pub name: &'static str,
    pub default: &'static str,
    pub secret: bool,
}

const fn key(name: &'static str, default: &'static str) -> Key {
    Key { name, default, secret: false }
}

const fn secret(name: &'static str) -> Key {
    Key { name, default: "", secret: true }
}

pub const KEYS: &[Key] = &[
    key("server.addr", "127.0.0.1:3000"),
    key("server.public_url", "http://localhost:3000"),
    key("server.trusted_proxies", ""),
    key("server.insecure_cookies", "false"),
    key("database.url", "sqlite://sekisho.db"),
    secret("auth_secret"),
    secret("auth_secret_previous"),
    key("session.strategy", "hybrid"),
    key("session.access_ttl", "15m"),
    key("session.refresh_lead", "2m"),
    key("session.max_age", "30d"),
    key("session.rolling", "true"),
    key("session.absolute_timeout", "90d"),
    key("session.idle_timeout", "15m"),
    key("session.idle_timeout_remembered", "0"),
    key("session.idle_warning", "2m"),
    key("session.rotation_grace", "20s"),
    key("password.min_length", "15"),
    key("registration", "open"),
    key("log.format", "text"),
];
