//! The rules on lifetimes, one by one, and over any sequence of acts, renewals and requests.

use proptest::prelude::*;

use super::*;
use crate::domain::{session::SessionState, strategy::Strategy};

const DAY: u64 = 86_400;
const DEFAULTS: Lifetimes = Lifetimes {
    access_ttl: Duration::from_secs(900),
    refresh_lead: Duration::from_secs(120),
    max_age: Duration::from_secs(30 * DAY),
    update_age: Duration::from_secs(DAY),
    rolling: true,
    absolute_timeout: Duration::from_secs(90 * DAY),
    idle_timeout: Duration::from_secs(900),
    idle_timeout_remembered: Duration::ZERO,
    idle_warning: Duration::from_secs(120),
    rotation_grace: Duration::from_secs(20),
};
/// The profile `high`: a database session for one working day.
const HIGH: Lifetimes = Lifetimes {
    max_age: Duration::from_secs(7_200),
    update_age: Duration::from_secs(300),
    absolute_timeout: Duration::from_secs(43_200),
    idle_timeout_remembered: Duration::from_secs(900),
    ..DEFAULTS
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
    for strategy in Strategy::ALL {
        assert_eq!(DEFAULTS.faults(strategy), Vec::<String>::new());
        assert_eq!(HIGH.faults(strategy), Vec::<String>::new());
    }
    let broken = Lifetimes { refresh_lead: DEFAULTS.access_ttl, idle_warning: DEFAULTS.idle_timeout, ..DEFAULTS };
    assert_eq!(broken.faults(Strategy::Hybrid).len(), 2);
}

#[test]
fn lengths_of_access_tokens_bind_only_the_strategy_that_has_them() {
    let hybrid_only = Lifetimes { access_ttl: Duration::from_secs(1), rotation_grace: Duration::from_secs(60), ..HIGH };
    assert_eq!(hybrid_only.faults(Strategy::Hybrid).len(), 3);
    assert_eq!(hybrid_only.faults(Strategy::Jwt), Vec::<String>::new());
    let late = Lifetimes { refresh_lead: HIGH.max_age, ..HIGH };
    assert_eq!(late.faults(Strategy::Database), ["session.refresh_lead: must be shorter than session.max_age"]);
}

#[test]
fn a_rolling_life_that_would_end_before_its_first_renewal_is_refused_and_a_fixed_one_is_not() {
    let never = Lifetimes { update_age: HIGH.max_age, ..HIGH };
    for strategy in [Strategy::Jwt, Strategy::Database] {
        assert!(never.faults(strategy)[0].starts_with("session.update_age:"));
        assert_eq!(Lifetimes { rolling: false, ..never }.faults(strategy), Vec::<String>::new());
    }
    assert_eq!(never.faults(Strategy::Hybrid), Vec::<String>::new());
}

#[test]
fn a_renewal_is_due_update_age_after_the_last_one_and_not_a_moment_earlier() {
    let ends = HIGH.at_sign_in(true, START);
    let due_at = START.plus(HIGH.update_age);
    let long_idle = Lifetimes { idle_timeout_remembered: Duration::ZERO, ..HIGH };
    assert!(!HIGH.renewal_due(ends, due_at.minus(Duration::from_millis(1))));
    assert!(HIGH.renewal_due(ends, due_at));
    let renewed = long_idle.renewed(long_idle.at_sign_in(true, START), due_at);
    assert!(!long_idle.renewal_due(renewed, due_at.plus(HIGH.update_age).minus(Duration::from_millis(1))));
    assert!(long_idle.renewal_due(renewed, due_at.plus(HIGH.update_age)));
}

#[test]
fn nothing_is_due_for_what_does_not_roll_has_ended_or_ends_with_the_absolute_end() {
    let ends = HIGH.at_sign_in(true, START);
    let fixed = Lifetimes { rolling: false, ..HIGH };
    assert!(!fixed.renewal_due(ends, START.plus(HIGH.update_age)));
    assert!(!HIGH.renewal_due(ends, ends.idle_end_at));
    let capped = Ends { expires_at: ends.absolute_end_at, idle_end_at: Timestamp::NEVER, ..ends };
    assert!(!HIGH.renewal_due(capped, ends.absolute_end_at.minus(Duration::from_millis(1))));
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

    /// Requests at any distance: each is renewed exactly when its distance from the last renewal says so and there is
    /// something to gain, the end never moves back, and it never passes the absolute one.
    #[test]
    fn requests_renew_at_most_every_update_age_until_the_absolute_end(
        update_age in prop_oneof![Just(0_u64), 1_u64..600_000],
        waits in proptest::collection::vec(0_u64..1_200_000, 1..300),
    ) {
        let rules = Lifetimes {
            update_age: Duration::from_millis(update_age),
            idle_timeout_remembered: Duration::ZERO,
            ..HIGH
        };
        let mut ends = rules.at_sign_in(true, START);
        let (mut now, mut renewed_at) = (START, START);
        for wait in waits {
            now = now.plus(Duration::from_millis(wait));
            let live = now < ends.expires_at;
            let capped = ends.expires_at == ends.absolute_end_at;
            let waited = now.since(renewed_at) >= rules.update_age;
            prop_assert_eq!(rules.renewal_due(ends, now), live && !capped && waited && now > renewed_at);
            if rules.renewal_due(ends, now) {
                let next = rules.renewed(ends, now);
                prop_assert!(next.expires_at > ends.expires_at && next.expires_at <= ends.absolute_end_at);
                prop_assert_eq!(next.absolute_end_at, ends.absolute_end_at);
                (ends, renewed_at) = (next, now);
            }
        }
    }

    /// Who asks more often than `max_age - update_age` stays until the absolute end, and nobody stays longer.
    #[test]
    fn a_session_in_use_lives_until_its_absolute_end(waits in proptest::collection::vec(1_u64..6_900_000, 50..60)) {
        let rules = Lifetimes { idle_timeout_remembered: Duration::ZERO, ..HIGH };
        let mut ends = rules.at_sign_in(true, START);
        let mut now = START;
        for wait in waits {
            now = now.plus(Duration::from_millis(wait));
            let state = ends.state(None, now);
            prop_assert_eq!(state == SessionState::Live, now < ends.absolute_end_at);
            if rules.renewal_due(ends, now) {
                ends = rules.renewed(ends, now);
            }
        }
    }
}
