//! The one place that reads a clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::time::{ClockId, clock_gettime};

use crate::domain::time::Timestamp;

#[cfg(any(target_os = "linux", target_os = "android"))]
const UPTIME: ClockId = ClockId::Boottime;
/// Counts sleep where there is no other that does, as on macOS.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const UPTIME: ClockId = ClockId::Monotonic;

/// The wall clock, or one that tests set.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    Set(Arc<SetClock>),
}

/// In milliseconds.
#[derive(Debug)]
pub struct SetClock {
    up: AtomicI64,
    /// How far the wall clock was set away from that.
    stepped: AtomicI64,
}

impl Clock {
    #[must_use]
    pub fn set_to(now: Timestamp) -> Self {
        Self::Set(Arc::new(SetClock { up: AtomicI64::new(now.0), stepped: AtomicI64::new(0) }))
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => system_now(),
            Self::Set(at) => Timestamp(at.up.load(Ordering::SeqCst) + at.stepped.load(Ordering::SeqCst)),
        }
    }

    /// How long the machine has been up, its sleep included: goes on evenly, whatever the wall clock is set to.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        match self {
            Self::System => {
                let up = clock_gettime(UPTIME);
                let (secs, nanos) = (u64::try_from(up.tv_sec), u32::try_from(up.tv_nsec));
                Duration::new(secs.unwrap_or(0), nanos.unwrap_or(0))
            }
            Self::Set(at) => Duration::from_millis(u64::try_from(at.up.load(Ordering::SeqCst)).unwrap_or(0)),
        }
    }

    /// Moves a set clock; a system clock goes its own way.
    pub fn advance(&self, length: Duration) {
        if let Self::Set(at) = self {
            at.up.fetch_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// Sets the wall clock of a set clock away by so many milliseconds, as an operator does or a time server.
    pub fn step(&self, by_ms: i64) {
        if let Self::Set(at) = self {
            at.stepped.fetch_add(by_ms, Ordering::SeqCst);
        }
    }

    /// The wall clock less the uptime, in milliseconds: the same for as long as nobody sets the wall clock.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.now().0.saturating_sub(i64::try_from(self.uptime().as_millis()).unwrap_or(i64::MAX))
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
fn system_now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// An instant as people and programs read it (RFC 3339, UTC).
#[must_use]
pub fn shown(at: Timestamp) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + at.since(Timestamp(0))).to_string()
}
