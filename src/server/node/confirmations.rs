//! First sights of a token tell that its generation reached the browser. They are gathered here and written together,
//! so that no request waits for it; a mark lost in a crash counts as unused, which is the lenient side.

use std::{collections::HashMap, sync::Mutex, sync::PoisonError, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    domain::ids::SessionId,
    server::{state::AppState, store::sessions},
};

const EVERY: Duration = Duration::from_millis(250);
/// Beyond this many the oldest way out is taken: they are dropped, and count as unused.
const MOST: usize = 100_000;

#[derive(Default)]
pub struct Confirmations(Mutex<HashMap<SessionId, u64>>);

impl Confirmations {
    pub fn note(&self, sid: &SessionId, generation: u64) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < MOST {
            let highest = noted.entry(sid.clone()).or_default();
            *highest = generation.max(*highest);
        }
    }

    fn take(&self) -> HashMap<SessionId, u64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes down what was noted.
    pub async fn flush(&self, state: &AppState) {
        let noted = self.take();
        if noted.is_empty() {
            return;
        }
        let written = state
            .db
            .write(move |tx| {
                Box::pin(async move {
                    for (sid, generation) in &noted {
                        sessions::confirm(tx, sid, *generation).await?;
                    }
                    Ok(())
                })
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(error = %error, "confirmations were lost");
        }
    }
}

/// Writes down what was noted, until `stop`, and once more then.
pub async fn write_down(state: AppState, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = tick.tick() => state.confirmations.flush(&state).await,
        }
    }
    state.confirmations.flush(&state).await;
}
