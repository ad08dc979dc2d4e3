//! `sekisho doctor`: one line for each thing that is well, unwise or wrong, with what to do about it. It looks only:
//! nothing is made, migrated or asked of the network.

mod machine;
mod settings;
mod storage;
mod words;

use serde::Serialize;

use super::{
    failure::Failure,
    out::{Out, Row},
};
use crate::server::{
    config::{Config, Faults, Layers},
    open_files,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    /// It works, and is unwise.
    Warn,
    Fault,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    text: String,
    /// What to do, or what to know.
    hint: Option<String>,
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        Self { check, verdict, text: text.into(), hint: None }
    }

    fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, text)
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Row for Finding {
    const HEAD: &'static [&'static str] = &["VERDICT", "CHECK", "FINDING"];

    fn cells(&self) -> Vec<String> {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fault => "FAULT",
        };
        let hint = self.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        // What a database or file system says may span lines; a finding is one.
        let finding = format!("{}{hint}", self.text).split_whitespace().collect::<Vec<_>>().join(" ");
        vec![verdict.to_owned(), self.check.to_owned(), finding]
    }
}

/// Examines what can be examined, and says so.
///
/// # Errors
/// When anything is a fault.
pub async fn examine(layers: Result<Layers, Faults>, out: Out) -> Result<(), Failure> {
    let findings = match layers.and_then(|layers| Config::read(&layers)) {
        Ok(config) => {
            let mut findings = settings::examine(&config);
            findings.extend(storage::examine(&config).await);
            findings.push(machine::open_files(open_files::highest()));
            findings
        }
        Err(Faults(lines)) => lines.into_iter().map(|line| Finding::new(CONFIGURATION, Verdict::Fault, line)).collect(),
    };
    out.table(&findings);
    match findings.iter().filter(|finding| finding.verdict == Verdict::Fault).count() {
        0 => Ok(()),
        1 => Err(Failure::refused("one fault was found")),
        faults => Err(Failure::refused(format!("{faults} faults were found"))),
    }
}

const CONFIGURATION: &str = "configuration";
