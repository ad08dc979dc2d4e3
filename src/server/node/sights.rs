//! When people were last seen, for the list of users: gathered here and written down together every few seconds, so that no
//! request waits for it. What a crash loses is seen again.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use quick_cache::sync::Cache;

use crate::{
    domain::{ids::UserId, time::Timestamp},
    server::{state::AppState, store::users},
};

const REMEMBERED: usize = 16_384;
/// How often at most that is written down of one person.
const INTERVAL: Duration = Duration::from_secs(60);
/// Rows in one write, which sign-ins of the same people wait for.
const BATCH: usize = 100;
/// Beyond this many they are dropped until some were written.
const MOST: usize = 100_000;

pub struct Sights {
    noted: Mutex<HashMap<UserId, Timestamp>>,
    last: Cache<UserId, Timestamp>,
}

impl Default for Sights {
    fn default() -> Self {
        Self { noted: Mutex::default(), last: Cache::new(REMEMBERED) }
    }
}

impl Sights {
    /// Someone acted.
    pub fn note(&self, user: &UserId, at: Timestamp) {
        if self.last.get(user).is_some_and(|last| at.since(last) < INTERVAL) {
            return;
        }
        self.last.insert(user.clone(), at);
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < MOST {
            noted.insert(user.clone(), at);
        }
    }

    pub async fn flush(&self, state: &AppState) {
        let noted = std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner));
        let mut noted: Vec<_> = noted.into_iter().collect();
        // In one order, so that nodes that hold several rows don't wait for each other in a ring.
        noted.sort_unstable_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        for batch in noted.chunks(BATCH) {
            let batch = batch.to_vec();
            let written = state.db.write(move |tx| {
                Box::pin(async move {
                    for (user, at) in &batch {
                        users::seen(tx, user, *at).await?;
                    }
                    Ok(())
                })
            });
            if let Err(error) = written.await {
                tracing::warn!(error = %error, "when people were seen could not be written down");
                return;
            }
        }
    }
}
