//! The clean-up: what is past use goes, in batches between which others write, and a report stays.

use std::collections::BTreeMap;

use crate::{
    domain::{audit::Event, time::Timestamp},
    server::{
        clock::Clock,
        flow::audit_retention::Retention,
        rng::Rng,
        state::AppState,
        store::{
            Db, StoreResult,
            audit::{self, Entry},
            cleanup::{self, Kind},
            pace::{BATCH, Pace},
        },
    },
};

/// What a clean-up did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Rows deleted, by kind.
    pub rows: BTreeMap<&'static str, u64>,
    pub ms: u64,
}

/// What a clean-up works with.
pub struct Tools<'a> {
    pub db: &'a Db,
    pub clock: &'a Clock,
    pub rng: &'a Rng,
    /// Without it the audit log is left as it is.
    pub audit: Option<Retention>,
}

impl<'a> Tools<'a> {
    /// Those of a server.
    #[must_use]
    pub fn of(state: &'a AppState) -> Self {
        Self { db: &state.db, clock: &state.clock, rng: &state.rng, audit: Some(Retention::of_server(state)) }
    }
}

/// Deletes all that is past use and writes down how much that was; `by` says who wanted it. Several at once do no
/// harm.
///
/// # Errors
/// When the database takes no more writes; what has been deleted stays so.
pub async fn clean_up(tools: &Tools<'_>, by: &'static str) -> StoreResult<Report> {
    let Tools { db, clock, rng, audit: retention } = tools;
    let began_at = clock.now();
    let mut rows = BTreeMap::new();
    for kind in Kind::ALL {
        rows.insert(kind.as_str(), delete_all(db, kind, began_at).await?);
    }
    if let Some(retention) = retention {
        rows.insert("audit", retention.enforce(db, clock).await?);
    }
    let now = clock.now();
    let ms = u64::try_from(now.since(began_at).as_millis()).unwrap_or(u64::MAX);
    let report = Report { rows, ms };
    let entry = Entry {
        detail: Some(serde_json::json!({ "by": by, "rows": report.rows, "ms": ms }).to_string()),
        ..Entry::of_system(rng.uuid(now), now, Event::Cleanup)
    };
    db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await?;
    tracing::info!(by, ms, rows = ?report.rows, "cleaned up");
    Ok(report)
}

async fn delete_all(db: &Db, kind: Kind, now: Timestamp) -> StoreResult<u64> {
    let mut all = 0;
    loop {
        let pace = Pace::begin();
        let batch = db.write(move |tx| Box::pin(async move { cleanup::delete(tx, kind, now, BATCH).await })).await?;
        all += batch.deleted;
        if batch.written < u64::from(BATCH) {
            return Ok(all);
        }
        pace.rest().await;
    }
}
