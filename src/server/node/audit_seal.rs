//! Seals the audit log each second, on one node, and tells the log where its head is. Each look also finds out whether the
//! head is the one that this node knows.
//!
//! The head is told at most once a minute, when it is another, and at the end: often enough that little can be cut off
//! unseen by whoever keeps the log elsewhere, seldom enough to be no flood.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::nodes;
use crate::{
    domain::audit_chain::Head,
    server::{
        flow::audit_sealing::seal_all,
        state::AppState,
        store::{
            StoreResult,
            audit_chain::{self, End},
        },
    },
};

const LOOK: Duration = Duration::from_secs(1);
const TELL: Duration = Duration::from_secs(60);

/// Seals until `stop`.
pub async fn keep(state: AppState, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = HeadLog::default();
    let mut sealing = true;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = tick.tick() => {}
        }
        // Broken off between two batches, it leaves nothing half done.
        let looked = tokio::select! {
            () = stop.cancelled() => break,
            looked = look(&state) => looked,
        };
        match looked {
            Ok(head) => {
                sealing = true;
                told.note(head);
                if told.is_due(state.clock.uptime()) {
                    told.tell();
                }
            }
            // Once, not each second.
            Err(error) if sealing => {
                sealing = false;
                tracing::warn!(error = %error, "the audit log is not being sealed");
            }
            Err(_) => {}
        }
    }
    told.tell();
}

/// Seals what waits, if it is this node that does so; the head after it, if it is another. Where the head is not the one
/// that this node knows, what is there is judged although nothing waits.
///
/// # Errors
/// When the database can't be read or written.
pub async fn look(state: &AppState) -> StoreResult<Option<Head>> {
    let head = audit_chain::end(state.db.read(), End::Head).await?.map(|place| place.head);
    let is_known = head.is_some() && head == state.last_sealed.get();
    if is_known && !audit_chain::any_unsealed(state.db.read()).await? || !nodes::holds_schedule(state).await? {
        return Ok(None);
    }
    seal_all(state).await
}

/// What the log knows of the head.
#[derive(Default)]
struct HeadLog {
    newest: Option<Head>,
    told: Option<Head>,
    told_at: Option<Duration>,
}

impl HeadLog {
    fn note(&mut self, head: Option<Head>) {
        self.newest = head.or(self.newest);
    }

    /// Whether it is time; if so, the next time is counted from here.
    fn is_due(&mut self, uptime: Duration) -> bool {
        let waited = self.told_at.is_none_or(|at| uptime.saturating_sub(at) >= TELL);
        let due = waited && self.newest != self.told;
        if due {
            self.told_at = Some(uptime);
        }
        due
    }

    fn tell(&mut self) {
        if let Some(head) = self.newest.filter(|_| self.newest != self.told) {
            self.told = Some(head);
            tracing::info!(%head, "the audit log is sealed up to here");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_told_when_it_is_another_and_at_most_once_a_minute() {
        let mut told = HeadLog::default();
        let head = |seq| Some(Head { seq, link: [0; 32] });
        let mut look = |at, found| {
            told.note(found);
            let due = told.is_due(Duration::from_secs(at));
            if due {
                told.tell();
            }
            due
        };
        let times = [(0, None), (1, head(1)), (2, head(2)), (60, None), (61, None), (122, None), (123, head(3))];
        assert_eq!(times.map(|(at, found)| look(at, found)), [false, true, false, false, true, false, true]);
    }
}
