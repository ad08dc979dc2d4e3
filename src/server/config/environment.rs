//! What the environment sets: `SEKISHO_SECTION__KEY`, `AUTH_SECRET`, and each secret as a file that is named by `…_FILE`.
//!
//! Refuses a key that is set twice, and a named file that is missing, empty or open to everyone. Passes over the service
//! links of Kubernetes: beside a Service `sekisho` they look like ours and set nothing.

use std::{collections::BTreeMap, path::Path};

use super::{
    keys::{KEYS, Mask},
    secret_file,
    source::Source,
};

/// What was found, and what is wrong or unwise about it, one line each.
#[derive(Default)]
pub struct Environment {
    pub values: Vec<(String, (String, Source))>,
    pub faults: Vec<String>,
    pub warnings: Vec<String>,
}

/// A variable that sets a key, by its value or by naming a file.
struct Variable {
    name: String,
    value: String,
    is_file: bool,
}

/// Reads the variables, and the files that they name.
pub fn read(all: impl Iterator<Item = (String, String)>) -> Environment {
    let mut by_key: BTreeMap<String, Vec<Variable>> = BTreeMap::new();
    for (name, value) in all.filter(|(name, value)| !is_service_link(name, value)) {
        let Some(key) = key_of(&name) else { continue };
        let (key, is_file) = match key.strip_suffix("_file") {
            Some(secret) if may_be_file(secret) => (secret.to_owned(), true),
            _ => (key, false),
        };
        by_key.entry(key).or_default().push(Variable { name, value, is_file });
    }
    let mut environment = Environment::default();
    for (key, mut variables) in by_key {
        // `AUTH_SECRET=` beside a file is what compose files leave where nothing is set.
        if variables.len() > 1 {
            variables.retain(|variable| variable.is_file || !variable.value.is_empty());
        }
        environment.set(key, variables);
    }
    environment
}

impl Environment {
    fn set(&mut self, key: String, mut variables: Vec<Variable>) {
        variables.sort_by(|one, other| one.name.cmp(&other.name));
        if variables.len() > 1 {
            let names: Vec<&str> = variables.iter().map(|variable| variable.name.as_str()).collect();
            self.faults.push(format!("{key}: {} are set at once; keep one of them", names.join(" and ")));
            return;
        }
        let Some(Variable { name, value, is_file }) = variables.pop() else { return };
        if !is_file {
            self.values.push((key, (value, Source::Environment(name))));
            return;
        }
        match secret_file::read_named(Path::new(&value)) {
            Ok(secret) => {
                self.warnings.extend(secret.open_to_group.map(|why| format!("{key}: {value} {why} (from {name})")));
                self.values.push((key, (secret.text, Source::SecretFile { variable: name, path: value })));
            }
            Err(why) => self.faults.push(format!("{key}: {value} {why} (from {name})")),
        }
    }
}

fn key_of(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("SEKISHO_") {
        // What tells the tests where their servers are may be set for good.
        return (!rest.starts_with("TEST_")).then(|| rest.replace("__", ".").to_lowercase());
    }
    let key = name.to_lowercase();
    let is_ours = ["AUTH_SECRET", "AUTH_SECRET_PREVIOUS"].contains(&name.strip_suffix("_FILE").unwrap_or(name));
    is_ours.then_some(key)
}

/// Whatever is hidden when it is shown may come as a file.
fn may_be_file(key: &str) -> bool {
    KEYS.iter().any(|known| known.name == key && known.mask != Mask::Nothing)
}

/// Whether it is one of the variables by which Kubernetes tells pods of a Service, here of one called `sekisho` or
/// `sekisho-…` (`enableServiceLinks`). No key of ours reads like them: those in a section have two underscores.
fn is_service_link(name: &str, value: &str) -> bool {
    let Some(rest) = name.strip_prefix("SEKISHO").filter(|rest| rest.starts_with('_') && !rest.contains("__")) else {
        return false;
    };
    rest.ends_with("_SERVICE_HOST")
        || rest.ends_with("_SERVICE_PORT")
        || rest.contains("_SERVICE_PORT_")
        || (rest.ends_with("_PORT") && value.contains("://"))
        || rest.rsplit_once("_PORT_").is_some_and(|(_, port)| is_port(port))
}

/// `3000_TCP`, or that with `_PROTO`, `_PORT` or `_ADDR`.
fn is_port(text: &str) -> bool {
    let parts: Vec<&str> = text.split('_').collect();
    let (["TCP" | "UDP" | "SCTP"] | ["TCP" | "UDP" | "SCTP", "PROTO" | "PORT" | "ADDR"]) = parts[1..] else {
        return false;
    };
    parts[0].parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn env(all: &[(&str, &str)]) -> Environment {
        read(all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    /// A file with this text and mode, and its path.
    fn file(text: &str, mode: u32) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let path = path.display().to_string();
        (folder, path)
    }

    #[test]
    fn links_to_services_called_sekisho_set_nothing() {
        for (name, value) in [
            ("SEKISHO_PORT", "tcp://10.0.0.1:3000"),
            ("SEKISHO_SERVICE_HOST", "10.0.0.1"),
            ("SEKISHO_SERVICE_PORT", "3000"),
            ("SEKISHO_SERVICE_PORT_HTTP", "3000"),
            ("SEKISHO_PORT_3000_TCP", "tcp://10.0.0.1:3000"),
            ("SEKISHO_PORT_3000_TCP_ADDR", "10.0.0.1"),
            ("SEKISHO_PORT_3000_TCP_PROTO", "tcp"),
            ("SEKISHO_PORT_3000_TCP_PORT", "3000"),
            ("SEKISHO_METRICS_PORT_9090_UDP_ADDR", "10.0.0.2"),
            ("SEKISHO_METRICS_SERVICE_HOST", "10.0.0.2"),
        ] {
            assert!(env(&[(name, value)]).values.is_empty(), "{name}");
        }
    }

    #[test]
    fn what_only_resembles_a_service_link_is_read() {
        for name in ["SEKISHO_PORT", "SEKISHO_PORT_X_TCP", "SEKISHO_PORT_3000_HTTP", "SEKISHO_SERVER__PORT_3000_TCP"] {
            assert_eq!(env(&[(name, "3000")]).values.len(), 1, "{name}");
        }
    }

    #[test]
    fn a_secret_comes_from_the_file_that_is_named_without_its_line_break() {
        for (variable, key) in [
            ("AUTH_SECRET_FILE", "auth_secret"),
            ("SEKISHO_AUTH_SECRET_FILE", "auth_secret"),
            ("AUTH_SECRET_PREVIOUS_FILE", "auth_secret_previous"),
            ("SEKISHO_DATABASE__URL_FILE", "database.url"),
            ("SEKISHO_REDIS__URL_FILE", "redis.url"),
        ] {
            for end in ["", "\n", "\r\n"] {
                let (_folder, path) = file(&format!(" a b{end}"), 0o600);
                let read = env(&[(variable, &path)]);
                let source = Source::SecretFile { variable: variable.to_owned(), path };
                assert_eq!(read.values, [(key.to_owned(), (" a b".to_owned(), source))]);
                assert!(read.faults.is_empty() && read.warnings.is_empty());
            }
        }
    }

    #[test]
    fn only_a_secret_may_be_a_file() {
        let (_folder, path) = file("open", 0o600);
        assert_eq!(env(&[("SEKISHO_REGISTRATION_FILE", &path)]).values[0].0, "registration_file");
    }

    #[test]
    fn a_named_file_that_says_nothing_is_a_fault_in_one_line() {
        let (_empty, empty) = file("\n", 0o600);
        for path in [empty.as_str(), "/no/such/file", "/", ""] {
            let read = env(&[("AUTH_SECRET_FILE", path)]);
            assert!(read.values.is_empty(), "{path}");
            assert!(read.faults.len() == 1 && !read.faults[0].contains('\n'), "{path}: {:?}", read.faults);
        }
    }

    #[test]
    fn a_key_that_is_set_twice_is_a_fault_in_one_line() {
        let (_folder, path) = file("a", 0o600);
        for other in ["AUTH_SECRET", "SEKISHO_AUTH_SECRET", "SEKISHO_AUTH_SECRET_FILE"] {
            let read = env(&[("AUTH_SECRET_FILE", &path), (other, &path)]);
            assert!(read.values.is_empty() && read.faults.len() == 1, "{other}: {:?}", read.faults);
        }
        assert_eq!(env(&[("AUTH_SECRET_FILE", &path), ("AUTH_SECRET", "")]).values.len(), 1, "empty is not set");
    }

    #[test]
    fn a_secret_file_that_its_group_can_read_is_a_warning_and_one_that_all_can_read_a_fault() {
        for (mode, values, warnings) in [(0o400, 1, 0), (0o440, 1, 1), (0o660, 1, 1), (0o444, 0, 0), (0o604, 0, 0)] {
            let (_folder, path) = file("a", mode);
            let read = env(&[("AUTH_SECRET_FILE", &path)]);
            assert_eq!((read.values.len(), read.warnings.len()), (values, warnings), "{mode:o}");
            assert_eq!(read.faults.len(), 1 - values, "{mode:o}");
        }
    }
}
