//! Webhooks on the wire: who is told of sessions and accounts, and what came of it.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::ApiResult;

/// Types of messages, as a form sends them (`events[]=a&events[]=b`) or a script does (`events=a b`). None is all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneOrMany", into = "Vec<String>")]
pub struct Events(pub Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Events {
    fn from(sent: OneOrMany) -> Self {
        match sent {
            OneOrMany::One(text) => Self(vec![text]),
            OneOrMany::Many(texts) => Self(texts),
        }
    }
}

impl From<Events> for Vec<String> {
    fn from(events: Events) -> Self {
        events.0
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRow {
    pub id: String,
    pub url: String,
    pub description: String,
    /// Types of messages; none is all.
    pub events: Vec<String>,
    pub enabled: bool,
    /// `gone` or `failing` where the server switched it off.
    pub disabled_reason: Option<String>,
    /// Messages that wait to be sent.
    pub waiting: i64,
    /// When a message was last taken.
    pub delivered_at: Option<i64>,
    pub created_at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookList {
    pub items: Vec<WebhookRow>,
    pub server_now: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// The `webhook-id` of the message.
    pub id: String,
    pub event: String,
    /// `pending`, `delivered` or `failed`.
    pub state: String,
    pub attempts: i64,
    /// Of the last answer.
    pub status: Option<i64>,
    /// Why there was none, or none that counts.
    pub error: Option<String>,
    pub took_ms: Option<i64>,
    pub created_at: i64,
    pub tried_at: Option<i64>,
    /// When it is tried next.
    pub next_at: Option<i64>,
    /// What is sent.
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDetail {
    pub webhook: WebhookRow,
    /// Only once, on the page that follows a form sent without scripts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Until when the former secret signs too.
    pub former_until: Option<i64>,
    pub deliveries: Vec<DeliveryRow>,
    pub next: Option<String>,
    pub server_now: i64,
}

/// A webhook and its secret, which is not told again. `null` where the page that follows shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSecret {
    pub webhook_id: String,
    pub secret: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookChanged {
    pub changed: bool,
}

/// A message that will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    pub delivery_id: String,
}

/// # Errors
/// `forbidden`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/webhooks", input = GetUrl)]
pub async fn list_webhooks() -> ApiResult<WebhookList> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::webhooks::list(&cx, cx.actor()?).await
}

/// A webhook and a page of its deliveries, newest first.
///
/// # Errors
/// `forbidden`, `not_found`, `invalid` (`limit`, `cursor`), `renew`, `signed_out`, `unavailable`.
#[server(name = ReadWebhook, prefix = "/api", endpoint = "admin/webhook", input = GetUrl)]
pub async fn webhook(
    #[server(default)] webhook_id: String,
    #[server(default)] cursor: String,
    #[server(default)] limit: String,
) -> ApiResult<WebhookDetail> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::webhooks::detail(&cx, cx.actor()?, &webhook_id, (&cursor, &limit)).await
}

/// Has an address told from now on.
///
/// # Errors
/// `forbidden`, `step_up_required`, `invalid` (`url`, `events`, `description`), `conflict` where there are too many,
/// `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/webhooks/create")]
pub async fn create_webhook(
    #[server(default)] url: String,
    #[server(default)] events: Events,
    #[server(default)] description: String,
) -> ApiResult<WebhookSecret> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    let made = flow::webhooks::create(&cx, cx.actor()?, (&url, &events.0, &description)).await?;
    context::redirect(&format!("/admin/webhooks/{}", made.webhook_id));
    Ok(made)
}

/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `invalid` (`url`, `events`, `description`), `renew`, `signed_out`,
/// `unavailable`.
#[server(prefix = "/api", endpoint = "admin/webhooks/update")]
pub async fn update_webhook(
    #[server(default)] webhook_id: String,
    #[server(default)] url: String,
    #[server(default)] events: Events,
    #[server(default)] description: String,
) -> ApiResult<WebhookChanged> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::webhooks::update(&cx, cx.actor()?, &webhook_id, (&url, &events.0, &description)).await
}

/// Switches a webhook on (`true`), from what happens now on, or off (`false`).
///
/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `invalid` (`enabled`), `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/webhooks/switch")]
pub async fn switch_webhook(
    #[server(default)] webhook_id: String,
    #[server(default)] enabled: String,
) -> ApiResult<WebhookChanged> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::webhooks::switch(&cx, cx.actor()?, &webhook_id, &enabled).await
}

/// Deletes a webhook and the log of its deliveries.
///
/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/webhooks/delete")]
pub async fn delete_webhook(#[server(default)] webhook_id: String) -> ApiResult<WebhookChanged> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    let deleted = flow::webhooks::delete(&cx, cx.actor()?, &webhook_id).await?;
    // The page the form stands on has gone with it.
    context::redirect("/admin/webhooks");
    Ok(deleted)
}

/// Gives a webhook another secret; the former signs beside it for a day.
///
/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `conflict`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/webhooks/rotate")]
pub async fn rotate_webhook(#[server(default)] webhook_id: String) -> ApiResult<WebhookSecret> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    let made = flow::webhooks::rotate(&cx, cx.actor()?, &webhook_id).await?;
    context::redirect(&format!("/admin/webhooks/{}", made.webhook_id));
    Ok(made)
}

/// Sends a message `webhook.test`, once.
///
/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `conflict` where the webhook is switched off, `renew`, `signed_out`,
/// `unavailable`.
#[server(prefix = "/api", endpoint = "admin/webhooks/test")]
pub async fn test_webhook(#[server(default)] webhook_id: String) -> ApiResult<Queued> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::webhooks::test(&cx, cx.actor()?, &webhook_id).await
}

/// Sends a message again, with the same id; one that waits, at once.
///
/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `conflict` where the webhook is switched off, `renew`, `signed_out`,
/// `unavailable`.
#[server(prefix = "/api", endpoint = "admin/webhooks/resend")]
pub async fn resend_delivery(
    #[server(default)] webhook_id: String,
    #[server(default)] delivery_id: String,
) -> ApiResult<Queued> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::webhooks::resend(&cx, cx.actor()?, &webhook_id, &delivery_id).await
}
