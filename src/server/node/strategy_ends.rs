//! Under `jwt` nothing is kept of a sign-in, but that there may be some: each hour it is noted until when those of the next
//! hour can live, so that an operator who changes the strategy knows from when on none is left.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::server::{
    state::AppState,
    store::{StoreResult, strategy_ends},
};

const EVERY: Duration = Duration::from_hours(1);

/// Notes it now and each hour, until `stop`.
pub async fn keep_noted(state: AppState, stop: CancellationToken) {
    if state.config.strategy.keeps_sessions() {
        return;
    }
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = note(&state).await {
            tracing::warn!(error = %error, "the last end of this strategy's tokens was not noted");
        }
    }
}

/// # Errors
/// When the row can't be written.
pub async fn note(state: &AppState) -> StoreResult<()> {
    let strategy = state.config.strategy;
    // Twice the interval: the next note may be late.
    let last_end_at = state.clock.now().plus(state.config.lifetimes.max_age).plus(EVERY * 2);
    state.db.write(move |tx| Box::pin(async move { strategy_ends::note(tx, strategy, last_end_at).await })).await
}
