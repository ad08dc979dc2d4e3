//! When a delivery is tried again, and when it is given up: ten attempts over about three days (the schedule that
//! Standard Webhooks suggests), spread a little so that what failed at once doesn't come back at once.

use std::time::Duration;

use super::{backoff::scaled, time::Timestamp};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Seconds to wait after the first, second, … attempt that failed.
const PAUSES: [u64; 9] = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/// A receiver may ask for more time, up to this.
const LONGEST_WISH: Duration = Duration::from_secs(24 * HOUR);

/// How many attempts there are.
pub const ATTEMPTS: u32 = 10;

/// When the next attempt is due after `attempts` of which the last failed at `now`; `None` when there is none.
///
/// `wish` is what the receiver asked for (`Retry-After`), which makes a pause longer and never shorter. `jitter` in
/// `0.0..=1.0` adds up to a tenth.
#[must_use]
pub fn next_attempt(attempts: u32, wish: Option<Duration>, jitter: f64, now: Timestamp) -> Option<Timestamp> {
    let pause = *PAUSES.get(usize::try_from(attempts.checked_sub(1)?).ok()?)?;
    let millis = i64::try_from(pause * 1000).unwrap_or(i64::MAX);
    let spread = Duration::from_millis(scaled(millis / 10, jitter).unsigned_abs());
    let pause = Duration::from_secs(pause) + spread;
    Some(now.plus(pause.max(wish.unwrap_or_default().min(LONGEST_WISH))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn pause(attempts: u32, wish: Option<u64>, jitter: f64) -> Option<u64> {
        let next = next_attempt(attempts, wish.map(Duration::from_secs), jitter, NOW)?;
        Some(next.since(NOW).as_secs())
    }

    #[test]
    fn each_failure_waits_longer_and_the_last_is_the_end() {
        let pauses: Vec<Option<u64>> = (1..=ATTEMPTS).map(|attempts| pause(attempts, None, 0.0)).collect();
        let hours = |hours| Some(hours * HOUR);
        assert_eq!(pauses[..3], [Some(5), Some(300), Some(1800)]);
        assert_eq!(pauses[3..9], [hours(2), hours(5), hours(10), hours(14), hours(20), hours(24)]);
        assert_eq!(pauses[9], None);
        let days = pauses.iter().flatten().sum::<u64>() / (24 * HOUR);
        assert_eq!(days, 3, "a receiver may be down for a long weekend");
    }

    #[test]
    fn what_was_sent_more_often_than_the_schedule_knows_is_not_tried_again() {
        assert_eq!([pause(11, None, 0.0), pause(u32::MAX, None, 0.0), pause(0, None, 0.0)], [None; 3]);
    }

    #[test]
    fn jitter_adds_a_tenth_at_most() {
        assert_eq!([pause(2, None, 0.5), pause(2, None, 1.0), pause(2, None, 9.0)], [Some(315), Some(330), Some(330)]);
    }

    #[test]
    fn a_receiver_gets_the_time_it_asks_for_within_a_day_and_never_an_earlier_attempt() {
        assert_eq!(pause(1, Some(120), 0.0), Some(120));
        assert_eq!(pause(2, Some(1), 0.0), Some(300));
        assert_eq!(pause(1, Some(u64::MAX), 0.0), Some(24 * HOUR));
        assert_eq!(pause(10, Some(60), 0.0), None, "nor one more");
    }
}
