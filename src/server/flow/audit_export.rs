//! The audit log as JSON lines (one object a line, newest first): a page at a time, so that a log of any size needs the
//! memory of one page.

use futures::{Stream, stream};
use serde::Serialize;

use crate::{
    api::{ApiResult, audit::AuditFilter},
    domain::{
        audit::{Event, Outcome},
        revocation::Standing,
        role::Action,
    },
    server::{
        context::{Actor, RequestContext},
        flow::{audit_filter, audit_log},
        store::{
            Db, StoreError, StoreResult,
            audit::{self, Entry, Filter, Listed},
        },
    },
};

const PAGE: i64 = 500;

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the session that asked for it has ended")]
    Ended,
}

/// What the filter admits, once it is written down that it was taken out. It ends with the session that asked for it.
///
/// # Errors
/// `forbidden`, `invalid` as for the list, `unavailable`.
pub async fn export(
    cx: &RequestContext,
    actor: &Actor,
    asked: &AuditFilter,
) -> ApiResult<impl Stream<Item = Result<String, Broken>> + Send + 'static> {
    audit_log::allow(cx, actor, Action::ExportAudit).await?;
    let filter = audit_filter::resolve(&cx.state.db, asked).await?;
    let set: serde_json::Map<_, _> = asked
        .pairs()
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.chars().take(254).collect::<String>().into()))
        .collect();
    let detail = Some(serde_json::json!({ "filter": set }).to_string());
    let entry = Entry { detail, ..cx.audit(Event::AuditExport, Outcome::Done) };
    cx.state.db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await?;
    let (state, claims) = (cx.state.clone(), actor.0.clone());
    let cursor = filter.map(|filter| (filter, String::new()));
    Ok(stream::try_unfold(cursor, move |cursor| {
        let (state, claims) = (state.clone(), claims.clone());
        async move {
            let Some((filter, cursor)) = cursor else { return Ok(None) };
            if state.revoked.standing(&claims.claims) != Standing::Good {
                return Err(Broken::Ended);
            }
            Ok(page(&state.db, filter, &cursor).await?)
        }
    }))
}

/// What comes after a page: the filter, and the id of the last row.
pub type Cursor = Option<(Filter, String)>;

/// The lines of the next page, and where the one after it begins; nothing after the last.
///
/// # Errors
/// When the database can't be read.
pub async fn page(db: &Db, filter: Filter, cursor: &str) -> StoreResult<Option<(String, Cursor)>> {
    let rows = audit::list(db.read(), &filter, cursor, PAGE).await?;
    let Some(last) = rows.last().map(|row| row.id.clone()) else { return Ok(None) };
    let more = i64::try_from(rows.len()).is_ok_and(|rows| rows == PAGE);
    let lines = rows.into_iter().map(|row| Line::from(row).text()).collect();
    Ok(Some((lines, more.then_some((filter, last)))))
}

/// A row as it lies in the log, with the e-mails of those whom its ids name today.
#[derive(Serialize)]
struct Line {
    seq: Option<i64>,
    id: String,
    at: i64,
    action: String,
    outcome: String,
    actor_id: Option<String>,
    actor: Option<String>,
    target_id: Option<String>,
    target: Option<String>,
    session_id: Option<String>,
    address: Option<String>,
    device: Option<String>,
    request_id: Option<String>,
    detail: serde_json::Value,
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
