//! Gathers the layers of the configuration from this process's surroundings, and shows them.

use std::{env, ffi::OsString, fs, io::ErrorKind, path::Path};

use super::{
    args::Cli,
    direct::shown,
    failure::Failure,
    out::{Out, Row},
};
use crate::{
    domain::strategy::Strategy,
    server::{
        clock::Clock,
        config::{Config, Faults, Layers, Shown},
        store::{Db, sessions, strategy_ends},
    },
};

/// Read from the working directory when no file is named.
const DEFAULT_FILE: &str = "sekisho.toml";

/// # Errors
/// When a file can't be read or is no TOML, a variable is no text, or a flag has no `=`.
pub fn layers(cli: &Cli) -> Result<Layers, Faults> {
    let file = file(cli.config.as_deref())?;
    let environment = environment(env::vars_os())?;
    let file = file.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    Layers::gather(file, environment.into_iter(), &cli.set)
}

/// Prints the values in force, what the database holds of each strategy if it can be asked, and then what is wrong.
///
/// # Errors
/// Every fault.
pub async fn show(layers: &Layers, out: Out) -> Result<(), Failure> {
    let mut rows = Config::show(layers);
    let config = Config::read(layers);
    if let Ok(config) = &config {
        rows.extend(held(config).await.unwrap_or_default());
    }
    out.table(&rows);
    config.map(drop).map_err(Failure::from)
}

/// Live sessions by the strategy their credential is of, and until when one that leaves no row may live. A database
/// that isn't there, is of another version or doesn't answer tells nothing.
async fn held(config: &Config) -> Option<Vec<Shown>> {
    let db = Db::open_as_is(&config.database).await.ok()?;
    let counts = sessions::count_by_strategy(db.read(), Clock::System.now()).await.ok()?;
    let last_end = strategy_ends::last(db.read(), Strategy::Jwt).await.ok()?;
    let row = |key, value| Shown { key, value, source: "database".to_owned() };
    let count = |strategy: Strategy| {
        let found = counts.iter().find(|(name, _)| name == strategy.as_str());
        found.map_or(0, |(_, count)| *count).to_string()
    };
    Some(vec![
        row("sessions.hybrid", count(Strategy::Hybrid)),
        row("sessions.database", count(Strategy::Database)),
        row("sessions.jwt", count(Strategy::Jwt)),
        row("sessions.jwt.last_end", last_end.map_or_else(|| "none was ever given".to_owned(), shown)),
    ])
}

/// A file that was named must be there.
fn file(named: Option<&Path>) -> Result<Option<(String, String)>, Faults> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some((name, text))),
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Faults(vec![format!("{name}: there is no such file")]))
        }
        Err(error) => Err(Faults(vec![format!("{name}: can't be read: {error}")])),
    }
}

/// Ours of the environment. One that is not text must not be read as another value, nor as none.
fn environment(all: impl Iterator<Item = (OsString, OsString)>) -> Result<Vec<(String, String)>, Faults> {
    let mut read = Vec::new();
    let mut faults = Vec::new();
    for (name, value) in all {
        let Ok(name) = name.into_string() else { continue };
        if !name.starts_with("SEKISHO_") && !name.starts_with("AUTH_SECRET") {
            continue;
        }
        match value.into_string() {
            Ok(value) => read.push((name, value)),
            Err(_) => faults.push(format!("{name}: is not UTF-8")),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(Faults(faults)) }
}

impl Row for Shown {
    const HEAD: &'static [&'static str] = &["KEY", "FROM", "VALUE"];

    fn cells(&self) -> Vec<String> {
        vec![self.key.to_owned(), self.source.clone(), self.value.clone()]
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        assert!(file(Some(&path)).unwrap_err().0[0].ends_with("no such file"));
        fs::write(&path, "registration = \"closed\"").unwrap();
        assert_eq!(file(Some(&path)).unwrap().unwrap().1, "registration = \"closed\"");
    }

    #[test]
    fn a_variable_that_is_not_text_is_a_fault_if_it_is_ours() {
        let broken = || OsString::from_vec(vec![0xff]);
        let Err(Faults(lines)) = environment([("AUTH_SECRET".into(), broken()), ("PATH".into(), broken())].into_iter())
        else {
            panic!("taken for a secret")
        };
        assert_eq!(lines, ["AUTH_SECRET: is not UTF-8"]);
        let ours =
            environment([("SEKISHO_REGISTRATION".into(), "open".into()), ("HOME".into(), "/".into())].into_iter());
        assert_eq!(ours.unwrap(), [("SEKISHO_REGISTRATION".to_owned(), "open".to_owned())]);
    }
}
