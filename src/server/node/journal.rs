//! Watches how long the journal (WAL) beside an SQLite file grows.
//!
//! What is written goes to the journal, and from there into the file, unless somebody reads an old state of it: a shell
//! with an open transaction, a backup that hangs. Then the journal grows with each write, and its operator is told.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::server::{state::AppState, store::db::JOURNAL_LONG};

const LOOK: Duration = Duration::from_secs(10);

/// Looks now and then, until `stop`.
pub async fn keep(state: AppState, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_long = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let length = state.db.journal_length();
        if is_news(length, was_long) {
            tracing::warn!(
                bytes = length,
                "the journal of the database grows: a program reads an old state of the file"
            );
        }
        was_long = length >= JOURNAL_LONG;
    }
}

/// It is told once, and again when it has been short in between.
fn is_news(length: u64, was_long: bool) -> bool {
    length >= JOURNAL_LONG && !was_long
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_journal_is_told_once() {
        assert!(!is_news(JOURNAL_LONG - 1, false));
        assert!(is_news(JOURNAL_LONG, false));
        assert!(!is_news(JOURNAL_LONG * 2, true));
    }
}
