//! Why a command did not do what it was asked, and with which exit code.

use std::process::ExitCode;

use crate::server::{
    config::Faults,
    crypto::keyring::KeyringError,
    state::StartError,
    store::{StoreError, db::OpenError},
};

#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// Wrong usage or configuration, a line for each fault.
    Configuration(Vec<String>),
    /// Refused or failed, in one line.
    Refused(String),
}

impl Failure {
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    /// What is printed; no line of it spans two.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let lines = match self {
            Self::Configuration(lines) => lines.as_slice(),
            Self::Refused(line) => std::slice::from_ref(line),
        };
        lines.iter().map(|line| line.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")).collect()
    }

    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Configuration(_) => ExitCode::from(2),
            Self::Refused(_) => ExitCode::FAILURE,
        }
    }
}

impl From<Faults> for Failure {
    fn from(Faults(lines): Faults) -> Self {
        Self::Configuration(lines)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Config(faults) => faults.into(),
            // The auth secret is configuration, also where it only turns out on opening the keys.
            StartError::Keyring(error @ KeyringError::WrongSecret(_)) => Self::Configuration(vec![error.to_string()]),
            other => Self::Refused(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_one_line() {
        let failure = Failure::Configuration(vec!["a: wrong".to_owned(), "b: wrong\n  in two ways".to_owned()]);
        assert_eq!(failure.lines(), ["a: wrong", "b: wrong in two ways"]);
    }

    #[test]
    fn configuration_is_told_from_refusal() {
        assert_eq!(Failure::from(StartError::Config(Faults(vec![]))), Failure::Configuration(vec![]));
        assert_eq!(Failure::from(StartError::Open(OpenError::Newer(7))).exit_code(), ExitCode::FAILURE);
    }
}
