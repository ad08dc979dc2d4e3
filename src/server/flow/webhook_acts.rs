//! What is done to webhooks: one transaction each with its audit row, whoever asks. An address is written down by its
//! host alone, since the rest of it may be a secret of the receiver.

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use crate::{
    domain::{role::Action, time::Timestamp},
    server::{
        crypto::{sealed_keys::Opener, webhook_secret::WebhookSecret},
        flow::{
            accounts::By,
            webhook_fields::{Changes, Fields},
        },
        node::webhook_outbox,
        rng::Rng,
        store::{
            Db, StoreError, StoreResult, Tx,
            audit::{self, Entry},
            audit_chain::{self, End},
            guards::{self, Guard},
            users, webhook_deliveries,
            webhooks::{self, Webhook},
        },
    },
};

/// Each may have a few connections open at once.
pub const MOST: usize = 50;
/// For so long a former secret signs beside its successor.
pub const BOTH_SIGN: Duration = Duration::from_hours(24);

/// What became of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Done,
    AlreadySo,
    NoWebhook,
    /// There are as many as there may be, it is switched off, or someone else was faster.
    Conflict,
    /// The one who asks is no longer allowed to.
    NotAllowed,
}

/// A webhook as it begins, without a place in the log yet, and its secret.
#[must_use]
pub fn new(fields: Fields, (opener, rng): (&Opener, &Rng), now: Timestamp) -> (Webhook, WebhookSecret) {
    let id = rng.uuid(now);
    let (secret, sealed) = draw_secret(&id, (opener, rng));
    let webhook = Webhook {
        secret: sealed,
        id,
        url: fields.url,
        description: fields.description,
        events: fields.events,
        former_secret: None,
        former_until: 0,
        cursor_seq: 0,
        enabled: true,
        disabled_reason: None,
        delivered_at: 0,
        created_at: now.0,
    };
    (webhook, secret)
}

/// Another secret for a webhook, and what is stored of it.
#[must_use]
pub fn draw_secret(id: &str, (opener, rng): (&Opener, &Rng)) -> (WebhookSecret, Vec<u8>) {
    let secret = WebhookSecret::generate(rng);
    let sealed = secret.seal(opener, id, rng);
    (secret, sealed)
}

/// # Errors
/// When the rows can't be written.
pub async fn create(tx: &mut Tx, by: By, mut new: Webhook) -> StoreResult<Change> {
    if !may_go_on(tx, &by).await? {
        return Ok(Change::NotAllowed);
    }
    if webhooks::list(tx.read()).await?.len() >= MOST {
        return Ok(Change::Conflict);
    }
    new.cursor_seq = head(tx).await?;
    webhooks::insert(tx, &new).await?;
    write_down(tx, by, &new, json!({ "events": new.events })).await
}

/// # Errors
/// When the rows can't be written.
pub async fn update(tx: &mut Tx, by: By, id: &str, changes: Changes) -> StoreResult<Change> {
    let former = match find(tx, &by, id).await? {
        Ok(former) => former,
        Err(refused) => return Ok(refused),
    };
    let new = Webhook {
        url: changes.url.unwrap_or_else(|| former.url.clone()),
        events: changes.events.unwrap_or_else(|| former.events.clone()),
        description: changes.description.unwrap_or_else(|| former.description.clone()),
        ..former.clone()
    };
    let changed: Vec<_> = [
        ("url", new.url != former.url),
        ("events", new.events != former.events),
        ("description", new.description != former.description),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect();
    if changed.is_empty() {
        return Ok(Change::AlreadySo);
    }
    webhooks::update(tx, &new).await?;
    write_down(tx, by, &new, json!({ "changed": changed, "events": new.events })).await
}

/// Switches it on or off. What happened while it was off is not sent.
///
/// # Errors
/// When the rows can't be written.
pub async fn switch(tx: &mut Tx, by: By, id: &str, enabled: bool) -> StoreResult<Change> {
    let former = match find(tx, &by, id).await? {
        Ok(former) => former,
        Err(refused) => return Ok(refused),
    };
    if former.enabled == enabled {
        return Ok(Change::AlreadySo);
    }
    let cursor_seq = if enabled { head(tx).await? } else { former.cursor_seq };
    let new = Webhook { cursor_seq, enabled, ..former };
    webhooks::switch(tx, &new).await?;
    write_down(tx, by, &new, json!({ "enabled": enabled })).await
}

/// # Errors
/// When the rows can't be written.
pub async fn delete(tx: &mut Tx, by: By, id: &str) -> StoreResult<Change> {
    let former = match find(tx, &by, id).await? {
        Ok(former) => former,
        Err(refused) => return Ok(refused),
    };
    webhooks::delete(tx, id).await?;
    write_down(tx, by, &former, json!({})).await
}

/// Gives a webhook another secret, sealed already.
///
/// # Errors
/// When the rows can't be written.
pub async fn rotate(tx: &mut Tx, by: By, id: &str, sealed: Vec<u8>) -> StoreResult<Change> {
    let former = match find(tx, &by, id).await? {
        Ok(former) => former,
        Err(refused) => return Ok(refused),
    };
    if !webhooks::rotate(tx, &former, (&sealed, by.entry.at.plus(BOTH_SIGN))).await? {
        return Ok(Change::Conflict);
    }
    write_down(tx, by, &former, json!({})).await
}

/// What is to be sent at somebody's wish.
#[derive(Clone, Debug)]
pub enum Wish {
    /// A test with this id.
    Test(String),
    /// This delivery once more.
    Again(String),
}

/// # Errors
/// When the rows can't be written.
pub async fn send(tx: &mut Tx, by: By, id: &str, wish: Wish) -> StoreResult<Change> {
    let webhook = match find(tx, &by, id).await? {
        Ok(webhook) => webhook,
        Err(refused) => return Ok(refused),
    };
    if !webhook.enabled {
        return Ok(Change::Conflict);
    }
    let at = by.entry.at;
    let more = match &wish {
        Wish::Test(delivery) => {
            webhook_deliveries::insert(tx, &webhook_outbox::test(delivery.clone(), id, at)).await?;
            json!({ "delivery": delivery, "test": true })
        }
        Wish::Again(delivery) => {
            if !webhook_deliveries::resend(tx, id, (delivery, at)).await? {
                return Ok(Change::NoWebhook);
            }
            json!({ "delivery": delivery })
        }
    };
    write_down(tx, by, &webhook, more).await
}

/// Seals anew what only the previous auth secret opens.
///
/// # Errors
/// When the rows can't be read or written.
pub async fn reseal(db: &Db, opener: &Opener, rng: &Rng) -> StoreResult<()> {
    for webhook in webhooks::list(db.read()).await? {
        let anew = |sealed: &[u8]| WebhookSecret::reseal(opener, &webhook.id, (sealed, rng));
        let (secret, former) = (anew(&webhook.secret), webhook.former_secret.as_deref().and_then(anew));
        if secret.is_none() && former.is_none() {
            continue;
        }
        let secret = secret.unwrap_or_else(|| webhook.secret.clone());
        let former = former.or_else(|| webhook.former_secret.clone());
        let stored = db.write(move |tx| {
            Box::pin(async move { webhooks::reseal(tx, &webhook, (&secret, former.as_deref())).await })
        });
        stored.await?;
    }
    Ok(())
}

async fn head(tx: &mut Tx) -> StoreResult<i64> {
    let head = audit_chain::end(tx.read(), End::Head).await?;
    head.map(|place| place.head.seq).ok_or(StoreError::Inconsistent { table: "audit_chain", column: "name" })
}

/// Acts on webhooks wait for one another, and for who is an admin: as in `accounts.rs`.
async fn may_go_on(tx: &mut Tx, by: &By) -> StoreResult<bool> {
    guards::hold(tx, Guard::Admins).await?;
    let Some(actor) = &by.entry.actor else { return Ok(true) };
    let actor = users::find(tx.read(), actor).await?;
    Ok(actor.is_some_and(|actor| actor.locked_at.is_none() && actor.role.may(Action::ManageWebhooks)))
}

async fn find(tx: &mut Tx, by: &By, id: &str) -> StoreResult<Result<Webhook, Change>> {
    if !may_go_on(tx, by).await? {
        return Ok(Err(Change::NotAllowed));
    }
    Ok(webhooks::find(tx.read(), id).await?.ok_or(Change::NoWebhook))
}

async fn write_down(tx: &mut Tx, mut by: By, webhook: &Webhook, more: Value) -> StoreResult<Change> {
    by.detail["webhook"] = json!(webhook.id);
    by.detail["host"] = json!(Url::parse(&webhook.url).ok().and_then(|url| url.host_str().map(str::to_owned)));
    for (name, value) in more.as_object().into_iter().flatten() {
        by.detail[name] = value.clone();
    }
    audit::append(tx, &Entry { detail: Some(by.detail.to_string()), ..by.entry }).await?;
    Ok(Change::Done)
}
