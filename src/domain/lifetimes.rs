//! Every rule on how long something lives, as pure functions over (policy, session, now).

use std::time::Duration;

use super::{session::Ends, strategy::Strategy, time::Timestamp};

/// The lengths an operator sets. A zero `absolute_timeout` or idle timeout means there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    pub access_ttl: Duration,
    pub refresh_lead: Duration,
    pub max_age: Duration,
    /// A request renews at most this often (`jwt`, `database`); zero for each request.
    pub update_age: Duration,
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

    /// Whether a request at `now` renews a session of `jwt` or `database`: it rolls, its last renewal is `update_age` or
    /// longer ago, and the renewal would move its end. One that ends with the absolute end already would gain nothing,
    /// nor would one renewed by a clock that is ahead of this one.
    #[must_use]
    pub fn renewal_due(&self, ends: Ends, now: Timestamp) -> bool {
        let renewed_at = ends.expires_at.minus(self.max_age);
        now < first_end(ends)
            && now >= renewed_at.plus(self.update_age)
            && self.renewed(ends, now).expires_at > ends.expires_at
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

    /// The longest life of a signed token under `strategy`.
    #[must_use]
    pub fn token_life(&self, strategy: Strategy) -> Duration {
        match strategy {
            Strategy::Jwt => self.max_age,
            Strategy::Database | Strategy::Hybrid => self.access_ttl,
        }
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

    /// What can't work together under `strategy`, one line each, each beginning with the key to change.
    #[must_use]
    pub fn faults(&self, strategy: Strategy) -> Vec<String> {
        let mut faults = if strategy.rotates() { self.rotating_faults() } else { self.rolling_faults() };
        let longest = Duration::from_secs(400 * 86_400);
        if self.max_age > longest {
            faults.push("session.max_age: must be 400d or less, which is as long as browsers keep a cookie".to_owned());
        }
        faults.extend(self.idle_faults());
        faults
    }

    /// Where an access token is renewed by a refresh token.
    fn rotating_faults(&self) -> Vec<String> {
        let absolute = self.absolute_timeout;
        told(&[
            (self.access_ttl < SHORTEST, "session.access_ttl: must be 5s or more"),
            (self.access_ttl > Duration::from_secs(86_400), "session.access_ttl: must be 24h or less"),
            (self.refresh_lead >= self.access_ttl, "session.refresh_lead: must be shorter than session.access_ttl"),
            (self.max_age < self.access_ttl, "session.max_age: must not be shorter than session.access_ttl"),
            (
                !absolute.is_zero() && absolute < self.access_ttl,
                "session.absolute_timeout: must not be shorter than session.access_ttl",
            ),
            (
                self.rotation_grace > self.access_ttl,
                "session.rotation_grace: must not be longer than session.access_ttl",
            ),
        ])
    }

    /// Where a request renews, every `update_age`.
    fn rolling_faults(&self) -> Vec<String> {
        let absolute = self.absolute_timeout;
        told(&[
            (self.max_age < SHORTEST, "session.max_age: must be 5s or more"),
            (self.refresh_lead >= self.max_age, "session.refresh_lead: must be shorter than session.max_age"),
            (
                self.rolling && self.update_age >= self.max_age,
                "session.update_age: must be shorter than session.max_age, or nothing is renewed before it ends; or set session.rolling = false",
            ),
            (!absolute.is_zero() && absolute < SHORTEST, "session.absolute_timeout: must be 5s or more, or 0 for none"),
        ])
    }

    fn idle_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (key, idle) in [
            ("session.idle_timeout", self.idle_timeout),
            ("session.idle_timeout_remembered", self.idle_timeout_remembered),
        ] {
            if !idle.is_zero() && idle < SHORTEST {
                faults.push(format!("{key}: must be 5s or more, or 0 for none"));
            }
            if !idle.is_zero() && self.idle_warning >= idle {
                faults.push(format!("session.idle_warning: must be shorter than {key}"));
            }
        }
        faults
    }
}

/// Below this a life ends while its first page is still loading.
const SHORTEST: Duration = Duration::from_secs(5);

fn told(rules: &[(bool, &str)]) -> Vec<String> {
    rules.iter().filter(|(broken, _)| *broken).map(|(_, line)| (*line).to_owned()).collect()
}

/// The earliest of a session's ends.
#[must_use]
pub fn first_end(ends: Ends) -> Timestamp {
    ends.expires_at.min(ends.idle_end_at).min(ends.absolute_end_at)
}

/// When a session is no evidence any more: at its absolute end, and where it has none, when its life is over.
#[must_use]
pub fn evidence_end(ends: Ends) -> Timestamp {
    if ends.absolute_end_at == Timestamp::NEVER { ends.expires_at } else { ends.absolute_end_at }
}

fn or_never(length: Duration, from: Timestamp) -> Timestamp {
    if length.is_zero() { Timestamp::NEVER } else { from.plus(length) }
}

#[cfg(test)]
#[path = "lifetimes_tests.rs"]
mod tests;
