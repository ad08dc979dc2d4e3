//! What happens often is counted in memory and written down every few seconds; one node looks at which sessions are over
//! and how many are left. What happens rarely, a kick or a reuse, is counted in its own transaction.
//!
//! A node that is killed loses the counts of the last seconds, never a kick.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{
    api::{ApiError, ApiResult},
    domain::{
        activity::{Count, Grain, Kind},
        time::Timestamp,
    },
    server::{
        node::nodes,
        state::AppState,
        store::{
            StoreResult, activity,
            pace::{BATCH, Pace},
            session_watch,
        },
    },
};

const EVERY: Duration = Duration::from_secs(5);

/// What happened here since it was last written down.
#[derive(Default)]
pub struct Tally(Mutex<BTreeMap<(Timestamp, Kind), i64>>);

impl Tally {
    /// Counts one more.
    pub fn count(&self, kind: Kind, now: Timestamp) {
        self.add(Count { at: Grain::Minute.floor(now), kind, n: 1 });
    }

    /// Counts what a sign-in came to, where that is known.
    pub fn signed_in<T>(&self, came_to: &ApiResult<T>, now: Timestamp) {
        match came_to {
            Ok(_) => self.count(Kind::SignIns, now),
            Err(ApiError::InvalidCredentials | ApiError::Throttled { .. }) => self.count(Kind::Failures, now),
            Err(_) => {}
        }
    }

    fn add(&self, Count { at, kind, n }: Count) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry((at, kind)).or_default() += n;
    }

    fn take(&self) -> Vec<Count> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        taken.into_iter().map(|((at, kind), n)| Count { at, kind, n }).collect()
    }
}

/// Counts, and where it is this node that does so, looks, until `stop`.
pub async fn keep(state: AppState, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut counted_at = Timestamp::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        write_down(&state).await;
        // Broken off between two batches, it leaves nothing half done.
        tokio::select! {
            () = stop.cancelled() => return,
            looked = look(&state, counted_at) => match looked {
                Ok(at) => counted_at = at,
                Err(error) => tracing::warn!(error = %error, "the live sessions could not be counted"),
            }
        }
    }
}

/// Writes down what was counted here. What can't be written is kept for the next time; where only the answer was lost,
/// it is counted twice.
pub async fn write_down(state: &AppState) {
    state.sights.flush(state).await;
    let counts = state.tally.take();
    if counts.is_empty() {
        return;
    }
    let all = counts.clone();
    let written = state.db.write(move |tx| {
        Box::pin(async move {
            for more in all {
                activity::count(tx, more).await?;
            }
            Ok(())
        })
    });
    if let Err(error) = written.await {
        tracing::warn!(error = %error, "what happened could not be written down yet");
        for count in counts {
            state.tally.add(count);
        }
    }
}

/// Looks at the sessions that are due, and counts the live ones if that was not done in this minute; when it was.
///
/// # Errors
/// When the database can't be read or written.
pub async fn look(state: &AppState, counted_at: Timestamp) -> StoreResult<Timestamp> {
    if !state.config.strategy.keeps_sessions() || !nodes::holds_schedule(state).await? {
        return Ok(counted_at);
    }
    let now = state.clock.now();
    look_at_due(state, now).await?;
    let minute = Grain::Minute.floor(now);
    if minute == counted_at {
        return Ok(counted_at);
    }
    let seen = Count { at: minute, kind: Kind::Live, n: session_watch::live(state.db.read()).await? };
    state.db.write(move |tx| Box::pin(async move { activity::level(tx, seen).await })).await?;
    Ok(minute)
}

async fn look_at_due(state: &AppState, now: Timestamp) -> StoreResult<()> {
    loop {
        let pace = Pace::begin();
        let looked =
            state.db.write(move |tx| Box::pin(async move { session_watch::look(tx, now, BATCH).await })).await?;
        if looked < u64::from(BATCH) {
            return Ok(());
        }
        pace.rest().await;
    }
}
