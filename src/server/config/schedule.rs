//! When scheduled work is due: a cron expression in a time zone. The clock is handed in.
//!
//! Where summer time begins or ends, a time that a day does not have is passed over that day, and one that it has
//! twice comes twice: what is scheduled here may run once too often or wait a day.

use std::{fmt, sync::Arc};

use cronexpr::{Crontab, FallbackTimezoneOption, ParseOptions};
use jiff::tz::TimeZone;

use super::keys::SYSTEM_TIMEZONE;
use crate::domain::time::Timestamp;

#[derive(Clone)]
pub struct Schedule {
    /// `None`: never.
    crontab: Option<Arc<Crontab>>,
    text: String,
}

/// Whether there is a zone of this name (IANA, or `system`).
#[must_use]
pub fn is_timezone(name: &str) -> bool {
    name == SYSTEM_TIMEZONE || TimeZone::get(name).is_ok()
}

impl Schedule {
    /// What is never due.
    #[must_use]
    pub fn never() -> Self {
        Self { crontab: None, text: "never".to_owned() }
    }

    /// Reads minute, hour, day of month, month and day of week, in a zone that [`is_timezone`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(cron: &str, timezone: &str) -> Result<Self, &'static str> {
        const FORM: &str = "must be minute, hour, day of month, month and day of week, such as 0 3 * * *";
        // A sixth field would be read as the time zone.
        if cron.split_whitespace().count() != 5 {
            return Err(FORM);
        }
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::System;
        let text = format!("{cron} {timezone}");
        let written = if timezone == SYSTEM_TIMEZONE { cron } else { &text };
        let crontab = cronexpr::parse_crontab_with(written, options).map_err(|_| FORM)?;
        let schedule = Self { crontab: Some(Arc::new(crontab)), text };
        if schedule.next_after(Timestamp(0)) == Timestamp::NEVER {
            return Err("names a day that never comes");
        }
        Ok(schedule)
    }

    /// The first time that is later than `now`.
    #[must_use]
    pub fn next_after(&self, now: Timestamp) -> Timestamp {
        let next = || {
            let now = jiff::Timestamp::from_millisecond(now.0).ok()?;
            self.crontab.as_ref()?.find_next(now).ok()
        };
        next().map_or(Timestamp::NEVER, |next| Timestamp(next.timestamp().as_millisecond()))
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, timezone: &str, now: &str) -> String {
        let now: jiff::Timestamp = now.parse().unwrap();
        let next = Schedule::parse(cron, timezone).unwrap().next_after(Timestamp(now.as_millisecond()));
        jiff::Timestamp::from_millisecond(next.0).unwrap().to_string()
    }

    #[test]
    fn three_in_the_morning_is_that_of_the_zone() {
        assert_eq!(next("0 3 * * *", "UTC", "2026-01-15T02:59:59.999Z"), "2026-01-15T03:00:00Z");
        assert_eq!(next("0 3 * * *", "Asia/Tokyo", "2026-01-15T02:59:59Z"), "2026-01-15T18:00:00Z");
        assert_eq!(next("0 3 * * *", "Europe/Berlin", "2026-07-15T02:59:59Z"), "2026-07-16T01:00:00Z");
    }

    #[test]
    fn the_time_itself_is_past_when_it_has_come() {
        assert_eq!(next("0 3 * * *", "UTC", "2026-01-15T03:00:00Z"), "2026-01-16T03:00:00Z");
        assert_eq!(next("*/15 * * * MON-FRI", "UTC", "2026-01-16T23:50:00Z"), "2026-01-19T00:00:00Z");
    }

    #[test]
    fn a_day_with_summer_time_beginning_still_has_its_clean_up() {
        assert_eq!(next("0 3 * * *", "Europe/Berlin", "2026-03-29T00:30:00Z"), "2026-03-29T01:00:00Z");
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-03-29T00:30:00Z"), "2026-03-30T00:30:00Z");
    }

    #[test]
    fn what_is_no_time_and_what_never_comes_is_refused() {
        for cron in ["", "0 3 * *", "60 3 * * *", "0 25 * * *", "daily", "0 3 * * * UTC", "0 3 * * FOO", "0 0 30 2 *"] {
            assert!(Schedule::parse(cron, "UTC").is_err(), "{cron}");
            assert!(Schedule::parse(cron, SYSTEM_TIMEZONE).is_err(), "{cron}");
        }
        assert!(Schedule::parse("0 0 29 2 *", SYSTEM_TIMEZONE).is_ok());
    }

    #[test]
    fn zones_are_known_by_their_names() {
        for name in ["UTC", "Asia/Tokyo", "America/Argentina/Buenos_Aires", SYSTEM_TIMEZONE] {
            assert!(is_timezone(name), "{name}");
        }
        for name in ["", "Asia/Kyoto", "+09:00", "../etc/passwd", "UTC MON"] {
            assert!(!is_timezone(name), "{name}");
        }
    }
}
