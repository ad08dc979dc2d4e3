//! The layers a value can come from, gathered into one table of text.

use std::{collections::BTreeMap, fmt};

use super::{
    Faults,
    environment::{self, Environment},
    keys::{DEFAULT_PROFILE, KEYS, PROFILES},
};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    /// Set by `session.profile`.
    Profile(&'static str),
    File(String),
    Environment(String),
    /// The text of a file that a variable of the environment names.
    SecretFile {
        variable: String,
        path: String,
    },
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::File(name) | Self::Environment(name) => f.write_str(name),
            Self::SecretFile { variable, path } => write!(f, "{variable} {path}"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// Every value that was set, by key, the last layer winning.
#[derive(Debug)]
pub struct Layers {
    values: BTreeMap<String, (String, Source)>,
    /// What is wrong with how they were set, and what is unwise, one line each.
    faults: Vec<String>,
    warnings: Vec<String>,
}

impl Layers {
    /// Gathers a file (its name and text), the environment and `--set key=value` flags.
    ///
    /// # Errors
    /// When the file is no TOML or a flag has no `=`.
    pub fn gather(
        file: Option<(&str, &str)>,
        environment: impl Iterator<Item = (String, String)>,
        flags: &[String],
    ) -> Result<Self, Faults> {
        let mut values = BTreeMap::new();
        if let Some((name, text)) = file {
            let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
                Faults(vec![format!("{name}: {}", error.message().lines().next().unwrap_or_default())])
            })?;
            flatten("", &table, &mut |key, value| {
                values.insert(key, (value, Source::File(name.to_owned())));
            });
        }
        let Environment { values: set, faults: wrong, warnings } = environment::read(environment);
        values.extend(set);
        let mut faults = Vec::new();
        for flag in flags {
            match flag.split_once('=') {
                Some((key, value)) => drop(values.insert(key.to_owned(), (value.to_owned(), Source::Flag))),
                None => faults.push(format!("--set {flag}: write it as key=value")),
            }
        }
        if faults.is_empty() { Ok(Self { values, faults: wrong, warnings }) } else { Err(Faults(faults)) }
    }

    /// The value in force.
    #[must_use]
    pub fn value(&self, name: &str) -> (String, Source) {
        self.values.get(name).cloned().or_else(|| self.preset(name)).unwrap_or_else(|| {
            let default = KEYS.iter().find(|key| key.name == name).map_or("", |key| key.default);
            (default.to_owned(), Source::Default)
        })
    }

    /// What the chosen profile says, which is less than what anyone has set.
    fn preset(&self, name: &str) -> Option<(String, Source)> {
        let chosen = self.values.get("session.profile").map_or(DEFAULT_PROFILE, |(value, _)| value.as_str());
        let profile = PROFILES.iter().find(|profile| profile.name == chosen)?;
        let (_, value) = profile.presets.iter().find(|(key, _)| *key == name)?;
        Some(((*value).to_owned(), Source::Profile(profile.name)))
    }

    /// A line for each key that was set and doesn't exist, and for what can't be read.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let unknown = self.values.iter().filter(|(name, _)| KEYS.iter().all(|key| key.name != name.as_str()));
        let unknown = unknown.map(|(name, (_, source))| format!("{name}: no such key (from {source})"));
        self.faults.iter().cloned().chain(unknown).collect()
    }

    /// What is unwise about how values were set, one line each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

fn flatten(prefix: &str, table: &toml::Table, add: &mut impl FnMut(String, String)) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, add),
            toml::Value::Array(items) => add(key, items.iter().map(text).collect::<Vec<_>>().join(",")),
            other => add(key, text(other)),
        }
    }
}

fn text(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
