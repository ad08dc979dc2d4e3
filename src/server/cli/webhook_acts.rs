//! `sekisho webhook`, what changes something. A running server sends what is asked for here within a second or two.

use futures::future::BoxFuture;
use serde_json::json;

use super::{
    args::{NewWebhook, WebhookChange},
    direct::{Direct, shown},
    failure::Failure,
    out::Out,
};
use crate::{
    domain::audit::Event,
    server::{
        config::Config,
        flow::{
            accounts::By,
            keys,
            webhook_acts::{self, BOTH_SIGN, Change, MOST, Wish},
            webhook_fields::{Changes, Fields, Refused},
        },
        store::{StoreResult, Tx},
    },
};

const OFF: &str = "is off (see `sekisho webhook enable`)";
const CHANGED: &str = "was changed by someone else meanwhile; try again";

/// # Errors
/// When an argument can't be so, there are too many, or the auth secret is missing.
pub async fn create(config: &Config, new: NewWebhook, out: Out) -> Result<(), Failure> {
    let fields =
        Fields::parse(&new.url, &new.events, &new.description, &config.webhooks_allow_private).map_err(refused)?;
    let direct = Direct::open(config).await?;
    let opener = keys::opener(config, &direct.db, (true, direct.rng.bytes())).await?;
    let (webhook, secret) = webhook_acts::new(fields, (&opener, &direct.rng), direct.now);
    let id = webhook.id.clone();
    let made = carry_out(direct, Event::WebhookCreate, move |tx, by| {
        Box::pin(async move { webhook_acts::create(tx, by, webhook).await })
    });
    judge(made.await, &id, &format!("is one too many: there are {MOST} already"))?;
    let secret = secret.shown();
    let text = format!("webhook {id} is told from now on\nsecret, shown this once: {secret}");
    out.done(&text, &json!({ "webhook_id": id, "secret": secret }));
    Ok(())
}

/// # Errors
/// When an argument can't be so, or there is no such webhook.
pub async fn update(config: &Config, (id, change): (String, WebhookChange), out: Out) -> Result<(), Failure> {
    let WebhookChange { url, events, all_events, description } = change;
    let events = if all_events { Some(Vec::new()) } else { events };
    let said = (url.as_deref(), events.as_deref(), description.as_deref());
    let changes = Changes::parse(said, &config.webhooks_allow_private).map_err(refused)?;
    let (direct, of) = (Direct::open(config).await?, id.clone());
    let updated = carry_out(direct, Event::WebhookUpdate, move |tx, by| {
        Box::pin(async move { webhook_acts::update(tx, by, &of, changes).await })
    });
    let changed = judge(updated.await, &id, CHANGED)?;
    let so = if changed { "now" } else { "already" };
    out.done(&format!("webhook {id} is so {so}"), &json!({ "changed": changed }));
    Ok(())
}

/// # Errors
/// When there is no such webhook, or the auth secret is missing.
pub async fn rotate(config: &Config, id: String, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let opener = keys::opener(config, &direct.db, (true, direct.rng.bytes())).await?;
    let (secret, sealed) = webhook_acts::draw_secret(&id, (&opener, &direct.rng));
    let (of, until) = (id.clone(), direct.now.plus(BOTH_SIGN));
    let rotated = carry_out(direct, Event::WebhookRotate, move |tx, by| {
        Box::pin(async move { webhook_acts::rotate(tx, by, &of, sealed).await })
    });
    judge(rotated.await, &id, CHANGED)?;
    let secret = secret.shown();
    let text = format!(
        "webhook {id} has another secret; the former signs beside it until {}\nsecret, shown this once: {secret}",
        shown(until)
    );
    out.done(&text, &json!({ "webhook_id": id, "secret": secret, "former_until": until.0 }));
    Ok(())
}

/// # Errors
/// When there is no such webhook.
pub async fn delete(config: &Config, id: String, out: Out) -> Result<(), Failure> {
    let (direct, of) = (Direct::open(config).await?, id.clone());
    let deleted = carry_out(direct, Event::WebhookDelete, move |tx, by| {
        Box::pin(async move { webhook_acts::delete(tx, by, &of).await })
    });
    let changed = judge(deleted.await, &id, CHANGED)?;
    out.done(&format!("webhook {id} is deleted"), &json!({ "changed": changed }));
    Ok(())
}

/// # Errors
/// When there is no such webhook.
pub async fn switch(config: &Config, (id, enabled): (String, bool), out: Out) -> Result<(), Failure> {
    let (direct, of) = (Direct::open(config).await?, id.clone());
    let switched = carry_out(direct, Event::WebhookUpdate, move |tx, by| {
        Box::pin(async move { webhook_acts::switch(tx, by, &of, enabled).await })
    });
    let changed = judge(switched.await, &id, CHANGED)?;
    let state = if enabled { "on: it is told of what happens from now on" } else { "off" };
    out.done(&format!("webhook {id} is {state}"), &json!({ "changed": changed, "enabled": enabled }));
    Ok(())
}

/// # Errors
/// When there is no such webhook, or it is off.
pub async fn test(config: &Config, id: String, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let delivery = direct.rng.uuid(direct.now);
    judge(send(direct, &id, Wish::Test(delivery.clone())).await, &id, OFF)?;
    tell_queued(&id, &delivery, out);
    Ok(())
}

/// # Errors
/// When there is no such webhook or message, or the webhook is off.
pub async fn resend(config: &Config, (id, delivery): (String, String), out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let queued = send(direct, &id, Wish::Again(delivery.clone())).await;
    if matches!(queued, Ok(Change::NoWebhook)) {
        return Err(Failure::refused(format!("there is no message {delivery} to webhook {id}")));
    }
    judge(queued, &id, OFF)?;
    tell_queued(&id, &delivery, out);
    Ok(())
}

async fn send(direct: Direct, id: &str, wish: Wish) -> StoreResult<Change> {
    let of = id.to_owned();
    carry_out(direct, Event::WebhookSend, move |tx, by| {
        Box::pin(async move { webhook_acts::send(tx, by, &of, wish).await })
    })
    .await
}

fn tell_queued(id: &str, delivery: &str, out: Out) {
    let text = format!("message {delivery} will be sent; see `sekisho webhook deliveries {id}`");
    out.done(&text, &json!({ "delivery_id": delivery }));
}

/// An act in a transaction of its own, after which nothing more is done.
async fn carry_out<F>(direct: Direct, event: Event, act: F) -> StoreResult<Change>
where
    F: for<'t> FnOnce(&'t mut Tx, By) -> BoxFuture<'t, StoreResult<Change>> + Send + 'static,
{
    let by = direct.by(event);
    let came_to = direct.db.write(move |tx| act(tx, by)).await;
    direct.db.close().await;
    came_to
}

/// Whether anything changed; `conflict` says why it could not.
fn judge(came_to: StoreResult<Change>, id: &str, conflict: &str) -> Result<bool, Failure> {
    match came_to? {
        Change::Done => Ok(true),
        Change::AlreadySo => Ok(false),
        Change::NoWebhook => Err(no_such(id)),
        Change::Conflict => Err(Failure::refused(format!("webhook {id} {conflict}"))),
        Change::NotAllowed => unreachable!("the machine's operator may"),
    }
}

pub(super) fn no_such(id: &str) -> Failure {
    Failure::refused(format!("there is no webhook {id}"))
}

fn refused(Refused(field, reason): Refused) -> Failure {
    Failure::refused(format!("{field}: {}", in_words(reason)))
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
