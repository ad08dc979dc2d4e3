//! The lines before the hashing threads, one for each network that asks.
//!
//! A network has as many jobs among those that are next as there are threads, so that it can keep all of them busy and
//! makes another wait for one job at most; the rest of its own stand in its line. A line has an end: more are refused.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::network::Network;

/// Who may stand in the line of one network; of a /48, so many times as many.
const LINE: usize = 64;
const SITE_LINES: usize = 4;
/// A /48 has twice the jobs.
const SITE_JOBS: usize = 2;

#[derive(Debug)]
pub struct Lines {
    jobs: usize,
    by_network: Mutex<HashMap<Network, Line>>,
}

#[derive(Debug)]
struct Line {
    next: Arc<Semaphore>,
    standing: usize,
}

/// Somebody in a line; who drops it leaves.
#[derive(Debug)]
pub struct InLine {
    lines: Arc<Lines>,
    network: Network,
    next: Arc<Semaphore>,
}

impl Lines {
    /// Lines for so many threads.
    #[must_use]
    pub fn before(threads: usize) -> Arc<Self> {
        Arc::new(Self { jobs: threads.max(1), by_network: Mutex::default() })
    }

    /// Joins a line; nothing where it is too long.
    #[must_use]
    pub fn join(self: &Arc<Self>, network: Network) -> Option<InLine> {
        let (jobs, longest) = match network {
            Network::Site(_) => (self.jobs * SITE_JOBS, LINE * SITE_LINES),
            Network::Host(_) | Network::Customer(_) => (self.jobs, LINE),
        };
        let mut lines = self.lock();
        let line = lines.entry(network).or_insert_with(|| Line { next: Arc::new(Semaphore::new(jobs)), standing: 0 });
        if line.standing >= longest {
            return None;
        }
        line.standing += 1;
        Some(InLine { lines: Arc::clone(self), network, next: Arc::clone(&line.next) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Network, Line>> {
        self.by_network.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InLine {
    /// Waits until a job may be among those that are next; it is, until what this gives is dropped. Nobody closes a line.
    pub async fn next(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.next).acquire_owned().await.ok()
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        let mut lines = self.lines.lock();
        if let Some(line) = lines.get_mut(&self.network) {
            line.standing -= 1;
            if line.standing == 0 {
                lines.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn network(address: &str) -> Network {
        Network::of(address.parse().unwrap())
    }

    #[tokio::test]
    async fn a_network_has_as_many_jobs_as_threads_and_another_does_not_wait_for_it() {
        let lines = Lines::before(2);
        let (one, other) = (lines.join(network("203.0.113.7")).unwrap(), lines.join(network("203.0.113.8")).unwrap());
        let first = one.next().await.unwrap();
        let _second = one.next().await.unwrap();
        assert!(one.next().now_or_never().is_none());
        assert!(other.next().now_or_never().is_some());
        drop(first);
        assert!(one.next().now_or_never().is_some());
    }

    #[test]
    fn a_line_has_an_end_and_is_forgotten_when_all_have_left() {
        let lines = Lines::before(2);
        let standing: Vec<_> = (0..LINE).map(|_| lines.join(network("2001:db8::1")).unwrap()).collect();
        assert!(lines.join(network("2001:db8::2")).is_none(), "another address of the same customer");
        assert!(lines.join(network("2001:db8:0:1::1")).is_some());
        drop(standing);
        assert!(lines.lock().is_empty());
    }
}
