//! The audit log as JSON lines (one object a line, newest first): a page at a time, so that a log of any size needs the
//! memory of one page.

use futures::Stream;
use serde::Serialize;

use crate::{
    api::{ApiResult, audit::AuditFilter},
    domain::{audit::Event, role::Action},
    server::{
        context::{Actor, RequestContext},
        flow::{
            audit_filter, audit_log,
            export::{self, Batch, Broken},
        },
        store::{
            Db, StoreResult,
            audit::{self, Filter, Listed},
        },
    },
};

const PAGE: i64 = 500;

/// What the filter admits, once it is written down that it was taken out.
///
/// # Errors
/// `forbidden`, `invalid` as for the list, `unavailable`.
pub async fn export(
    cx: &RequestContext,
    actor: &Actor,
    asked: &AuditFilter,
) -> ApiResult<impl Stream<Item = Result<String, Broken>> + Send + 'static + use<>> {
    audit_log::allow(cx, actor, Action::ExportAudit).await?;
    let filter = audit_filter::resolve(&cx.state.db, asked).await?;
    export::write_down(cx, Event::AuditExport, &asked.pairs()).await?;
    let first = filter.map(|filter| (filter, String::new()));
    Ok(export::batches(
        cx,
        actor,
        first,
        |state, (filter, cursor)| async move { page(&state.db, filter, &cursor).await },
    ))
}

/// The lines of the next page: what comes after it is the filter, and the id of the last row.
///
/// # Errors
/// When the database can't be read.
pub async fn page(db: &Db, filter: Filter, cursor: &str) -> StoreResult<Batch<(Filter, String)>> {
    let rows = audit::list(db.read(), &filter, cursor, PAGE).await?;
    let Some(last) = rows.last().map(|row| row.id.clone()) else { return Ok(None) };
    let more = i64::try_from(rows.len()).is_ok_and(|rows| rows == PAGE);
    let lines = rows.into_iter().map(|row| Line::from(row).text()).collect();
    Ok(Some((lines, more.then_some((filter, last)))))
}

/// A row as it lies in the log, with the e-mails of those whom its ids name today.
#[derive(Serialize)]
pub struct Line {
    pub seq: Option<i64>,
    pub id: String,
    pub at: i64,
    pub action: String,
    pub outcome: String,
    pub actor_id: Option<String>,
    pub actor: Option<String>,
    pub target_id: Option<String>,
    pub target: Option<String>,
    pub session_id: Option<String>,
    pub address: Option<String>,
    pub device: Option<String>,
    pub request_id: Option<String>,
    pub detail: serde_json::Value,
}

impl From<Listed> for Line {
    fn from(row: Listed) -> Self {
        let detail = row.detail.map_or(serde_json::Value::Null, |text| {
            serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text))
        });
        Self {
            seq: row.seq,
            id: row.id,
            at: row.at,
            action: row.action,
            outcome: row.outcome,
            actor_id: row.actor_id,
            actor: row.actor,
            target_id: row.target_id,
            target: row.target,
            session_id: row.session_id,
            address: row.address,
            device: row.device,
            request_id: row.request_id,
            detail,
        }
    }
}

impl Line {
    fn text(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_else(|_| unreachable!("texts and numbers have a form"));
        line.push('\n');
        line
    }
}
