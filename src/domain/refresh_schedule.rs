//! When the browser renews its access token: a state machine fed with instants, replies and a random number.
//!
//! Decisions:
//! - Ends are taken relative to the server's time in the same reply, at the moment it was asked for; the browser's clock is
//!   never compared with an end (RFC 6749 section 5.1 gives `expires_in` for the same reason).
//! - Due `refresh_lead` before the end, minus a jitter of at most 10 s and at most a twelfth of the lead: with 15 minutes
//!   of life and 2 of lead, between 12:50 and 13:00 of its life. Jitter only ever makes it earlier.
//! - Only a later access end says anything new. A touch keeps it, so acts don't postpone the renewal; a slow reply that
//!   names an earlier one is dropped.
//! - A token that ends with the absolute end is not renewed (it would be in a loop); the server is asked once, just after
//!   its end. The same holds for a renewal that gained nothing.
//! - Failures in passing (no network, 429, 503) are retried with a growing, jittered pause for as long as it takes. They are
//!   no sign-out. After a sleep the due instant is past, so it is due at once.
//!
//! Instants are milliseconds of the browser's clock unless they are called the server's; `jitter` is in `0.0..=1.0`.

use super::backoff::{MAX_PAUSE_MS, pause_ms, scaled};

const MAX_JITTER_MS: i64 = 10_000;
/// How long after the end of a session that nothing extends the server is asked whether it is over.
const ASK_AFTER_END_MS: i64 = 1_000;

/// What a reply says of the access token, on the server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessEnds {
    pub server_now: i64,
    pub access_ends_at: i64,
    pub absolute_ends_at: Option<i64>,
}

/// Names one attempt. A reply to an attempt that something overtook (a sign-out, a newer token) is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt(u32);

#[derive(Clone, Debug)]
pub struct RefreshSchedule {
    lead_ms: i64,
    due_at: Option<i64>,
    /// The latest access end heard of, on the server's clock.
    access_ends_at: i64,
    epoch: u32,
    under_way: bool,
    failures: u32,
    stopped: bool,
}

impl RefreshSchedule {
    /// Starts from the session as the page was loaded with it at `at`.
    #[must_use]
    pub fn new(lead_ms: u64, at: i64, ends: AccessEnds, jitter: f64) -> Self {
        let lead_ms = i64::try_from(lead_ms).unwrap_or(i64::MAX);
        Self {
            lead_ms,
            due_at: plan(lead_ms, at, ends, jitter),
            access_ends_at: ends.access_ends_at,
            epoch: 0,
            under_way: false,
            failures: 0,
            stopped: false,
        }
    }

    /// The instant of the next attempt; `None` while one is under way, after a sign-out and when there is nothing to gain.
    #[must_use]
    pub fn due_at(&self) -> Option<i64> {
        self.due_at.filter(|_| !self.under_way && !self.stopped)
    }

    /// Begins an attempt if one is due.
    pub fn begin(&mut self, now: i64) -> Option<Attempt> {
        self.due_at().filter(|due_at| now >= *due_at)?;
        self.under_way = true;
        Some(Attempt(self.epoch))
    }

    /// The attempt succeeded. Returns whether its reply still counts.
    pub fn renewed(&mut self, attempt: Attempt, at: i64, ends: AccessEnds, jitter: f64) -> bool {
        if !self.finish(attempt) {
            return false;
        }
        let gained = ends.access_ends_at > self.access_ends_at;
        self.failures = 0;
        self.access_ends_at = self.access_ends_at.max(ends.access_ends_at);
        self.due_at = if gained { plan(self.lead_ms, at, ends, jitter) } else { ask_after_end(at, ends) };
        gained
    }

    /// The attempt failed in passing; `retry_after_ms` is the server's wish, 0 where it has none.
    pub fn failed(&mut self, attempt: Attempt, now: i64, retry_after_ms: u64, jitter: f64) {
        if self.finish(attempt) {
            let pause = pause_ms(self.failures, jitter);
            self.failures += 1;
            self.due_at = Some(now.saturating_add(pause.max(i64::try_from(retry_after_ms).unwrap_or(MAX_PAUSE_MS))));
        }
    }

    /// Ends learned in any other way, asked for at `at`: a renewal on demand, another tab, a touch, a reloaded session.
    /// Returns whether they were news.
    pub fn heard(&mut self, at: i64, ends: AccessEnds, jitter: f64) -> bool {
        if self.stopped || ends.access_ends_at <= self.access_ends_at {
            return false;
        }
        self.epoch += 1;
        self.under_way = false;
        self.failures = 0;
        self.access_ends_at = ends.access_ends_at;
        self.due_at = plan(self.lead_ms, at, ends, jitter);
        true
    }

    /// The network is back: no need to sit out the pause.
    pub fn network_returned(&mut self, now: i64) {
        if self.failures > 0 {
            self.due_at = self.due_at.map(|due_at| due_at.min(now));
        }
    }

    /// The session is over for this page. Nothing is due any more and no reply counts.
    pub fn stop(&mut self) {
        self.epoch += 1;
        self.stopped = true;
    }

    fn finish(&mut self, attempt: Attempt) -> bool {
        let counts = attempt.0 == self.epoch && self.under_way && !self.stopped;
        if counts {
            self.under_way = false;
        }
        counts
    }
}

fn plan(lead_ms: i64, at: i64, ends: AccessEnds, jitter: f64) -> Option<i64> {
    if ends.absolute_ends_at.is_some_and(|end| ends.access_ends_at >= end) {
        return ask_after_end(at, ends);
    }
    let left = left_ms(ends);
    // A life shorter than the lead would be renewed in a loop: then at half of it.
    let lead = if left > lead_ms { lead_ms } else { left / 2 };
    let jitter = scaled(MAX_JITTER_MS.min(lead / 12).min((left - lead) / 2), jitter);
    Some(at.saturating_add(left - lead - jitter))
}

/// Once, and not if it is past already: a server that answers although the end has come would be asked in a loop.
fn ask_after_end(at: i64, ends: AccessEnds) -> Option<i64> {
    let left = left_ms(ends);
    (left > 0).then(|| at.saturating_add(left).saturating_add(ASK_AFTER_END_MS))
}

fn left_ms(ends: AccessEnds) -> i64 {
    ends.access_ends_at.saturating_sub(ends.server_now).max(0)
}

#[cfg(test)]
#[path = "refresh_schedule_tests.rs"]
mod tests;
