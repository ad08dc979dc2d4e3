//! Reading the audit log, and writing down what was refused.

use crate::{
    api::{
        ApiError, ApiResult,
        audit::{AuditFilter, AuditPage, AuditRow},
    },
    domain::{
        audit::{Event, Outcome},
        role::Action,
        step_up,
        time::Timestamp,
    },
    server::{
        context::{Actor, RequestContext},
        device,
        flow::{
            audit_filter,
            paging::{next_cursor, page_size, place},
        },
        node::refusals,
        store::audit::{self, Entry, Listed},
    },
};

/// The role table, asked, a refusal being written down; and then whether the password was proved recently, where the
/// action needs that.
///
/// # Errors
/// `forbidden`, `step_up_required`.
pub async fn allow(cx: &RequestContext, actor: &Actor, action: Action) -> ApiResult<()> {
    let claims = actor.claims();
    if !claims.role.may(action) {
        refused(cx, Event::Forbidden, &format!("{action:?}")).await;
        return Err(ApiError::Forbidden);
    }
    if action.needs_proof() && !step_up::is_recent(Timestamp::from_secs(claims.proved_at), cx.now) {
        return Err(ApiError::StepUpRequired);
    }
    Ok(())
}

/// Writes down a refusal, or counts it if there are many like it. It is refused whether or not that succeeds.
pub async fn refused(cx: &RequestContext, event: Event, what: &str) {
    let what: String = what.chars().take(128).collect();
    let detail = Some(serde_json::json!({ "what": what }).to_string());
    let entry = Entry { detail, ..cx.audit(event, Outcome::Refused) };
    let Some(entry) = refusals::admit(cx, entry) else { return };
    let written = cx.state.db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await;
    if let Err(error) = written {
        tracing::warn!(error = %error, "a refusal could not be written down");
    }
}

/// # Errors
/// `forbidden`, `invalid` (`limit`, and those of the filter), `unavailable`.
pub async fn list(
    cx: &RequestContext,
    actor: &Actor,
    asked: &AuditFilter,
    (cursor, limit): (&str, &str),
) -> ApiResult<AuditPage> {
    allow(cx, actor, Action::ViewAudit).await?;
    let (cursor, limit) = (place(cursor)?, page_size(limit)?);
    let mut rows = match audit_filter::resolve(&cx.state.db, asked).await? {
        Some(filter) => audit::list(cx.state.db.read(), &filter, cursor, limit + 1).await?,
        None => Vec::new(),
    };
    let next = next_cursor(&mut rows, limit, |row| row.id.clone());
    let exportable = actor.claims().role.may(Action::ExportAudit);
    Ok(AuditPage { items: rows.into_iter().map(row).collect(), next, exportable, server_now: cx.now.0 })
}

/// A row as it is told.
#[must_use]
pub fn row(listed: Listed) -> AuditRow {
    let evidence = listed.detail.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let by_system = evidence.is_some_and(|evidence| is_by_system(&evidence));
    AuditRow {
        id: listed.id,
        at: listed.at,
        action: listed.action,
        outcome: listed.outcome,
        actor: listed.actor.or(listed.actor_id).or_else(|| by_system.then(|| "system".to_owned())),
        target: listed.target.or(listed.target_id),
        session_id: listed.session_id,
        address: listed.address,
        device: listed.device.as_deref().map(device::label),
        user_agent: listed.device,
        request_id: listed.request_id,
        detail: listed.detail,
        seq: listed.seq,
    }
}

/// Whether evidence says that nobody who is signed in did it: the command line, the first start, or the schedule.
#[must_use]
pub fn is_by_system(evidence: &serde_json::Value) -> bool {
    matches!(evidence["by"].as_str(), Some("cli" | "first_start" | "schedule"))
}
