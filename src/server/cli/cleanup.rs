//! `sekisho cleanup`: what the schedule does, now.

use super::{direct::Direct, failure::Failure, out::Out};
use crate::server::{clock::Clock, config::Config, flow::cleanup};

/// # Errors
/// When the database can't be opened or takes no more writes.
pub async fn clean_up(config: &Config, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let report = cleanup::clean_up(&direct.db, &Clock::System, &direct.rng, "cli").await;
    direct.db.close().await;
    let report = report?;
    let rows: Vec<String> = report.rows.iter().map(|(kind, rows)| format!("{rows} of {kind}")).collect();
    let text = format!("rows deleted in {} ms: {}", report.ms, rows.join(", "));
    out.done(&text, &serde_json::json!({ "rows": report.rows, "ms": report.ms }));
    Ok(())
}
