//! `sekisho webhook list` and `deliveries`: who is told of sessions and accounts, and what came of it.

use serde::Serialize;

use super::{
    direct::{Direct, shown},
    failure::Failure,
    out::{Out, Row},
    webhook_acts::no_such,
};
use crate::{
    api::webhooks::{DeliveryRow, WebhookRow},
    domain::time::Timestamp,
    server::{
        config::Config,
        flow,
        store::{webhook_deliveries, webhooks},
    },
};

#[derive(Serialize)]
#[serde(transparent)]
struct WebhookLine(WebhookRow);

impl Row for WebhookLine {
    const HEAD: &'static [&'static str] = &["WEBHOOK", "STATE", "WAITING", "LAST TAKEN", "EVENTS", "URL"];

    fn cells(&self) -> Vec<String> {
        let Self(row) = self;
        let state = match (&row.disabled_reason, row.enabled) {
            (_, true) => "on".to_owned(),
            (None, false) => "off".to_owned(),
            (Some(reason), false) => format!("off ({reason})"),
        };
        let events = if row.events.is_empty() { "all".to_owned() } else { row.events.join(",") };
        let taken = row.delivered_at.map_or("never".to_owned(), |at| shown(Timestamp(at)));
        vec![row.id.clone(), state, row.waiting.to_string(), taken, events, row.url.clone()]
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct DeliveryLine(DeliveryRow);

impl Row for DeliveryLine {
    const HEAD: &'static [&'static str] = &["MESSAGE", "CREATED", "STATE", "ATTEMPTS", "ANSWER", "NEXT", "EVENT"];

    fn cells(&self) -> Vec<String> {
        let Self(row) = self;
        let answer = row.status.map(|status| status.to_string()).or_else(|| row.error.clone());
        vec![
            row.id.clone(),
            shown(Timestamp(row.created_at)),
            row.state.clone(),
            row.attempts.to_string(),
            answer.unwrap_or_else(|| "-".to_owned()),
            row.next_at.map_or("-".to_owned(), |at| shown(Timestamp(at))),
            row.event.clone(),
        ]
    }
}

/// # Errors
/// When the database can't be opened or read.
pub async fn list(config: &Config, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let all = flow::webhooks::rows(&direct.db).await?;
    direct.db.close().await;
    out.table(&all.into_iter().map(WebhookLine).collect::<Vec<_>>());
    Ok(())
}

/// The newest deliveries.
///
/// # Errors
/// When the database can't be opened or read, or there is no such webhook.
pub async fn deliveries(config: &Config, (id, limit): (String, i64), out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let found = webhooks::find(direct.db.read(), &id).await?;
    let all = webhook_deliveries::list(direct.db.read(), &id, ("", limit)).await?;
    direct.db.close().await;
    if found.is_none() {
        return Err(no_such(&id));
    }
    let line = |delivery| DeliveryLine(flow::webhooks::delivery_row(delivery));
    out.table(&all.into_iter().map(line).collect::<Vec<_>>());
    Ok(())
}
