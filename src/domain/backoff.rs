//! How long to wait before another attempt at what failed in passing: longer each time, and never all at once.

const FIRST_PAUSE_MS: i64 = 2_000;
pub(super) const MAX_PAUSE_MS: i64 = 60_000;
/// A stream that was open for so long was no failure.
const LIVED_MS: i64 = 10_000;

/// The pause after so many `failures` before this one. `jitter` in `0.0..=1.0` takes up to half of it away.
#[must_use]
pub fn pause_ms(failures: u32, jitter: f64) -> i64 {
    let full = (FIRST_PAUSE_MS << failures.min(5)).min(MAX_PAUSE_MS);
    full - scaled(full / 2, jitter)
}

/// So much of a length. `part` in `0.0..=1.0`.
pub(super) fn scaled(length: i64, part: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "far below 2^53")]
    let scaled = (length as f64 * part.clamp(0.0, 1.0)) as i64;
    scaled
}

/// When a page that listens opens its stream anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reconnect {
    failures: u32,
}

impl Reconnect {
    /// The stream has ended, or was refused, `lived_ms` after it was asked for: how long to wait. Streams end in the
    /// course of things, with their token; one that is closed as soon as it is open must not be asked for in a loop.
    pub fn pause_after(&mut self, lived_ms: i64, jitter: f64) -> i64 {
        if lived_ms >= LIVED_MS {
            self.failures = 0;
        }
        let pause = pause_ms(self.failures, jitter);
        self.failures = self.failures.saturating_add(1);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_jitter_takes_half_at_most() {
        let pauses: Vec<i64> = (0..8).map(|failures| pause_ms(failures, 0.0)).collect();
        assert_eq!(pauses, [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
        for failures in 0..8 {
            assert_eq!(pause_ms(failures, 1.0) * 2, pause_ms(failures, 0.0));
            assert_eq!(pause_ms(failures, 7.0), pause_ms(failures, 1.0));
        }
        assert_eq!(pause_ms(u32::MAX, 0.0), 60_000);
    }

    #[test]
    fn a_stream_that_lived_is_opened_again_soon_and_one_that_did_not_later_and_later() {
        let mut reconnect = Reconnect::default();
        let pauses: Vec<i64> = [0, 50, 9_999].map(|lived| reconnect.pause_after(lived, 0.0)).into();
        assert_eq!(pauses, [2_000, 4_000, 8_000]);
        assert_eq!(reconnect.pause_after(10_000, 0.0), 2_000);
        assert_eq!(reconnect.pause_after(0, 0.0), 4_000);
        assert_eq!(reconnect.pause_after(-5, 0.0), 8_000, "a clock that was set back proves nothing");
    }
}
