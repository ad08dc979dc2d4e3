//! How much happened, and when: what is counted, how finely, and how the counts of a range are put into the steps of a plot.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Live sessions: how many there are, not how many came.
    Live,
    SignIns,
    /// Sign-ins refused for a wrong password, an unknown or locked account, or by the throttle.
    Failures,
    /// Credentials exchanged for their successor.
    Refreshes,
    /// Sessions that an admin ended.
    Kicks,
    /// Refresh tokens that came back when they should no longer exist.
    Reuse,
}

impl Kind {
    pub const ALL: [Self; 6] = [Self::Live, Self::SignIns, Self::Failures, Self::Refreshes, Self::Kicks, Self::Reuse];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::SignIns => "sign_ins",
            Self::Failures => "failures",
            Self::Refreshes => "refreshes",
            Self::Kicks => "kicks",
            Self::Reuse => "reuse",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// What stands for a step of which several counts are known: the highest level there was, or all that came.
    #[must_use]
    fn join(self, one: i64, other: i64) -> i64 {
        if self == Self::Live { one.max(other) } else { one.saturating_add(other) }
    }
}

/// What a count is of. Minutes are kept for days, hours for a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    Minute,
    Hour,
}

impl Grain {
    pub const ALL: [Self; 2] = [Self::Minute, Self::Hour];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }

    /// The beginning of the minute or hour in which `at` lies.
    #[must_use]
    pub fn floor(self, at: Timestamp) -> Timestamp {
        floor(at, self.length())
    }

    #[must_use]
    pub fn kept_for(self) -> Duration {
        match self {
            Self::Minute => HOUR * 72,
            Self::Hour => HOUR * 24 * 400,
        }
    }

    #[must_use]
    pub fn length(self) -> Duration {
        match self {
            Self::Minute => MINUTE,
            Self::Hour => HOUR,
        }
    }
}

/// How far back one looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    #[default]
    Hour,
    Day,
    Month,
}

impl Range {
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Month];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The hour when nothing is asked for; `None` for what is no range.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        Self::ALL.into_iter().find(|range| range.as_str() == text)
    }

    #[must_use]
    pub fn grain(self) -> Grain {
        match self {
            Self::Hour | Self::Day => Grain::Minute,
            Self::Month => Grain::Hour,
        }
    }

    #[must_use]
    pub fn step(self) -> Duration {
        match self {
            Self::Hour => MINUTE,
            Self::Day => MINUTE * 15,
            Self::Month => HOUR * 6,
        }
    }

    /// How many steps; the last is the one that `now` lies in.
    #[must_use]
    pub fn steps(self) -> u32 {
        match self {
            Self::Hour => 60,
            Self::Day => 96,
            Self::Month => 120,
        }
    }

    /// The beginning of the first step.
    #[must_use]
    pub fn from(self, now: Timestamp) -> Timestamp {
        floor(now, self.step()).minus(self.step() * (self.steps() - 1))
    }

    /// What came in each step; `None` where nothing is known of a level.
    #[must_use]
    pub fn plot(self, kind: Kind, now: Timestamp, counts: &[Count]) -> Vec<Option<i64>> {
        let nothing = (kind != Kind::Live).then_some(0);
        let mut plot = vec![nothing; self.steps() as usize];
        let from = self.from(now);
        for count in counts.iter().filter(|count| count.kind == kind && count.at >= from) {
            let index = count.at.since(from).as_millis() / self.step().as_millis();
            let step = usize::try_from(index).ok().and_then(|index| plot.get_mut(index));
            if let Some(step) = step {
                *step = Some(step.map_or(count.n, |known| kind.join(known, count.n)));
            }
        }
        plot
    }
}

/// So many of a kind in the minute or hour that begins at `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub at: Timestamp,
    pub kind: Kind,
    pub n: i64,
}

fn floor(at: Timestamp, length: Duration) -> Timestamp {
    let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    Timestamp(at.0 - at.0.rem_euclid(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seven seconds past a minute.
    const NOW: Timestamp = Timestamp(1_795_233_127_000);

    fn count(minutes_ago: u64, kind: Kind, n: i64) -> Count {
        Count { at: Grain::Minute.floor(NOW).minus(MINUTE * u32::try_from(minutes_ago).unwrap()), kind, n }
    }

    #[test]
    fn a_range_ends_with_the_step_that_is_under_way() {
        for range in Range::ALL {
            let last = range.from(NOW).plus(range.step() * (range.steps() - 1));
            assert!(last <= NOW && NOW < last.plus(range.step()), "{range:?}");
        }
    }

    #[test]
    fn counts_are_added_up_and_of_a_level_the_highest_is_shown() {
        let counts = [
            count(0, Kind::SignIns, 2),
            count(1, Kind::SignIns, 3),
            count(0, Kind::Live, 7),
            count(1, Kind::Live, 9),
            count(59, Kind::Kicks, 4),
        ];
        let hour = Range::Hour.plot(Kind::SignIns, NOW, &counts);
        assert_eq!((hour.len(), hour[59], hour[58], hour[0]), (60, Some(2), Some(3), Some(0)));
        assert_eq!(Range::Hour.plot(Kind::Kicks, NOW, &counts)[0], Some(4));
        let day = Range::Day.plot(Kind::SignIns, NOW, &counts);
        assert_eq!(day.iter().flatten().sum::<i64>(), 5);
        let live = Range::Day.plot(Kind::Live, NOW, &counts);
        assert_eq!(live.iter().flatten().max(), Some(&9));
        assert_eq!(live[0], None, "what was not looked at is not none");
    }

    #[test]
    fn what_is_older_or_yet_to_come_is_not_shown() {
        let later = Count { at: NOW.plus(MINUTE), ..count(0, Kind::SignIns, 1) };
        let plot = Range::Hour.plot(Kind::SignIns, NOW, &[count(60, Kind::SignIns, 1), later]);
        assert_eq!(plot, vec![Some(0); 60]);
    }

    #[test]
    fn names_read_back_and_the_hour_is_shown_unasked() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        for range in Range::ALL {
            assert_eq!(Range::parse(range.as_str()), Some(range));
        }
        assert_eq!((Range::parse(""), Range::parse("year")), (Some(Range::Hour), None));
    }
}
