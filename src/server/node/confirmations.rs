//! First sights of a token tell that its generation reached the browser, and requests that a session is in use. They are
//! gathered here and written together, so that no request waits for it; a mark lost in a crash counts as unused, which
//! is the lenient side.

use std::{collections::HashMap, sync::Mutex, sync::PoisonError, time::Duration};

use futures::{StreamExt as _, future, stream};
use quick_cache::sync::Cache;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{ids::SessionId, time::Timestamp},
    server::{
        state::AppState,
        store::{StoreResult, sessions},
    },
};

const EVERY: Duration = Duration::from_millis(250);
/// The writer on SQLite commits these together; on PostgreSQL connections are left for requests.
const AT_ONCE: usize = 8;
/// Beyond this many the oldest way out is taken: they are dropped, and count as unused.
const MOST: usize = 100_000;

const REMEMBERED_USES: usize = 16_384;
/// How often at most a session's use is written down.
const USE_INTERVAL: Duration = Duration::from_secs(60);

pub struct Confirmations {
    noted: Mutex<HashMap<SessionId, Noted>>,
    /// When uses were last noted; a row read from a copy may be older.
    used: Cache<SessionId, Timestamp>,
}

impl Default for Confirmations {
    fn default() -> Self {
        Self { noted: Mutex::default(), used: Cache::new(REMEMBERED_USES) }
    }
}

#[derive(Clone, Copy, Default)]
struct Noted {
    generation: Option<u64>,
    used_at: Option<Timestamp>,
}

impl Confirmations {
    pub fn note(&self, sid: &SessionId, generation: u64) {
        self.enter(sid, |noted| noted.generation = noted.generation.max(Some(generation)));
    }

    /// A session was used `now`, and `written_at` is what its row says of that.
    pub fn note_use(&self, sid: &SessionId, written_at: Timestamp, now: Timestamp) {
        let known = self.used.get(sid).map_or(written_at, |noted_at| noted_at.max(written_at));
        if now.since(known) >= USE_INTERVAL {
            self.used.insert(sid.clone(), now);
            self.enter(sid, |noted| noted.used_at = noted.used_at.max(Some(now)));
        }
    }

    fn enter(&self, sid: &SessionId, change: impl FnOnce(&mut Noted)) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < MOST || noted.contains_key(sid) {
            change(noted.entry(sid.clone()).or_default());
        }
    }

    fn take(&self) -> HashMap<SessionId, Noted> {
        std::mem::take(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes down what was noted, each by itself: rows held together, in an order of their own, would be in the way
    /// of whoever ends several sessions at once.
    pub async fn flush(&self, state: &AppState) {
        let lost = stream::iter(self.take())
            .map(|(sid, noted)| write(state, sid, noted))
            .buffer_unordered(AT_ONCE)
            .filter_map(|written| future::ready(written.err()))
            .collect::<Vec<_>>()
            .await;
        if let Some(error) = lost.first() {
            tracing::warn!(error = %error, lost = lost.len(), "confirmations were lost");
        }
    }
}

async fn write(state: &AppState, sid: SessionId, noted: Noted) -> StoreResult<()> {
    state
        .db
        .write(move |tx| {
            Box::pin(async move {
                if let Some(generation) = noted.generation {
                    sessions::confirm(tx, &sid, generation).await?;
                }
                match noted.used_at {
                    Some(used_at) => sessions::used(tx, &sid, used_at).await,
                    None => Ok(()),
                }
            })
        })
        .await
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
