//! The admin's view of webhooks, and the acts of the desk on them. What those do is `webhook_acts.rs`.

use std::{collections::HashMap, future::Future, time::Duration};

use futures::future::BoxFuture;
use serde_json::json;

use crate::{
    api::{
        ApiError, ApiResult,
        webhooks::{DeliveryRow, Queued, WebhookChanged, WebhookDetail, WebhookList, WebhookRow, WebhookSecret},
    },
    domain::{
        audit::{Event, Outcome},
        role::Action,
    },
    server::{
        context::{Actor, RequestContext},
        crypto,
        flow::{
            accounts::By,
            audit_log::allow,
            paging::{next_cursor, page_size, place},
            webhook_acts::{self, Change, Wish},
            webhook_fields::{Fields, Refused},
        },
        store::{
            Db, StoreResult, Tx,
            webhook_deliveries::{self, Delivery, State},
            webhooks::{self, Showing, Webhook},
        },
    },
};

/// The page that shows a secret follows at once.
const SHOWN_FOR: Duration = Duration::from_mins(5);

/// # Errors
/// `forbidden`, `unavailable`.
pub async fn list(cx: &RequestContext, actor: &Actor) -> ApiResult<WebhookList> {
    allow(cx, actor, Action::ViewWebhooks).await?;
    Ok(WebhookList { items: rows(&cx.state.db).await?, server_now: cx.now.0 })
}

/// All webhooks, each with how many messages wait.
///
/// # Errors
/// When the database can't be read.
pub async fn rows(db: &Db) -> StoreResult<Vec<WebhookRow>> {
    let waiting: HashMap<String, i64> = webhook_deliveries::waiting(db.read()).await?.into_iter().collect();
    let all = webhooks::list(db.read()).await?;
    let row = |webhook: Webhook| {
        let waiting = waiting.get(&webhook.id).copied().unwrap_or(0);
        row(webhook, waiting)
    };
    Ok(all.into_iter().map(row).collect())
}

/// # Errors
/// `forbidden`, `not_found`, `invalid` (`limit`, `cursor`), `unavailable`.
pub async fn detail(
    cx: &RequestContext,
    actor: &Actor,
    id: &str,
    (cursor, limit): (&str, &str),
) -> ApiResult<WebhookDetail> {
    allow(cx, actor, Action::ViewWebhooks).await?;
    let (cursor, limit, id) = (place(cursor)?, page_size(limit)?, known(id)?);
    let webhook = webhooks::find(cx.state.db.read(), id).await?.ok_or(ApiError::NotFound)?;
    let mut deliveries = webhook_deliveries::list(cx.state.db.read(), id, (cursor, limit + 1)).await?;
    let next = next_cursor(&mut deliveries, limit, |delivery| delivery.id.clone());
    let waiting = webhook_deliveries::waiting(cx.state.db.read()).await?;
    let waiting = waiting.into_iter().find(|(of, _)| of == id).map_or(0, |(_, count)| count);
    Ok(WebhookDetail {
        secret: take_secret(cx, actor, &webhook).await?,
        former_until: (webhook.former_secret.is_some() && webhook.former_until > cx.now.0)
            .then_some(webhook.former_until),
        webhook: row(webhook, waiting),
        deliveries: deliveries.into_iter().map(delivery_row).collect(),
        next,
        server_now: cx.now.0,
    })
}

/// The secret for a page that follows a form without scripts: only for the session that sent it, only once.
async fn take_secret(cx: &RequestContext, actor: &Actor, webhook: &Webhook) -> ApiResult<Option<String>> {
    let (id, session) = (webhook.id.clone(), actor.claims().sid.to_string());
    let to = Showing { session, request: cx.request_id().to_owned(), now: cx.now };
    if !cx.navigates || !webhooks::is_to_be_shown(cx.state.db.read(), &id, &to).await? {
        return Ok(None);
    }
    let taken = cx.state.db.write(move |tx| Box::pin(async move { webhooks::take_showing(tx, &id, &to).await }));
    if !taken.await? {
        return Ok(None);
    }
    let opener = cx.state.keyring.opener();
    let secret = crypto::webhook_secret::WebhookSecret::open(opener, &webhook.id, &webhook.secret);
    Ok(secret.map(|secret| secret.shown()))
}

/// # Errors
/// `forbidden`, `step_up_required`, `invalid`, `conflict`, `unavailable`.
pub async fn create(cx: &RequestContext, actor: &Actor, fields: (&str, &[String], &str)) -> ApiResult<WebhookSecret> {
    allow(cx, actor, Action::ManageWebhooks).await?;
    let fields = parse(cx, fields)?;
    let (new, secret) = webhook_acts::new(fields, (cx.state.keyring.opener(), &cx.state.rng), cx.now);
    let (id, show) = (new.id.clone(), Show::of(cx, actor));
    act(cx, Event::WebhookCreate, move |tx, by| {
        Box::pin(async move {
            let id = new.id.clone();
            let change = webhook_acts::create(tx, by, new).await?;
            show.note(tx, &id, change).await
        })
    })
    .await?;
    Ok(WebhookSecret { webhook_id: id, secret: (!cx.navigates).then(|| secret.shown()) })
}

/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `invalid`, `unavailable`.
pub async fn update(
    cx: &RequestContext,
    actor: &Actor,
    id: &str,
    fields: (&str, &[String], &str),
) -> ApiResult<WebhookChanged> {
    allow(cx, actor, Action::ManageWebhooks).await?;
    let (id, changes) = (known(id)?.to_owned(), parse(cx, fields)?.into());
    let changed = act(cx, Event::WebhookUpdate, move |tx, by| {
        Box::pin(async move { webhook_acts::update(tx, by, &id, changes).await })
    });
    Ok(WebhookChanged { changed: changed.await? })
}

/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `invalid` (`enabled`), `unavailable`.
pub async fn switch(cx: &RequestContext, actor: &Actor, id: &str, enabled: &str) -> ApiResult<WebhookChanged> {
    allow(cx, actor, Action::ManageWebhooks).await?;
    let id = known(id)?.to_owned();
    let enabled = enabled.parse().map_err(|_| ApiError::invalid("enabled", "unknown"))?;
    let changed = act(cx, Event::WebhookUpdate, move |tx, by| {
        Box::pin(async move { webhook_acts::switch(tx, by, &id, enabled).await })
    });
    Ok(WebhookChanged { changed: changed.await? })
}

/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `unavailable`.
pub async fn delete(cx: &RequestContext, actor: &Actor, id: &str) -> ApiResult<WebhookChanged> {
    allow(cx, actor, Action::ManageWebhooks).await?;
    let id = known(id)?.to_owned();
    let changed =
        act(cx, Event::WebhookDelete, move |tx, by| Box::pin(async move { webhook_acts::delete(tx, by, &id).await }));
    Ok(WebhookChanged { changed: changed.await? })
}

/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `conflict`, `unavailable`.
pub async fn rotate(cx: &RequestContext, actor: &Actor, id: &str) -> ApiResult<WebhookSecret> {
    allow(cx, actor, Action::ManageWebhooks).await?;
    let id = known(id)?.to_owned();
    let (secret, sealed) = webhook_acts::draw_secret(&id, (cx.state.keyring.opener(), &cx.state.rng));
    let (of, show) = (id.clone(), Show::of(cx, actor));
    act(cx, Event::WebhookRotate, move |tx, by| {
        Box::pin(async move {
            let change = webhook_acts::rotate(tx, by, &of, sealed).await?;
            show.note(tx, &of, change).await
        })
    })
    .await?;
    Ok(WebhookSecret { webhook_id: id, secret: (!cx.navigates).then(|| secret.shown()) })
}

/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `conflict`, `unavailable`.
pub async fn test(cx: &RequestContext, actor: &Actor, id: &str) -> ApiResult<Queued> {
    allow(cx, actor, Action::ManageWebhooks).await?;
    let delivery_id = cx.state.rng.uuid(cx.now);
    send(cx, id, Wish::Test(delivery_id.clone())).await?;
    Ok(Queued { delivery_id })
}

/// # Errors
/// `forbidden`, `step_up_required`, `not_found`, `conflict`, `unavailable`.
pub async fn resend(cx: &RequestContext, actor: &Actor, id: &str, delivery_id: &str) -> ApiResult<Queued> {
    allow(cx, actor, Action::ManageWebhooks).await?;
    let delivery_id = known(delivery_id)?.to_owned();
    send(cx, id, Wish::Again(delivery_id.clone())).await?;
    Ok(Queued { delivery_id })
}

async fn send(cx: &RequestContext, id: &str, wish: Wish) -> ApiResult<bool> {
    let id = known(id)?.to_owned();
    act(cx, Event::WebhookSend, move |tx, by| Box::pin(async move { webhook_acts::send(tx, by, &id, wish).await }))
        .await
}

/// Carries out an act in a transaction of its own; whether anything changed.
fn act<F>(cx: &RequestContext, event: Event, act: F) -> impl Future<Output = ApiResult<bool>> + Send
where
    F: for<'t> FnOnce(&'t mut Tx, By) -> BoxFuture<'t, StoreResult<Change>> + Send + 'static,
{
    let by = By { entry: cx.audit(event, Outcome::Done), detail: json!({}), last_end: cx.now };
    let db = cx.state.db.clone();
    async move {
        match db.write(move |tx| act(tx, by)).await? {
            Change::Done => Ok(true),
            Change::AlreadySo => Ok(false),
            Change::NoWebhook => Err(ApiError::NotFound),
            Change::Conflict => Err(ApiError::conflict()),
            Change::NotAllowed => Err(ApiError::Forbidden),
        }
    }
}

/// To which session's next page a secret is shown; none where the answer itself tells it.
struct Show(Option<(String, crate::domain::time::Timestamp)>);

impl Show {
    fn of(cx: &RequestContext, actor: &Actor) -> Self {
        Self(cx.navigates.then(|| (actor.claims().sid.to_string(), cx.now.plus(SHOWN_FOR))))
    }

    async fn note(self, tx: &mut Tx, id: &str, change: Change) -> StoreResult<Change> {
        if let (Change::Done, Some((session, until))) = (change, self.0) {
            webhooks::show_once(tx, id, (&session, until)).await?;
        }
        Ok(change)
    }
}

fn parse(cx: &RequestContext, (url, events, description): (&str, &[String], &str)) -> ApiResult<Fields> {
    Fields::parse(url, events, description, cx.state.outbound.allowed())
        .map_err(|Refused(field, reason)| ApiError::invalid(field, reason))
}

/// An id that a database can hold.
fn known(id: &str) -> ApiResult<&str> {
    if id.contains('\0') { Err(ApiError::NotFound) } else { Ok(id) }
}

fn row(webhook: Webhook, waiting: i64) -> WebhookRow {
    WebhookRow {
        events: webhook.events.split_whitespace().map(str::to_owned).collect(),
        id: webhook.id,
        url: webhook.url,
        description: webhook.description,
        enabled: webhook.enabled,
        disabled_reason: webhook.disabled_reason,
        waiting,
        delivered_at: (webhook.delivered_at > 0).then_some(webhook.delivered_at),
        created_at: webhook.created_at,
    }
}

/// A delivery as it is told.
#[must_use]
pub fn delivery_row(delivery: Delivery) -> DeliveryRow {
    let waits = delivery.state == State::Pending.as_str();
    DeliveryRow {
        id: delivery.id,
        event: delivery.event,
        state: delivery.state,
        attempts: delivery.attempts,
        status: delivery.status,
        error: delivery.error,
        took_ms: delivery.took_ms,
        created_at: delivery.created_at,
        tried_at: (delivery.tried_at > 0).then_some(delivery.tried_at),
        next_at: waits.then_some(delivery.next_at),
        body: delivery.body,
    }
}
