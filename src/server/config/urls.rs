//! Addresses of databases. They may carry a password, which nothing shows: not `Debug`, not `config show`.

use std::{fmt, path::PathBuf};

use url::Url;

/// What is shown in the place of a secret.
pub const HIDDEN: &str = "********";

/// Where accounts, sessions and everything else are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres(PostgresUrl),
}

/// A `postgres://` address, with its password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

/// Where the cookie sessions of the `database` strategy are kept.
#[derive(Clone, PartialEq, Eq)]
pub enum WebStore {
    Sql,
    /// A `redis://` address, with its password.
    Redis(String),
}

impl PostgresUrl {
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

impl fmt::Debug for WebStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql => f.write_str("Sql"),
            Self::Redis(url) => write!(f, "Redis({})", masked(url)),
        }
    }
}

/// As people see it: a file by its path, a server without the password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => file.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl DatabaseUrl {
    /// # Errors
    /// What is wrong with it, without quoting it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(file) = text.strip_prefix("sqlite://") {
            return match file {
                "" => Err("must be sqlite:// and a file"),
                _ if file.contains('?') => Err("takes no parameters after the SQLite file"),
                _ => Ok(Self::Sqlite(PathBuf::from(file))),
            };
        }
        if !is_address(text, &["postgres", "postgresql"]) {
            return Err(
                "must be sqlite://FILE or postgres://USER:PASSWORD@HOST/DATABASE, special characters percent-encoded",
            );
        }
        Ok(Self::Postgres(PostgresUrl(text.to_owned())))
    }
}

impl WebStore {
    /// # Errors
    /// What is wrong with the address, without quoting it.
    pub fn redis(url: &str) -> Result<Self, &'static str> {
        if is_address(url, &["redis", "rediss"]) {
            Ok(Self::Redis(url.to_owned()))
        } else {
            Err("must be redis://:PASSWORD@HOST:PORT/NUMBER, special characters percent-encoded")
        }
    }
}

fn is_address(text: &str, schemes: &[&str]) -> bool {
    parts(text).is_some_and(|url| {
        let socket = url.query_pairs().any(|(name, value)| name == "host" && !value.is_empty());
        schemes.contains(&url.scheme()) && (url.host_str().is_some_and(|host| !host.is_empty()) || socket)
    })
}

/// An address whose password is where the parser sees it. After an unencoded `/`, `?` or `#` in the password, the
/// rest of it would pass for a path, up to the `@`.
fn parts(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (!url[url::Position::BeforePath..].contains('@')).then_some(url)
}

/// The address with its password hidden, however badly it is written.
#[must_use]
pub fn masked(text: &str) -> String {
    if text.is_empty() || text.starts_with("sqlite://") {
        return text.to_owned();
    }
    let Some(mut url) = parts(text) else {
        return text.rsplit_once('@').map_or(HIDDEN.to_owned(), |(_, rest)| format!("{HIDDEN}@{rest}"));
    };
    if url.password().is_some() && url.set_password(Some(HIDDEN)).is_err() {
        return HIDDEN.to_owned();
    }
    let is_secret = |name: &str| name.to_lowercase().contains("pass");
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let shown = if is_secret(&name) { HIDDEN.to_owned() } else { value.into_owned() };
                (name.into_owned(), shown)
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_servers_are_told_apart() {
        assert_eq!(DatabaseUrl::parse("sqlite://a/b.db"), Ok(DatabaseUrl::Sqlite(PathBuf::from("a/b.db"))));
        for text in ["postgres://u:p@h/d", "postgresql://h:5433/d", "postgres:///d?host=/run/postgresql"] {
            assert!(
                matches!(DatabaseUrl::parse(text), Ok(DatabaseUrl::Postgres(url)) if url.expose() == text),
                "{text}"
            );
        }
        for text in ["", "sqlite://", "sqlite://a?mode=ro", "mysql://h/d", "postgres://", "postgres://u:p/w@h/d", "h/d"]
        {
            assert!(DatabaseUrl::parse(text).is_err(), "{text}");
        }
        assert!(WebStore::redis("redis://:pw@127.0.0.1:6379/0").is_ok());
        assert!(WebStore::redis("http://127.0.0.1").is_err());
    }

    #[test]
    fn a_password_is_shown_nowhere() {
        for (text, shown) in [
            ("postgres://user:hunter2@host/db", "postgres://user:********@host/db"),
            ("postgresql://user@host:5433/db?sslmode=require", "postgresql://user@host:5433/db?sslmode=require"),
            ("postgres://host/db?user=u&password=hunter2", "postgres://host/db?user=u&password=********"),
            ("redis://:hunter2@host:6379/0", "redis://:********@host:6379/0"),
            ("postgres://user:hun/ter2@host/db", "********@host/db"),
            ("postgres://user:1/hunter2@host/db", "********@host/db"),
            ("postgres://user:hun@hunter2@host/db", "postgres://user:********@host/db"),
            ("hunter2", "********"),
            ("sqlite://sekisho.db", "sqlite://sekisho.db"),
            ("", ""),
        ] {
            assert_eq!(masked(text), shown);
        }
        let kept = DatabaseUrl::parse("postgres://user:hunter2@host/db").unwrap();
        let web = WebStore::redis("redis://:hunter2@host").unwrap();
        assert!(!format!("{kept:?} {kept} {web:?}").contains("hunter2"));
    }
}
