//! Instants and lengths in words. Pure: everything is said relative to the `server_now` that came with the data, so
//! that server and browser write the same page.

use crate::i18n::{Locale, td_string as text};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// After this long "days ago" says less than the date.
const DATE_AFTER: i64 = 7 * DAY;

/// A length in its largest whole unit, rounded down: "14 minutes".
pub fn span(l: Locale, ms: i64) -> String {
    match ms {
        ..SECOND => text!(l, time.less_than_minute).to_owned(),
        SECOND..MINUTE => match ms / SECOND {
            1 => text!(l, time.second).to_owned(),
            n => text!(l, time.seconds, n),
        },
        MINUTE..HOUR => match ms / MINUTE {
            1 => text!(l, time.minute).to_owned(),
            n => text!(l, time.minutes, n),
        },
        HOUR..DAY => match ms / HOUR {
            1 => text!(l, time.hour).to_owned(),
            n => text!(l, time.hours, n),
        },
        _ => match ms / DAY {
            1 => text!(l, time.day).to_owned(),
            n => text!(l, time.days, n),
        },
    }
}

/// How far an instant lies from `now`: "3 minutes ago", "in 14 minutes", and the date when it is long past.
pub fn relative(l: Locale, at: i64, now: i64) -> String {
    match now.saturating_sub(at) {
        past if past >= DATE_AFTER => date(l, at),
        past if past >= MINUTE => text!(l, time.ago, span = span(l, past)),
        past if past > -MINUTE => text!(l, time.just_now).to_owned(),
        past => text!(l, time.in_span, span = span(l, past.saturating_neg())),
    }
}

pub fn date(l: Locale, at: i64) -> String {
    let civil = Civil::of(at);
    text!(l, time.date, year = civil.year, month = month(l, civil.month), day = civil.day)
}

/// Date and time of day in UTC, to the minute.
pub fn date_time(l: Locale, at: i64) -> String {
    let civil = Civil::of(at);
    let time = format!("{:02}:{:02}", civil.hour, civil.minute);
    text!(l, time.date_time, year = civil.year, month = month(l, civil.month), day = civil.day, time = time)
}

/// RFC 3339, for `<time datetime>`.
pub fn machine(at: i64) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::of(at);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Civil {
    /// Howard Hinnant's `civil_from_days`: the year is taken to begin in March, so that the leap day comes last.
    fn of(at: i64) -> Self {
        let (days, in_day) = (at.div_euclid(DAY), at.rem_euclid(DAY));
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
            hour: in_day / HOUR,
            minute: in_day % HOUR / MINUTE,
            second: in_day % MINUTE / SECOND,
        }
    }
}

fn month(l: Locale, month: i64) -> &'static str {
    match month {
        1 => text!(l, time.m1),
        2 => text!(l, time.m2),
        3 => text!(l, time.m3),
        4 => text!(l, time.m4),
        5 => text!(l, time.m5),
        6 => text!(l, time.m6),
        7 => text!(l, time.m7),
        8 => text!(l, time.m8),
        9 => text!(l, time.m9),
        10 => text!(l, time.m10),
        11 => text!(l, time.m11),
        _ => text!(l, time.m12),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 03:52:10 UTC.
    const AT: i64 = 1_795_233_130_000;

    #[test]
    fn dates_are_right_around_leap_days_and_before_the_epoch() {
        assert_eq!(machine(AT), "2026-11-21T03:52:10Z");
        assert_eq!(machine(0), "1970-01-01T00:00:00Z");
        assert_eq!(machine(-1000), "1969-12-31T23:59:59Z");
        assert_eq!(machine(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(machine(4_107_542_400_000), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn lengths_are_said_in_their_largest_whole_unit() {
        assert_eq!(span(Locale::en, 59_999), "59 seconds");
        assert_eq!(span(Locale::en, MINUTE), "1 minute");
        assert_eq!(span(Locale::en, 90 * MINUTE), "1 hour");
        assert_eq!(span(Locale::ja, 3 * DAY), "3 日");
    }

    #[test]
    fn instants_are_said_relative_to_the_servers_now_and_as_a_date_when_long_past() {
        assert_eq!(relative(Locale::en, AT - 5 * MINUTE, AT), "5 minutes ago");
        assert_eq!(relative(Locale::en, AT - 5, AT), "just now");
        assert_eq!(relative(Locale::en, AT + HOUR, AT), "in 1 hour");
        assert_eq!(relative(Locale::en, AT - 30 * DAY, AT), "22 Oct 2026");
        assert_eq!(relative(Locale::ja, AT - 30 * DAY, AT), "2026年10月22日");
    }
}
