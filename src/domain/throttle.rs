//! How fast someone may guess, by address and by account together.
//!
//! A lock-out per account alone is a weapon against its owner, one per address alone is walked around with a
//! botnet. So several counters: the pair slows first, the account and the address later, and a browser that has
//! signed in to the account before, or a session of it, is counted by itself and never blocked by what others do.
//!
//! A try is counted before its password is looked at, and taken back if it was right: of many tries at once no more
//! are looked at than one after the other would have been. An address is `domain/network.rs`.

use std::time::Duration;

use super::time::Timestamp;

/// Failures counted under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    pub count: u32,
    pub last_at: Timestamp,
}

/// What a counter counts, which decides how much it allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One address (or one known browser, or one session) at one account.
    Pair,
    /// One account, from anywhere.
    Account,
    /// One address, or /64 of IPv6, at any account.
    Address,
    /// One /48 of IPv6, at any account.
    Site,
}

impl Scope {
    /// Failures that cost nothing.
    #[must_use]
    pub const fn allowance(self) -> u32 {
        match self {
            Self::Pair => 5,
            Self::Account => 50,
            Self::Address => 100,
            Self::Site => 1_000,
        }
    }

    /// After this long without a failure the counter starts anew.
    #[must_use]
    pub const fn memory(self) -> Duration {
        match self {
            Self::Pair | Self::Account => Duration::from_secs(24 * 3600),
            Self::Address | Self::Site => Duration::from_secs(3600),
        }
    }
}

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// How long to wait before the next try; `None` if it may be now. Past the allowance each failure doubles the wait,
/// from two seconds to a quarter of an hour.
#[must_use]
pub fn wait(scope: Scope, failures: Failures, now: Timestamp) -> Option<Duration> {
    let over = failures.count.checked_sub(scope.allowance())?;
    if now.since(failures.last_at) >= scope.memory() {
        return None;
    }
    let pause = Duration::from_secs(2_u64 << over.min(20)).min(LONGEST);
    let left = failures.last_at.plus(pause).since(now);
    (!left.is_zero()).then_some(left)
}

/// The counter after one more failure.
#[must_use]
pub fn after_failure(scope: Scope, failures: Failures, now: Timestamp) -> Failures {
    let remembered = now.since(failures.last_at) < scope.memory();
    Failures { count: if remembered { failures.count.saturating_add(1) } else { 1 }, last_at: now }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn failed(count: u32) -> Failures {
        Failures { count, last_at: NOW }
    }

    #[test]
    fn the_allowance_is_free_and_then_each_failure_doubles_the_wait() {
        assert_eq!(wait(Scope::Pair, failed(4), NOW), None);
        let waits: Vec<_> = (5..8).map(|count| wait(Scope::Pair, failed(count), NOW).unwrap().as_secs()).collect();
        assert_eq!(waits, [2, 4, 8]);
        assert_eq!(wait(Scope::Pair, failed(5_000), NOW), Some(LONGEST));
    }

    #[test]
    fn waiting_long_enough_opens_the_door_again() {
        assert_eq!(wait(Scope::Pair, failed(5), NOW.plus(Duration::from_secs(2))), None);
    }

    #[test]
    fn a_counter_is_forgotten_after_its_memory() {
        let next_day = NOW.plus(Scope::Pair.memory());
        assert_eq!(after_failure(Scope::Pair, failed(40), next_day).count, 1);
        assert_eq!(after_failure(Scope::Pair, failed(40), NOW).count, 41);
    }
}
