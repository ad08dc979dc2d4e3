//! Cleans up when the schedule says so.
//!
//! The clock is looked at now and then instead of slept through to the next time: a machine that was asleep, or whose
//! clock was set, cleans up when it sees that the time has come.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    domain::time::Timestamp,
    server::{
        flow::cleanup::{self, Tools},
        node::nodes,
        state::AppState,
        store::StoreResult,
    },
};

const LOOK: Duration = Duration::from_secs(10);
/// After a clean-up that broke off.
const RETRY: Duration = Duration::from_secs(600);

/// Follows the schedule until `stop`.
pub async fn keep(state: AppState, stop: CancellationToken) {
    let mut due = state.config.cleanup.next_after(state.clock.now());
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        // Broken off between two batches, it leaves nothing half done.
        tokio::select! {
            () = stop.cancelled() => return,
            next = look(&state, due) => due = next,
        }
    }
}

/// Cleans up if it is `due`; when it is due next.
pub async fn look(state: &AppState, due: Timestamp) -> Timestamp {
    if state.clock.now() < due {
        return due;
    }
    let done = clean_up_here(state).await;
    let now = state.clock.now();
    let next = state.config.cleanup.next_after(now);
    match done {
        Ok(()) => next,
        Err(error) => {
            tracing::warn!(error = %error, "the clean-up broke off");
            now.plus(RETRY).min(next)
        }
    }
}

/// Cleans up if it is this node that does so.
async fn clean_up_here(state: &AppState) -> StoreResult<()> {
    if nodes::holds_schedule(state).await? {
        cleanup::clean_up(&Tools::of(state), "schedule").await?;
    }
    Ok(())
}
