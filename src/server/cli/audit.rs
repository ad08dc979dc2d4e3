//! `sekisho audit`: whether the log is as it was sealed, and the log itself.

use serde_json::json;

use super::{
    direct::Direct,
    failure::Failure,
    out::{Out, lines},
};
use crate::{
    domain::{
        audit::Event,
        audit_chain::{Finding, Given, Head, Report},
    },
    server::{
        config::Config,
        flow::{
            audit_export,
            audit_seal::{self, Verified},
        },
        store::audit::{self, Entry, Filter},
    },
};

/// # Errors
/// When something is not as it was sealed, the database can't be read, or the auth secret is missing.
pub async fn verify(config: &Config, head: Option<Head>, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let seals = audit_seal::seals(config)?;
    let verified = audit_seal::verify(&direct.db, &seals, head).await;
    direct.db.close().await;
    let Verified { report, unsealed } = verified?;
    let found = report.findings.len() as u64 + report.more;
    let value = json!({
        "clean": found == 0,
        "head": report.head.to_string(),
        "checkpoint": report.checkpoint,
        "sealed": report.sealed,
        "covered": report.covered,
        "unsealed": unsealed,
        "given": report.given,
        "findings": report.findings,
        "more": report.more,
    });
    out.done(&told(&report, unsealed), &value);
    match found {
        0 => Ok(()),
        found => Err(Failure::refused(format!("the audit log is not as it was sealed: {found} found"))),
    }
}

fn told(report: &Report, unsealed: i64) -> String {
    let mut told: Vec<String> = report.findings.iter().map(named).collect();
    if report.more > 0 {
        told.push(format!("… and {} more", report.more));
    }
    let mut sealed = format!("{} sealed rows", report.sealed);
    if report.checkpoint > 0 {
        sealed.push_str(&format!(" after number {}, up to which the retention let them go", report.checkpoint));
    }
    if report.covered > 0 {
        sealed.push_str(&format!(", {} of them under a former key, vouched for by a later seal", report.covered));
    }
    told.push(format!("{sealed}; {unsealed} not sealed yet"));
    if report.given == Given::Past {
        told.push("the head given is older than the retention: nothing can be said of it".to_owned());
    }
    told.push(format!("head: {}", report.head));
    told.join("\n")
}

fn named(finding: &Finding) -> String {
    let span =
        |from: i64, to: i64| if from == to { format!("number {from}") } else { format!("numbers {from} to {to}") };
    match *finding {
        Finding::Edited { seq } => format!("number {seq} was changed, or put in"),
        Finding::Reordered { seq, was } => format!("number {seq} was sealed as number {was}"),
        Finding::Missing { from, to } => format!("{}: gone", span(from, to)),
        Finding::Unlinked { seq } => format!("number {seq} was sealed after another row than the one before it now"),
        Finding::UnknownKey { from, to } => {
            format!("{}: sealed under a key that is not known here (set auth_secret_previous)", span(from, to))
        }
        Finding::Checkpoint { seq } => format!("rows up to number {seq} are gone, and not by the retention"),
        Finding::CutTail { from, to } => format!("{}: cut off the end", span(from, to)),
        Finding::OtherHead { seq } => {
            format!("number {seq} is not the row that was written down: the end was cut off and written anew")
        }
    }
}

/// Writes down first that the log was taken out.
///
/// # Errors
/// When the database can't be read or written.
pub async fn export(config: &Config) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let detail = Some(json!({ "by": "cli" }).to_string());
    let entry = Entry { detail, ..direct.entry(Event::AuditExport) };
    direct.db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await?;
    let mut next = Some((Filter::default(), String::new()));
    while let Some((filter, cursor)) = next {
        let Some((page, after)) = audit_export::page(&direct.db, filter, &cursor).await? else { break };
        // A reader who has gone has seen enough.
        if !lines(&page) {
            break;
        }
        next = after;
    }
    direct.db.close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_told_line_by_line_and_then_the_head() {
        let report = Report {
            checkpoint: 10,
            head: Head { seq: 42, link: [0xab; 32] },
            sealed: 30,
            covered: 5,
            given: Given::Past,
            findings: vec![Finding::Missing { from: 12, to: 13 }, Finding::Reordered { seq: 20, was: 21 }],
            more: 7,
        };
        let text = told(&report, 3);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert_eq!(lines[0], "numbers 12 to 13: gone");
        assert!(lines[2].contains("7 more") && lines[3].ends_with("; 3 not sealed yet"), "{text}");
        assert!(lines[5].starts_with("head: 42:abab"), "{text}");
    }
}
