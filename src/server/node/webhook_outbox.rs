//! From the sealed audit log to what is to be sent: each row once for each webhook, in the order of their numbers.
//!
//! The log is the outbox. Acts write nothing for it; a row's number is given once it is committed, and a webhook's
//! cursor moves over it in the transaction that writes what is to be sent.

use serde_json::{Value, json};

use super::nodes;
use crate::{
    domain::{
        audit::{Event, Outcome},
        time::Timestamp,
        webhook::{Happened, Message, MessageType, Subscription, messages},
    },
    server::{
        state::AppState,
        store::{
            StoreResult,
            audit_chain::{self, Row},
            pace::{BATCH, Pace},
            webhook_deliveries::{self, Delivery, State},
            webhooks::{self, Webhook},
        },
    },
};

/// Writes down what of the log is to be sent, if it is this node that does so.
///
/// # Errors
/// When the database can't be read or written; what was written stays so.
pub async fn enqueue(state: &AppState) -> StoreResult<()> {
    let behind = webhooks::behind(state.db.read()).await?;
    if behind.is_empty() || !nodes::holds_schedule(state).await? {
        return Ok(());
    }
    for webhook in behind {
        catch_up(state, webhook).await?;
    }
    Ok(())
}

async fn catch_up(state: &AppState, mut webhook: Webhook) -> StoreResult<()> {
    let most = i64::from(BATCH);
    loop {
        let pace = Pace::begin();
        let rows = audit_chain::sealed_after(state.db.read(), (webhook.cursor_seq.saturating_add(1), ""), most).await?;
        let Some(last) = rows.last().map(|row| row.place().head.seq) else { return Ok(()) };
        let read = webhook.clone();
        let new = deliveries(state, &webhook, &rows);
        let moved = state.db.write(move |tx| {
            Box::pin(async move {
                // Another node was here, or the webhook was switched off or deleted.
                if !webhooks::move_cursor(tx, &read, last).await? {
                    return Ok(false);
                }
                for delivery in &new {
                    webhook_deliveries::insert(tx, delivery).await?;
                }
                Ok(true)
            })
        });
        if !moved.await? || i64::try_from(rows.len()).unwrap_or(i64::MAX) < most {
            return Ok(());
        }
        webhook.cursor_seq = last;
        pace.rest().await;
    }
}

fn deliveries(state: &AppState, webhook: &Webhook, rows: &[Row]) -> Vec<Delivery> {
    // One that a later version wrote may name types that are unknown here.
    let Ok(wanted) = Subscription::parse([webhook.events.as_str()]) else {
        tracing::warn!(webhook = webhook.id, "a webhook wants messages of a type that is unknown here");
        return Vec::new();
    };
    let mut new = Vec::new();
    for row in rows {
        for (part, message) in told_by(row).into_iter().enumerate().filter(|(_, message)| wanted.wants(message.kind)) {
            let part = i64::try_from(part).unwrap_or(i64::MAX);
            new.push(delivery(state, webhook, (&message, Timestamp(row.at)), (row.place().head.seq, part)));
        }
    }
    new
}

fn told_by(row: &Row) -> Vec<Message> {
    let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == row.outcome);
    let (Some(event), Some(outcome)) = (Event::parse(&row.action), outcome) else { return Vec::new() };
    let detail: Value = row.detail.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let (actor, target) = (row.actor_id.as_deref(), row.target_id.as_deref());
    messages(&Happened { event, outcome, actor, target, session: row.session_id.as_deref(), detail: &detail })
}

/// A message for a webhook: of what happened at a moment, made by a part of a row. Their ids are in the order of what
/// happened.
fn delivery(
    state: &AppState,
    webhook: &Webhook,
    (message, at): (&Message, Timestamp),
    (seq, part): (i64, i64),
) -> Delivery {
    let (now, data) = (state.clock.now(), json!(message.data));
    Delivery { seq, part, ..due_at_once((state.rng.uuid(at), &webhook.id), (message.kind, at), &data, now) }
}

/// The message that an admin asks for to see whether messages arrive.
#[must_use]
pub fn test(id: String, webhook: &str, now: Timestamp) -> Delivery {
    due_at_once((id, webhook), (MessageType::Test, now), &json!({ "webhook_id": webhook }), now)
}

/// A message that no row of the log made and that nobody has tried to send.
fn due_at_once(
    (id, webhook): (String, &str),
    (kind, at): (MessageType, Timestamp),
    data: &Value,
    now: Timestamp,
) -> Delivery {
    let kind = kind.as_str();
    Delivery {
        id,
        webhook_id: webhook.to_owned(),
        seq: 0,
        part: 0,
        event: kind.to_owned(),
        body: json!({ "type": kind, "timestamp": written(at), "data": data }).to_string(),
        state: State::Pending.as_str().to_owned(),
        attempts: 0,
        next_at: now.0,
        tried_at: 0,
        status: None,
        error: None,
        took_ms: None,
        created_at: now.0,
    }
}

/// ISO 8601, in UTC.
fn written(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| format!("{at:.3}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_to_the_millisecond_in_utc() {
        assert_eq!(written(Timestamp(1_780_000_000_000)), "2026-05-28T20:26:40.000Z");
        assert_eq!(written(Timestamp(1_780_000_000_007)), "2026-05-28T20:26:40.007Z");
    }
}
