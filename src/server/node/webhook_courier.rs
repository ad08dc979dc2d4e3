//! Sends what is due, on one node: to each receiver by a courier of its own, so that none waits for another.
//!
//! An attempt is taken by compare-and-set before it is sent and told of after. Between the two a process may end: then
//! the message is sent again, with the same id, once whoever took it is taken for dead. At least once, that is.

use std::{collections::HashMap, time::Duration};

use futures::future::join_all;
use serde_json::json;
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::{nodes, webhook_outbox};
use crate::{
    domain::{
        audit::Event,
        time::Timestamp,
        webhook::MessageType,
        webhook_schedule::{ATTEMPTS, next_attempt},
    },
    server::{
        crypto::webhook_secret::WebhookSecret,
        outbound::{Answer, Failure},
        state::AppState,
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            webhook_deliveries::{self, Attempt, Delivery, State},
            webhooks::{self, Webhook},
        },
    },
};

const LOOK: Duration = Duration::from_secs(1);
/// So many messages are under way to one receiver at once.
const AT_ONCE: i64 = 4;
/// Longer than an attempt takes.
const CLAIM: Duration = Duration::from_secs(60);

/// A courier for each receiver that has something due.
#[derive(Default)]
pub struct Couriers(HashMap<String, JoinHandle<()>>);

impl Couriers {
    /// Waits until nothing is under way.
    pub async fn back(&mut self) {
        for (_, courier) in self.0.drain() {
            let _ = courier.await;
        }
    }
}

/// Looks each second, until `stop`. What is under way then is sent again by whoever holds the schedule next.
pub async fn keep(state: AppState, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut couriers, mut works) = (Couriers::default(), true);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = tick.tick() => {}
        }
        let looked = look(&state, &mut couriers).await;
        // Once, not each second.
        if let (Err(error), true) = (&looked, works) {
            tracing::warn!(%error, "webhooks are not being sent");
        }
        works = looked.is_ok();
    }
    couriers.0.values().for_each(JoinHandle::abort);
}

/// Writes down what is to be sent and sends couriers with what is due, if it is this node that does so.
///
/// # Errors
/// When the database can't be read or written.
pub async fn look(state: &AppState, couriers: &mut Couriers) -> StoreResult<()> {
    webhook_outbox::enqueue(state).await?;
    couriers.0.retain(|_, courier| !courier.is_finished());
    let mut due = webhook_deliveries::receivers_due(state.db.read(), state.clock.now()).await?;
    due.retain(|receiver| !couriers.0.contains_key(receiver));
    if due.is_empty() || !nodes::holds_schedule(state).await? {
        return Ok(());
    }
    for receiver in due {
        let carrying = carry(state.clone(), receiver.clone());
        couriers.0.insert(receiver, tokio::spawn(carrying));
    }
    Ok(())
}

/// Carries to one receiver until nothing is due.
async fn carry(state: AppState, receiver: String) {
    loop {
        match carry_some(&state, &receiver).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return tracing::warn!(webhook = receiver, %error, "a webhook is not being sent to"),
        }
    }
}

/// Carries a few at once; whether there may be more.
async fn carry_some(state: &AppState, receiver: &str) -> StoreResult<bool> {
    let Some(webhook) = webhooks::find(state.db.read(), receiver).await?.filter(|webhook| webhook.enabled) else {
        return Ok(false);
    };
    let due = webhook_deliveries::due(state.db.read(), receiver, (state.clock.now(), AT_ONCE)).await?;
    let any = !due.is_empty();
    for attempted in join_all(due.into_iter().map(|delivery| attempt(state, &webhook, delivery))).await {
        attempted?;
    }
    Ok(any)
}

async fn attempt(state: &AppState, webhook: &Webhook, delivery: Delivery) -> StoreResult<()> {
    let now = state.clock.now();
    let (read, until) = (delivery.clone(), now.plus(CLAIM));
    let claim =
        state.db.write(move |tx| Box::pin(async move { webhook_deliveries::claim(tx, &read, (now, until)).await }));
    if !claim.await? {
        return Ok(());
    }
    let began = Instant::now();
    let answer = send(state, webhook, &delivery, now).await;
    let took_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    let sent = Sent { attempts: delivery.attempts + 1, delivery, answer, took_ms, at: now };
    let came_to = sent.came_to(state);
    state.metrics.webhook_attempted(came_to.state);
    let entry = Entry::of_system(state.rng.uuid(now), now, Event::WebhookDisable);
    state.db.write(move |tx| Box::pin(async move { note(tx, &sent, &came_to, entry).await })).await
}

/// The headers are those of Standard Webhooks; while a secret gives its place to another, both sign.
async fn send(
    state: &AppState,
    webhook: &Webhook,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Answer, &'static str> {
    let former = webhook.former_secret.as_ref().filter(|_| now.0 < webhook.former_until);
    let open = |sealed: &Vec<u8>| WebhookSecret::open(state.keyring.opener(), &webhook.id, sealed);
    let current = open(&webhook.secret).ok_or("secret")?;
    let secrets = std::iter::once(current).chain(former.and_then(open));
    let signatures: Vec<_> = secrets.map(|secret| secret.sign(&delivery.id, now, &delivery.body)).collect();
    let headers = [
        ("webhook-id", delivery.id.clone()),
        ("webhook-timestamp", now.as_secs().to_string()),
        ("webhook-signature", signatures.join(" ")),
    ];
    state.outbound.post(&webhook.url, &headers, delivery.body.clone()).await.map_err(Failure::as_str)
}

/// An attempt that was made.
struct Sent {
    delivery: Delivery,
    /// Its number.
    attempts: i64,
    answer: Result<Answer, &'static str>,
    took_ms: i64,
    at: Timestamp,
}

impl Sent {
    fn status(&self) -> Option<u16> {
        self.answer.as_ref().ok().map(|answer| answer.status)
    }

    /// The receiver says that it is gone for good.
    fn is_gone(&self) -> bool {
        self.status() == Some(410)
    }

    /// When it is tried again. A test is not: whoever asked for it looks at it now.
    fn next(&self, state: &AppState) -> Option<Timestamp> {
        if self.is_gone() || self.delivery.event == MessageType::Test.as_str() {
            return None;
        }
        let now = state.clock.now();
        let said = self.answer.as_ref().ok().and_then(|answer| answer.retry_after.as_deref());
        let wish = said.and_then(|said| retry_after(said, now));
        let jitter = f64::from(u16::from_be_bytes(state.rng.bytes())) / f64::from(u16::MAX);
        next_attempt(u32::try_from(self.attempts).unwrap_or(u32::MAX), wish, jitter, now)
    }

    fn came_to(&self, state: &AppState) -> Attempt {
        let status = self.status();
        let delivered = status.is_some_and(|status| (200..300).contains(&status));
        let next = if delivered { None } else { self.next(state) };
        let came_to = match (delivered, next) {
            (true, _) => State::Delivered,
            (false, Some(_)) => State::Pending,
            (false, None) => State::Failed,
        };
        Attempt {
            state: came_to,
            next_at: next.unwrap_or(self.at),
            tried_at: self.at,
            status: status.map(i64::from),
            error: self.answer.as_ref().err().copied().or_else(|| (!delivered).then_some("status")),
            took_ms: self.took_ms,
        }
    }
}

/// Writes down what became of an attempt, and switches off the webhook of a receiver that is gone or takes nothing.
async fn note(tx: &mut Tx, sent: &Sent, came_to: &Attempt, entry: Entry) -> StoreResult<()> {
    let delivery = &sent.delivery;
    if !webhook_deliveries::finish(tx, &delivery.id, (sent.attempts, came_to)).await? {
        return Ok(());
    }
    if came_to.state == State::Delivered {
        return webhooks::note_delivery(tx, &delivery.webhook_id, sent.at).await;
    }
    let given_up = came_to.state == State::Failed && sent.attempts == i64::from(ATTEMPTS);
    let reason = match webhooks::find(tx.read(), &delivery.webhook_id).await? {
        Some(_) if sent.is_gone() => "gone",
        // All attempts at this one took days, and in all that time no other was taken either.
        Some(webhook) if given_up && webhook.delivered_at < delivery.created_at => "failing",
        _ => return Ok(()),
    };
    if webhooks::disable(tx, &delivery.webhook_id, reason).await? {
        let detail = json!({ "by": "schedule", "webhook": delivery.webhook_id, "reason": reason });
        audit::append(tx, &Entry { detail: Some(detail.to_string()), ..entry }).await?;
    }
    Ok(())
}

/// Seconds, or an HTTP date (RFC 9110 section 10.2.3).
fn retry_after(said: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(secs) = said.trim().parse() {
        return Some(Duration::from_secs(secs));
    }
    let date = jiff::fmt::rfc2822::parse(said.trim()).ok()?;
    Some(Timestamp(date.timestamp().as_millisecond()).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_when_to_come_back_in_seconds_or_as_a_date() {
        let now = Timestamp(1_780_000_000_000);
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Thu, 28 May 2026 20:27:40 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(retry_after("Thu, 28 May 2020 20:27:40 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }
}
