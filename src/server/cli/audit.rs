//! `sekisho audit`: the log itself, and whether it is as it was sealed.

use serde_json::json;

use super::{
    args::{AuditListing, AuditSearch},
    direct::{Direct, shown},
    failure::Failure,
    out::{Out, Row, device, lines},
};
use crate::{
    api::{ApiError, audit::AuditFilter},
    domain::{
        audit::Event,
        audit_chain::{Accepted, Finding, Given, Head, Report},
        time::Timestamp,
    },
    server::{
        config::Config,
        device::label,
        flow::{
            audit_export::{self, Line},
            audit_filter, audit_log,
            audit_seal::{self, Verified},
        },
        store::audit::{self, Filter},
    },
};

/// # Errors
/// When something is not as it was sealed, the database can't be read, or the auth secret is missing.
pub async fn verify(
    config: &Config,
    (head, mut accepted): (Option<Head>, Vec<Accepted>),
    out: Out,
) -> Result<(), Failure> {
    accepted.extend(&config.audit_accepted);
    let direct = Direct::open(config).await?;
    let seals = audit_seal::seals(config)?;
    let verified = audit_seal::verify(&direct.db, &seals, (head, &accepted)).await;
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
        sealed.push_str(&format!(
            ", {} of them under a former key, from which the change was proved or accepted",
            report.covered
        ));
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
        Finding::UnknownKey { from, to, before } => {
            let numbers = span(from, to);
            let accept = before.map(|seq| format!(", or, if you changed auth_secret then, give --accept-key {seq}"));
            format!(
                "{numbers}: sealed under a key that is not known here, and nothing proves that it was ours \
                 (set auth_secret_previous to the secret of then{})",
                accept.unwrap_or_default()
            )
        }
        Finding::Unvouched { seq } => format!(
            "number {seq} says that what was before it was not what had been sealed, or what it can't prove (its detail \
             tells; if you know why, give --accept-key {seq})"
        ),
        Finding::Checkpoint { seq } => format!(
            "rows up to number {seq} are gone, and no seal that is known here says that the retention took them (if you \
             changed auth_secret since then, give --accept-key {seq})"
        ),
        Finding::Head { seq } => format!("number {seq} is the last, and not the one that is written down as such"),
        Finding::CutTail { from, to } => format!("{}: cut off the end", span(from, to)),
        Finding::OtherHead { seq } => {
            format!("number {seq} is not the row that was written down: the end was cut off and written anew")
        }
    }
}

impl Row for Line {
    const HEAD: &'static [&'static str] = &["AT", "ACTION", "OUTCOME", "ACTOR", "TARGET", "ADDRESS", "DEVICE"];

    fn cells(&self) -> Vec<String> {
        let named = |name: &Option<String>, id: &Option<String>| name.clone().or_else(|| id.clone());
        let system = || audit_log::is_by_system(&self.detail).then(|| "system".to_owned());
        vec![
            shown(Timestamp(self.at)),
            self.action.clone(),
            self.outcome.clone(),
            named(&self.actor, &self.actor_id).or_else(system).unwrap_or_default(),
            named(&self.target, &self.target_id).unwrap_or_default(),
            self.address.clone().unwrap_or_default(),
            self.device.as_deref().map(|agent| device(&label(agent))).unwrap_or_default(),
        ]
    }
}

/// # Errors
/// When the database can't be opened or read.
pub async fn list(config: &Config, listing: AuditListing, out: Out) -> Result<(), Failure> {
    let AuditListing { search, cursor, limit } = listing;
    let direct = Direct::open(config).await?;
    let rows = match resolve(&direct, &search.asked()).await? {
        Some(filter) => audit::list(direct.db.read(), &filter, &cursor.unwrap_or_default(), limit).await?,
        None => Vec::new(),
    };
    direct.db.close().await;
    out.table(&rows.into_iter().map(Line::from).collect::<Vec<_>>());
    Ok(())
}

/// What to ask for; `None` where nothing can match.
async fn resolve(direct: &Direct, asked: &AuditFilter) -> Result<Option<Filter>, Failure> {
    audit_filter::resolve(&direct.db, asked).await.map_err(|error| match error {
        ApiError::Invalid { field, .. } => Failure::refused(format!("--{field}: not understood")),
        _ => Failure::refused("the database can't be read now; try again"),
    })
}

/// Writes down first that the log was taken out.
///
/// # Errors
/// When the database can't be read or written.
pub async fn export(config: &Config, search: AuditSearch) -> Result<(), Failure> {
    let asked = search.asked();
    let direct = Direct::open(config).await?;
    let filter = resolve(&direct, &asked).await?;
    let entry = direct.export(Event::AuditExport, &asked.pairs());
    direct.db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await?;
    let mut next = filter.map(|filter| (filter, String::new()));
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
