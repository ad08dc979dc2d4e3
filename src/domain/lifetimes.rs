//! Every rule on how long something lives, as pure functions over (policy, session, now).

use std::time::Duration;

use super::{session::Ends, time::Timestamp};

/// The lengths an operator sets. A zero `absolute_timeout` or idle timeout means there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    pub access_ttl: Duration,
    pub refresh_lead: Duration,
    pub max_age: Duration,
    /// Whether a renewal moves the end of `max_age`.
    pub rolling: bool,
    pub absolute_timeout: Duration,
    pub idle_timeout: Duration,
    pub idle_timeout_remembered: Duration,
    pub idle_warning: Duration,
    pub rotation_grace: Duration,
}

impl Lifetimes {
    /// The idle timeout of a session, zero for none.
    #[must_use]
    pub fn idle_of(&self, remembered: bool) -> Duration {
        if remembered { self.idle_timeout_remembered } else { self.idle_timeout }
    }

    /// The ends of a session that begins at `now`, which counts as a human act.
    #[must_use]
    pub fn at_sign_in(&self, remembered: bool, now: Timestamp) -> Ends {
        let absolute_end_at = or_never(self.absolute_timeout, now);
        Ends {
            expires_at: now.plus(self.max_age).min(absolute_end_at),
            idle_end_at: or_never(self.idle_of(remembered), now),
            absolute_end_at,
        }
    }

    /// The ends after a renewal: the life rolls, the hard end and the idle end stay.
    #[must_use]
    pub fn renewed(&self, ends: Ends, now: Timestamp) -> Ends {
        if !self.rolling {
            return ends;
        }
        Ends { expires_at: now.plus(self.max_age).min(ends.absolute_end_at), ..ends }
    }

    /// The idle end after a human act at `acted_at`; it never moves back.
    #[must_use]
    pub fn touched(&self, ends: Ends, remembered: bool, acted_at: Timestamp) -> Ends {
        Ends { idle_end_at: or_never(self.idle_of(remembered), acted_at).max(ends.idle_end_at), ..ends }
    }

    /// The end of an access token minted at `now`: never past a hard end of its session.
    #[must_use]
    pub fn access_end(&self, ends: Ends, now: Timestamp) -> Timestamp {
        now.plus(self.access_ttl).min(ends.absolute_end_at).min(ends.expires_at)
    }

    /// How often at most a human act moves the idle end.
    #[must_use]
    pub fn touch_interval(&self, remembered: bool) -> Duration {
        let idle = self.idle_of(remembered);
        if idle.is_zero() { Duration::from_secs(60) } else { (idle / 10).min(Duration::from_secs(60)) }
    }

    /// How much is left at `now` of the stretch that ends first, 0 to 100: of the idle timeout since the last act, or of
    /// the life since sign-in or renewal.
    #[must_use]
    pub fn life_left_percent(&self, ends: Ends, remembered: bool, now: Timestamp) -> u8 {
        let first = first_end(ends);
        let whole = if first == ends.idle_end_at { self.idle_of(remembered) } else { self.max_age };
        let left = first.since(now).as_millis() * 100 / whole.as_millis().max(1);
        u8::try_from(left.min(100)).unwrap_or(100)
    }

    /// What can't work together, one line each.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut refuse = |wrong: bool, text: &str| {
            if wrong {
                faults.push(text.to_owned());
            }
        };
        refuse(self.access_ttl < Duration::from_secs(5), "session.access_ttl: must be 5s or more");
        refuse(self.access_ttl > Duration::from_secs(86_400), "session.access_ttl: must be 24h or less");
        refuse(self.refresh_lead >= self.access_ttl, "session.refresh_lead: must be shorter than session.access_ttl");
        refuse(self.max_age < self.access_ttl, "session.max_age: must not be shorter than session.access_ttl");
        refuse(
            self.max_age > Duration::from_secs(400 * 86_400),
            "session.max_age: must be 400d or less, which is as long as browsers keep a cookie",
        );
        refuse(
            !self.absolute_timeout.is_zero() && self.absolute_timeout < self.access_ttl,
            "session.absolute_timeout: must not be shorter than session.access_ttl",
        );
        for (key, idle) in [
            ("session.idle_timeout", self.idle_timeout),
            ("session.idle_timeout_remembered", self.idle_timeout_remembered),
        ] {
            refuse(
                !idle.is_zero() && idle < Duration::from_secs(5),
                &format!("{key}: must be 5s or more, or 0 for none"),
            );
            refuse(
                !idle.is_zero() && self.idle_warning >= idle,
                &format!("session.idle_warning: must be shorter than {key}"),
            );
        }
        refuse(
            self.rotation_grace > self.access_ttl,
            "session.rotation_grace: must not be longer than session.access_ttl",
        );
        faults
    }
}

/// The earliest of a session's ends.
#[must_use]
pub fn first_end(ends: Ends) -> Timestamp {
    ends.expires_at.min(ends.idle_end_at).min(ends.absolute_end_at)
}

fn or_never(length: Duration, from: Timestamp) -> Timestamp {
    if length.is_zero() { Timestamp::NEVER } else { from.plus(length) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::session::SessionState;

    pub const DEFAULTS: Lifetimes = Lifetimes {
        access_ttl: Duration::from_secs(900),
        refresh_lead: Duration::from_secs(120),
        max_age: Duration::from_secs(30 * 86_400),
        rolling: true,
        absolute_timeout: Duration::from_secs(90 * 86_400),
        idle_timeout: Duration::from_secs(900),
        idle_timeout_remembered: Duration::ZERO,
        idle_warning: Duration::from_secs(120),
        rotation_grace: Duration::from_secs(20),
    };
    const START: Timestamp = Timestamp(1_000_000);

    #[test]
    fn a_remembered_sign_in_has_its_own_idle_timeout() {
        assert_eq!(DEFAULTS.at_sign_in(false, START).idle_end_at, START.plus(DEFAULTS.idle_timeout));
        assert_eq!(DEFAULTS.at_sign_in(true, START).idle_end_at, Timestamp::NEVER);
    }

    #[test]
    fn without_rolling_nothing_extends_the_life() {
        let fixed = Lifetimes { rolling: false, ..DEFAULTS };
        let ends = fixed.at_sign_in(false, START);
        assert_eq!(fixed.renewed(ends, START.plus(Duration::from_secs(86_400))), ends);
    }

    #[test]
    fn an_access_token_never_lives_past_the_absolute_end() {
        let ends = DEFAULTS.at_sign_in(true, START);
        let just_before = ends.absolute_end_at.minus(Duration::from_secs(60));
        let renewed = DEFAULTS.renewed(ends, just_before);
        assert_eq!(DEFAULTS.access_end(renewed, just_before), ends.absolute_end_at);
    }

    #[test]
    fn the_life_left_is_that_of_the_stretch_that_ends_first() {
        let half_idle = START.plus(DEFAULTS.idle_timeout / 2);
        assert_eq!(DEFAULTS.life_left_percent(DEFAULTS.at_sign_in(false, START), false, half_idle), 50);
        let half_life = START.plus(DEFAULTS.max_age / 2);
        assert_eq!(DEFAULTS.life_left_percent(DEFAULTS.at_sign_in(true, START), true, half_life), 50);
        assert_eq!(DEFAULTS.life_left_percent(DEFAULTS.at_sign_in(true, START), true, Timestamp::NEVER), 0);
    }

    #[test]
    fn the_defaults_have_no_fault_and_impossible_lengths_are_all_named() {
        assert_eq!(DEFAULTS.faults(), Vec::<String>::new());
        let broken = Lifetimes { refresh_lead: DEFAULTS.access_ttl, idle_warning: DEFAULTS.idle_timeout, ..DEFAULTS };
        assert_eq!(broken.faults().len(), 2);
    }

    proptest! {
        /// Whatever is renewed and touched, in any order: no act moves the hard end, no renewal the idle end.
        #[test]
        fn each_end_moves_only_by_its_own_cause(acts in proptest::collection::vec((any::<bool>(), 1_u64..2_000_000), 1..200)) {
            let mut now = START;
            let first = DEFAULTS.at_sign_in(false, now);
            let mut ends = first;
            for (is_touch, wait) in acts {
                now = now.plus(Duration::from_millis(wait));
                if ends.state(None, now) != SessionState::Live {
                    break;
                }
                let next = if is_touch { DEFAULTS.touched(ends, false, now) } else { DEFAULTS.renewed(ends, now) };
                prop_assert_eq!(next.absolute_end_at, first.absolute_end_at);
                let others_stay = if is_touch { next.expires_at == ends.expires_at } else { next.idle_end_at == ends.idle_end_at };
                prop_assert!(others_stay);
                prop_assert!(next.idle_end_at >= ends.idle_end_at);
                prop_assert!(next.expires_at <= next.absolute_end_at);
                ends = next;
            }
        }
    }
}
