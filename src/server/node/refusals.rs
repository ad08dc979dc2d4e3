//! Audit rows that strangers can cause, within bounds (`domain/audit_bounds.rs`). What was left out goes into the next row
//! like it, or, once a minute and when the server stops, into a row of its own: `"left_out": 1234`. A crash loses the counts
//! of the last minute.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        audit::{Event, Outcome},
        audit_bounds::{Bounds, Kind, LeftOut},
        network::Network,
    },
    server::{
        context::RequestContext,
        state::AppState,
        store::{
            StoreResult,
            audit::{self, Entry},
        },
    },
};

const TELL: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Refusals(Mutex<Bounds>);

impl Refusals {
    fn bounds(&self) -> MutexGuard<'_, Bounds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The row as it is to be written, or none if there are too many like it.
#[must_use]
pub fn admit(cx: &RequestContext, entry: Entry) -> Option<Entry> {
    let who = entry.target.clone().or_else(|| entry.actor.clone());
    let kind = Kind { event: entry.event, who };
    let admitted = cx.state.refusals.bounds().admit(kind, Network::of(cx.address).to_string(), cx.state.clock.uptime());
    match admitted {
        None => {
            cx.state.metrics.audit_left_out(entry.event);
            None
        }
        Some(0) => Some(entry),
        Some(left_out) => {
            let detail = entry.detail.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
            let mut detail = detail.filter(Value::is_object).unwrap_or_else(|| json!({}));
            detail["left_out"] = left_out.into();
            Some(Entry { detail: Some(detail.to_string()), ..entry })
        }
    }
}

/// Tells once a minute of what was left out, until `stop`.
pub async fn keep(state: AppState, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TELL) => write_down(&state).await,
        }
    }
}

/// Writes down what was left out; what can't be written is told later.
pub async fn write_down(state: &AppState) {
    let left_out = state.refusals.bounds().take_left_out(state.clock.uptime());
    for left_out in left_out {
        if let Err(error) = tell(state, &left_out).await {
            tracing::warn!(error = %error, "refusals that were left out could not be written down");
            state.refusals.bounds().put_back(left_out);
        }
    }
}

async fn tell(state: &AppState, left_out: &LeftOut) -> StoreResult<()> {
    let LeftOut { kind: Kind { event, who }, network: address, count } = left_out.clone();
    let now = state.clock.now();
    // Who is refused an act is its actor; a password that was wrong is somebody's.
    let (actor, target) = if event == Event::Forbidden { (who, None) } else { (None, who) };
    let outcome = if event == Event::RefreshRepeatedLate { Outcome::Done } else { Outcome::Refused };
    let detail = Some(json!({ "by": "schedule", "left_out": count }).to_string());
    let entry = Entry { outcome, actor, target, address, detail, ..Entry::of_system(state.rng.uuid(now), now, event) };
    state.db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await
}
