//! Reading the audit log, and writing down what was refused.

use crate::{
    api::{
        ApiError, ApiResult,
        admin::{AuditRow, Page},
    },
    domain::{
        audit::{Event, Outcome},
        role::Action,
    },
    server::{
        context::{Actor, RequestContext},
        flow::paging::{next_cursor, page_size},
        store::audit::{self, Entry},
    },
};

/// The role table, asked; a refusal is written down.
///
/// # Errors
/// `forbidden`.
pub async fn allow(cx: &RequestContext, actor: &Actor, action: Action) -> ApiResult<()> {
    if actor.claims().role.may(action) {
        return Ok(());
    }
    refused(cx, Event::Forbidden, &format!("{action:?}")).await;
    Err(ApiError::Forbidden)
}

/// Writes down a refusal. It is refused whether or not that succeeds.
pub async fn refused(cx: &RequestContext, event: Event, what: &str) {
    let what: String = what.chars().take(128).collect();
    let detail = Some(serde_json::json!({ "what": what }).to_string());
    let entry = Entry { detail, ..cx.audit(event, Outcome::Refused) };
    let written = cx.state.db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await;
    if let Err(error) = written {
        tracing::warn!(error = %error, "a refusal could not be written down");
    }
}

/// # Errors
/// `forbidden`, `invalid` (`limit`), `unavailable`.
pub async fn list(
    cx: &RequestContext,
    actor: &Actor,
    query: &str,
    cursor: &str,
    limit: &str,
) -> ApiResult<Page<AuditRow>> {
    allow(cx, actor, Action::ViewAudit).await?;
    let limit = page_size(limit)?;
    let mut rows = audit::list(cx.state.db.read(), &query.trim().to_lowercase(), cursor, limit + 1).await?;
    let next = next_cursor(&mut rows, limit, |row| row.id.clone());
    let items = rows
        .into_iter()
        .map(|row| AuditRow {
            id: row.id,
            at: row.at,
            action: row.action,
            outcome: row.outcome,
            actor: row.actor,
            target: row.target,
            session_id: row.session_id,
            address: row.address,
            device: row.device,
            request_id: row.request_id,
            detail: row.detail,
        })
        .collect();
    Ok(Page { items, next, server_now: cx.now.0 })
}
