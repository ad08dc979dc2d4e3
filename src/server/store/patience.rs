//! How long the database is waited for: so long at a time, and by a request so long in all that came to nothing.
//!
//! A request may ask several times, each of several parts of the server for its own reasons. Where the database hangs,
//! the first wait uses up the patience of the whole request, and what comes after it is refused at once: so 503 comes
//! within two seconds on every route. Waits that end with an answer cost nothing. A task that a request hands its work to
//! takes its patience along; what else it spawns, and work without a request, has the full patience each time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, timeout};

use super::{StoreError, StoreResult};

/// How long a request waits for the database before it is told to come back: with it, 503 comes within two seconds.
pub const PATIENCE: Duration = Duration::from_millis(1500);

tokio::task_local! {
    /// In nanoseconds.
    static LEFT: Arc<AtomicU64>;
}

/// Runs a request, which has this patience in all.
pub async fn of_request<T>(request: impl Future<Output = T>) -> T {
    LEFT.scope(Arc::new(AtomicU64::new(nanos(PATIENCE))), request).await
}

/// Has work that is to run in another task share the patience of the request that hands it over.
pub fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let left = LEFT.try_with(Arc::clone).ok();
    async move {
        match left {
            Some(left) => LEFT.scope(left, work).await,
            None => work.await,
        }
    }
}

fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

/// How long may be waited now.
#[must_use]
pub fn left() -> Duration {
    LEFT.try_with(|left| Duration::from_nanos(left.load(Ordering::Relaxed))).unwrap_or(PATIENCE)
}

/// Takes off what was waited in vain.
pub fn lose(waited: Duration) {
    // Without a request there is nothing to take it from.
    let _ = LEFT.try_with(|left| {
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(nanos(waited))))
    });
}

/// Waits for the database as long as there is patience.
///
/// # Errors
/// What it came to, or [`StoreError::Slow`].
pub async fn patiently<T>(run: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    let left = left();
    if left.is_zero() {
        return Err(StoreError::Slow);
    }
    let began = Instant::now();
    let done = timeout(left, run).await.unwrap_or(Err(StoreError::Slow));
    if matches!(done, Err(StoreError::Slow | StoreError::Driver(_))) {
        lose(began.elapsed());
    }
    done
}

/// The same for a statement: a database that takes no part any more must not keep requests waiting for its connections
/// to fail.
///
/// # Errors
/// What the statement returned, or [`StoreError::Slow`].
pub async fn in_time<T>(run: impl Future<Output = Result<T, sqlx::Error>>) -> StoreResult<T> {
    patiently(async { Ok(run.await?) }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn silence() -> Result<(), sqlx::Error> {
        std::future::pending().await
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_in_vain_once_however_often_it_asks() {
        let began = Instant::now();
        of_request(async {
            for _ in 0..5 {
                assert!(matches!(in_time(silence()).await, Err(StoreError::Slow)));
            }
        })
        .await;
        assert!(began.elapsed() < PATIENCE * 2, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_come_late_leave_a_request_its_patience() {
        of_request(async {
            for _ in 0..5 {
                let answer = async {
                    tokio::time::sleep(PATIENCE * 2 / 3).await;
                    Ok(())
                };
                in_time(answer).await.unwrap();
            }
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_the_work_is_handed_to_has_no_patience_of_its_own() {
        let began = Instant::now();
        of_request(async {
            assert!(in_time(silence()).await.is_err());
            assert!(tokio::spawn(carried(in_time(silence()))).await.unwrap().is_err());
        })
        .await;
        assert!(began.elapsed() < PATIENCE * 2, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn work_without_a_request_waits_each_time() {
        for _ in 0..2 {
            let began = Instant::now();
            assert!(in_time(silence()).await.is_err());
            assert!(began.elapsed() >= PATIENCE);
        }
    }
}
