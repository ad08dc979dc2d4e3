//! Lengths and strategies in plain words.

use std::time::Duration;

use crate::domain::{lifetimes::Lifetimes, strategy::Strategy};

/// What the strategy keeps, and what it can end.
pub fn strategy(strategy: Strategy, lifetimes: &Lifetimes) -> String {
    match strategy {
        Strategy::Jwt => format!(
            "jwt: a signed token of {} and nothing kept. No device list, no kick, no limit; a change of role waits until the token is signed again.",
            length(lifetimes.max_age)
        ),
        Strategy::Database => {
            "database: a row that each request reads. A kick or a change of role holds at the next request.".to_owned()
        }
        Strategy::Hybrid => format!(
            "hybrid: a signed token of {} and a row that renews it. A request costs no query; a kick or a change of role holds at the next request.",
            length(lifetimes.access_ttl)
        ),
    }
}

/// When sign-ins end, without and with "remember me".
pub fn lifetimes(lifetimes: &Lifetimes) -> String {
    let with = |remembered| ends(lifetimes, lifetimes.idle_of(remembered));
    if with(true) == with(false) {
        return format!("A sign-in, with or without “remember me”, ends {}.", with(true));
    }
    format!("A sign-in without “remember me” ends {}. One with it ends {}.", with(false), with(true))
}

fn ends(lifetimes: &Lifetimes, idle: Duration) -> String {
    let mut ends = Vec::new();
    if !idle.is_zero() {
        ends.push(format!("after {} without a human act", length(idle)));
    }
    let since = if lifetimes.rolling { "since its last renewal" } else { "since it began" };
    ends.push(format!("after {} {since}", length(lifetimes.max_age)));
    let mut text = ends.join(", and ");
    if !lifetimes.absolute_timeout.is_zero() && lifetimes.rolling {
        text.push_str(&format!("; after {} in any case", length(lifetimes.absolute_timeout)));
    } else if !lifetimes.absolute_timeout.is_zero() && lifetimes.absolute_timeout < lifetimes.max_age {
        text.push_str(&format!(", at the latest after {}", length(lifetimes.absolute_timeout)));
    }
    text
}

/// In the largest unit that leaves no rest.
fn length(length: Duration) -> String {
    let secs = length.as_secs();
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60)];
    let whole = units.iter().find(|(_, unit)| secs > 0 && secs.is_multiple_of(*unit));
    let (name, unit) = whole.copied().unwrap_or(("second", 1));
    let count = secs / unit;
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::{Config, Layers};

    fn configured(settings: &[&str]) -> Lifetimes {
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        Config::read(&Layers::gather(None, std::iter::empty(), &settings).unwrap()).unwrap().lifetimes
    }

    #[test]
    fn the_defaults_read_as_a_person_would_say_them() {
        assert_eq!(
            lifetimes(&configured(&[])),
            "A sign-in without “remember me” ends after 15 minutes without a human act, and after 30 days since its last \
             renewal; after 90 days in any case. One with it ends after 30 days since its last renewal; after 90 days in any case."
        );
    }

    #[test]
    fn what_is_switched_off_is_not_spoken_of() {
        let fixed = ["session.rolling=false", "session.idle_timeout=0", "session.max_age=24h"];
        assert_eq!(
            lifetimes(&configured(&fixed)),
            "A sign-in, with or without “remember me”, ends after 1 day since it began."
        );
        let endless = lifetimes(&configured(&["session.absolute_timeout=0"]));
        assert!(!endless.contains("in any case"), "{endless}");
    }

    #[test]
    fn a_length_is_said_in_its_largest_whole_unit() {
        let said = [0, 1, 60, 90, 5_400, 7_200, 86_400, 172_800].map(|secs| length(Duration::from_secs(secs)));
        assert_eq!(
            said,
            ["0 seconds", "1 second", "1 minute", "90 seconds", "90 minutes", "2 hours", "1 day", "2 days"]
        );
    }
}
