//! `sekisho webhook`: who is told of sessions and accounts, and what came of it. A running server sends what is asked for
//! here within a second or two.

use serde::Serialize;
use serde_json::json;

use super::{
    args::NewWebhook,
    direct::{Direct, shown},
    failure::Failure,
    out::{Out, Row},
};
use crate::{
    domain::{audit::Event, time::Timestamp},
    server::{
        config::Config,
        flow::{
            keys,
            webhook_acts::{self, Change, Fields, Refused, Wish},
        },
        store::{
            StoreResult, webhook_deliveries,
            webhooks::{self, Webhook},
        },
    },
};

#[derive(Serialize)]
struct WebhookLine {
    id: String,
    url: String,
    description: String,
    events: Vec<String>,
    enabled: bool,
    disabled_reason: Option<String>,
    delivered_at: Option<i64>,
    created_at: i64,
}

impl From<Webhook> for WebhookLine {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url,
            description: webhook.description,
            events: webhook.events.split_whitespace().map(str::to_owned).collect(),
            enabled: webhook.enabled,
            disabled_reason: webhook.disabled_reason,
            delivered_at: (webhook.delivered_at > 0).then_some(webhook.delivered_at),
            created_at: webhook.created_at,
        }
    }
}

impl Row for WebhookLine {
    const HEAD: &'static [&'static str] = &["WEBHOOK", "STATE", "LAST TAKEN", "EVENTS", "URL"];

    fn cells(&self) -> Vec<String> {
        let state = match (&self.disabled_reason, self.enabled) {
            (_, true) => "on".to_owned(),
            (None, false) => "off".to_owned(),
            (Some(reason), false) => format!("off ({reason})"),
        };
        let events = if self.events.is_empty() { "all".to_owned() } else { self.events.join(",") };
        let taken = self.delivered_at.map_or("never".to_owned(), |at| shown(Timestamp(at)));
        vec![self.id.clone(), state, taken, events, self.url.clone()]
    }
}

#[derive(Serialize)]
struct DeliveryLine {
    id: String,
    event: String,
    state: String,
    attempts: i64,
    status: Option<i64>,
    error: Option<String>,
    took_ms: Option<i64>,
    created_at: i64,
    next_at: Option<i64>,
}

impl Row for DeliveryLine {
    const HEAD: &'static [&'static str] = &["MESSAGE", "CREATED", "STATE", "ATTEMPTS", "ANSWER", "NEXT", "EVENT"];

    fn cells(&self) -> Vec<String> {
        let answer = self.status.map(|status| status.to_string()).or_else(|| self.error.clone());
        vec![
            self.id.clone(),
            shown(Timestamp(self.created_at)),
            self.state.clone(),
            self.attempts.to_string(),
            answer.unwrap_or_else(|| "-".to_owned()),
            self.next_at.map_or("-".to_owned(), |at| shown(Timestamp(at))),
            self.event.clone(),
        ]
    }
}

/// # Errors
/// When the database can't be opened or read.
pub async fn list(config: &Config, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let all = webhooks::list(direct.db.read()).await?;
    direct.db.close().await;
    out.table(&all.into_iter().map(WebhookLine::from).collect::<Vec<_>>());
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
    let line = |delivery: webhook_deliveries::Delivery| DeliveryLine {
        next_at: (delivery.state == webhook_deliveries::State::Pending.as_str()).then_some(delivery.next_at),
        id: delivery.id,
        event: delivery.event,
        state: delivery.state,
        attempts: delivery.attempts,
        status: delivery.status,
        error: delivery.error,
        took_ms: delivery.took_ms,
        created_at: delivery.created_at,
    };
    out.table(&all.into_iter().map(line).collect::<Vec<_>>());
    Ok(())
}

/// # Errors
/// When an argument can't be so, there are too many, or the auth secret is missing.
pub async fn create(config: &Config, new: NewWebhook, out: Out) -> Result<(), Failure> {
    let fields = Fields::parse(&new.url, &new.events, &new.description, &config.webhooks_allow_private)
        .map_err(|Refused(field, reason)| Failure::refused(format!("{field}: {}", in_words(reason))))?;
    let direct = Direct::open(config).await?;
    let opener = keys::opener(config, &direct.db, (true, direct.rng.bytes())).await?;
    let (webhook, secret) = webhook_acts::new(fields, (&opener, &direct.rng), direct.now);
    let (id, by) = (webhook.id.clone(), direct.by(Event::WebhookCreate));
    let made = direct.db.write(move |tx| Box::pin(async move { webhook_acts::create(tx, by, webhook).await })).await;
    direct.db.close().await;
    judge(made, &id)?;
    let secret = secret.shown();
    let text = format!("webhook {id} is told from now on\nsecret, shown this once: {secret}");
    out.done(&text, &json!({ "webhook_id": id, "secret": secret }));
    Ok(())
}

/// # Errors
/// When there is no such webhook.
pub async fn delete(config: &Config, id: String, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let (of, by) = (id.clone(), direct.by(Event::WebhookDelete));
    let deleted = direct.db.write(move |tx| Box::pin(async move { webhook_acts::delete(tx, by, &of).await })).await;
    direct.db.close().await;
    let changed = judge(deleted, &id)?;
    out.done(&format!("webhook {id} is deleted"), &json!({ "changed": changed }));
    Ok(())
}

/// # Errors
/// When there is no such webhook.
pub async fn switch(config: &Config, (id, enabled): (String, bool), out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let (of, by) = (id.clone(), direct.by(Event::WebhookUpdate));
    let switched =
        direct.db.write(move |tx| Box::pin(async move { webhook_acts::switch(tx, by, &of, enabled).await })).await;
    direct.db.close().await;
    let changed = judge(switched, &id)?;
    let state = if enabled { "on: it is told of what happens from now on" } else { "off" };
    out.done(&format!("webhook {id} is {state}"), &json!({ "changed": changed, "enabled": enabled }));
    Ok(())
}

/// # Errors
/// When there is no such webhook, or it is off.
pub async fn test(config: &Config, id: String, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let delivery = direct.rng.uuid(direct.now);
    let (of, wish, by) = (id.clone(), Wish::Test(delivery.clone()), direct.by(Event::WebhookSend));
    let queued = direct.db.write(move |tx| Box::pin(async move { webhook_acts::send(tx, by, &of, wish).await })).await;
    direct.db.close().await;
    judge(queued, &id)?;
    let text = format!("message {delivery} will be sent; see `sekisho webhook deliveries {id}`");
    out.done(&text, &json!({ "delivery_id": delivery }));
    Ok(())
}

/// Whether anything changed.
fn judge(came_to: StoreResult<Change>, id: &str) -> Result<bool, Failure> {
    match came_to? {
        Change::Done => Ok(true),
        Change::AlreadySo => Ok(false),
        Change::NoWebhook => Err(no_such(id)),
        Change::Conflict => Err(Failure::refused(format!(
            "webhook {id} is off, was changed by someone else, or there are {} already",
            webhook_acts::MOST
        ))),
        Change::NotAllowed => unreachable!("the machine's operator may"),
    }
}

fn no_such(id: &str) -> Failure {
    Failure::refused(format!("there is no webhook {id}"))
}

fn in_words(reason: &str) -> &str {
    match reason {
        "https_only" => "must be https (http where webhooks.allow_private names the address)",
        "userinfo" => "carries a name or a password",
        "private_address" => "is not on the public internet, and webhooks.allow_private does not name it",
        "malformed" => "is no address such as https://hooks.example.com/sekisho",
        "too_long" => "is too long",
        "unknown" => "of an unknown type",
        other => other,
    }
}
