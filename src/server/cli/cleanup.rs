//! `sekisho cleanup`: what the schedule does, now.

use super::{
    direct::Direct,
    failure::Failure,
    out::{Out, complain},
};
use crate::server::{
    clock::Clock,
    config::Config,
    flow::{
        audit_retention::Retention,
        cleanup::{self, Tools},
    },
};

/// # Errors
/// When the database can't be opened or takes no more writes.
pub async fn clean_up(config: &Config, unverified: bool, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let audit = Retention::of(config).map(|retention| Retention { unverified, ..retention });
    if let Err(faults) = &audit {
        complain(&format!("the audit log is left as it is, which takes the auth secret to cut: {faults}"));
    }
    let tools = Tools { db: &direct.db, clock: &Clock::System, rng: &direct.rng, audit: audit.ok() };
    let by = if unverified { "cli, unverified audit rows too" } else { "cli" };
    let report = cleanup::clean_up(&tools, by).await;
    direct.db.close().await;
    let report = report?;
    let rows: Vec<String> = report.rows.iter().map(|(kind, rows)| format!("{rows} of {kind}")).collect();
    let text = format!("rows deleted in {} ms: {}", report.ms, rows.join(", "));
    out.done(&text, &serde_json::json!({ "rows": report.rows, "ms": report.ms }));
    Ok(())
}
