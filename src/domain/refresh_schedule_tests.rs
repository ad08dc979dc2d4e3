//! The refresh schedule: when it is due, what it ignores, and that it never loops.

use proptest::prelude::*;

use super::*;

const MIN: i64 = 60_000;
const START: i64 = 1_000_000;
/// The server's clock has nothing to do with the browser's.
const SERVER: i64 = 77_000_000;
const LEAD: u64 = 120_000;

fn ends(now: i64, life: i64) -> AccessEnds {
    AccessEnds { server_now: SERVER + now, access_ends_at: SERVER + now + life, absolute_ends_at: None }
}

fn schedule(jitter: f64) -> RefreshSchedule {
    RefreshSchedule::new(LEAD, START, ends(0, 15 * MIN), jitter)
}

#[test]
fn a_token_of_fifteen_minutes_is_renewed_between_12_50_and_13_00() {
    assert_eq!(schedule(0.0).due_at(), Some(START + 13 * MIN));
    assert_eq!(schedule(1.0).due_at(), Some(START + 13 * MIN - 10_000));
    let mut schedule = schedule(0.5);
    assert_eq!(schedule.begin(START + 12 * MIN + 49_999), None);
    assert!(schedule.begin(START + 13 * MIN).is_some());
    assert_eq!(schedule.begin(START + 13 * MIN), None, "one at a time");
}

#[test]
fn after_a_sleep_it_is_due_at_once() {
    assert!(schedule(0.0).begin(START + 60 * MIN).is_some());
}

#[test]
fn each_renewal_schedules_the_next_from_the_moment_of_receipt() {
    let mut schedule = schedule(0.0);
    let attempt = schedule.begin(START + 13 * MIN).expect("due");
    assert!(schedule.renewed(attempt, START + 13 * MIN + 300, ends(13 * MIN, 15 * MIN), 0.0));
    assert_eq!(schedule.due_at(), Some(START + 26 * MIN + 300));
}

#[test]
fn a_touch_keeps_the_access_end_and_so_does_not_postpone_the_renewal() {
    let mut schedule = schedule(0.0);
    let touched = AccessEnds { server_now: SERVER + 5 * MIN, ..ends(0, 15 * MIN) };
    assert!(!schedule.heard(START + 6 * MIN, touched, 0.9));
    assert_eq!(schedule.due_at(), Some(START + 13 * MIN));
}

#[test]
fn what_another_tab_renewed_counts_and_an_earlier_end_does_not() {
    let mut schedule = schedule(0.0);
    assert!(schedule.heard(START + 12 * MIN, ends(12 * MIN, 15 * MIN), 0.0));
    assert_eq!(schedule.due_at(), Some(START + 25 * MIN));
    assert!(!schedule.heard(START + 12 * MIN, ends(2 * MIN, 15 * MIN), 0.0));
    assert_eq!(schedule.due_at(), Some(START + 25 * MIN));
}

#[test]
fn a_reply_that_returns_after_a_newer_one_or_after_sign_out_is_dropped() {
    let mut schedule = schedule(0.0);
    let attempt = schedule.begin(START + 13 * MIN).expect("due");
    assert!(schedule.heard(START + 14 * MIN, ends(14 * MIN, 15 * MIN), 0.0));
    assert!(!schedule.renewed(attempt, START + 14 * MIN, ends(13 * MIN, 15 * MIN), 0.0));
    assert_eq!(schedule.due_at(), Some(START + 27 * MIN));

    let attempt = schedule.begin(START + 27 * MIN).expect("due");
    schedule.stop();
    assert!(!schedule.renewed(attempt, START + 27 * MIN, ends(27 * MIN, 15 * MIN), 0.0));
    assert!(!schedule.heard(START + 27 * MIN, ends(28 * MIN, 15 * MIN), 0.0));
    assert_eq!(schedule.begin(START + 99 * MIN), None);
}

#[test]
fn a_token_that_ends_with_the_absolute_end_is_not_renewed_only_asked_about_once_after_it() {
    let last = AccessEnds { absolute_ends_at: Some(SERVER + 5 * MIN), ..ends(0, 5 * MIN) };
    let mut schedule = RefreshSchedule::new(LEAD, START, last, 0.5);
    assert_eq!(schedule.begin(START + 5 * MIN), None);
    let attempt = schedule.begin(START + 5 * MIN + 1_000).expect("asked whether it is over");
    assert!(!schedule.renewed(
        attempt,
        START + 5 * MIN + 1_000,
        AccessEnds { server_now: SERVER + 5 * MIN, ..last },
        0.5
    ));
    assert_eq!(schedule.due_at(), None, "never twice");
}

#[test]
fn a_renewal_that_gains_nothing_is_not_repeated_before_the_end() {
    let mut schedule = schedule(0.0);
    let attempt = schedule.begin(START + 13 * MIN).expect("due");
    let same = AccessEnds { server_now: SERVER + 13 * MIN, ..ends(0, 15 * MIN) };
    assert!(!schedule.renewed(attempt, START + 13 * MIN, same, 0.0));
    assert_eq!(schedule.due_at(), Some(START + 15 * MIN + 1_000));
}

#[test]
fn a_life_shorter_than_the_lead_is_renewed_at_half_of_it_and_not_in_a_loop() {
    let schedule = RefreshSchedule::new(LEAD, START, ends(0, MIN), 0.0);
    assert_eq!(schedule.due_at(), Some(START + MIN / 2));
}

#[test]
fn a_short_lead_has_a_short_jitter() {
    let schedule = RefreshSchedule::new(4_000, START, ends(0, 10_000), 1.0);
    assert_eq!(schedule.due_at(), Some(START + 6_000 - 333));
}

#[test]
fn failures_wait_longer_each_time_up_to_a_minute_and_never_stop() {
    let mut schedule = schedule(0.0);
    let mut now = START + 13 * MIN;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let attempt = schedule.begin(now).expect("due");
        schedule.failed(attempt, now, 0, 0.0);
        let due_at = schedule.due_at().expect("tried again");
        pauses.push((due_at - now) / 1_000);
        now = due_at;
    }
    assert_eq!(pauses, [2, 4, 8, 16, 32, 60, 60, 60]);
}

#[test]
fn the_servers_wish_is_kept_and_the_return_of_the_network_ends_the_pause() {
    let mut schedule = schedule(0.0);
    let attempt = schedule.begin(START + 13 * MIN).expect("due");
    schedule.failed(attempt, START + 13 * MIN, 90_000, 1.0);
    assert_eq!(schedule.due_at(), Some(START + 13 * MIN + 90_000));
    schedule.network_returned(START + 13 * MIN + 500);
    assert!(schedule.begin(START + 13 * MIN + 500).is_some());
}

#[test]
fn the_return_of_the_network_makes_nothing_due_that_had_not_failed() {
    let mut schedule = schedule(0.0);
    schedule.network_returned(START + MIN);
    assert_eq!(schedule.due_at(), Some(START + 13 * MIN));
}

proptest! {
    #[test]
    fn the_due_instant_lies_before_the_end_and_within_the_jitter(
        life in 2_i64..86_400_000, lead in 0_u64..3_600_000, jitter in 0.0..=1.0_f64,
    ) {
        let due = RefreshSchedule::new(lead, START, ends(0, life), jitter).due_at().expect("scheduled") - START;
        prop_assert!(due >= 0 && due <= life);
        let lead = i64::try_from(lead).expect("small");
        if life > lead {
            prop_assert!(due <= life - lead && due >= life - lead - MAX_JITTER_MS.min(lead / 12));
        }
    }

    /// A day of seconds with a server that fails now and then, and an absolute end after eight hours.
    #[test]
    fn a_day_has_as_many_renewals_as_its_length_needs(
        life in 20..1_800_i64, lead in 0..1_800_u64, failing in proptest::collection::vec(any::<bool>(), 16), jitter in 0.0..=1.0_f64,
    ) {
        let absolute = 8 * 60 * MIN;
        let reply = |now: i64| {
            let end = (now + life * 1_000).min(absolute);
            AccessEnds { absolute_ends_at: Some(SERVER + absolute), access_ends_at: SERVER + end, ..ends(now, 0) }
        };
        let mut schedule = RefreshSchedule::new(lead * 1_000, 0, reply(0), jitter);
        let (mut calls, mut fails, mut overslept) = (0_i64, 0_i64, 0);
        let mut access_end = reply(0).access_ends_at - SERVER;
        for now in (0..24 * 60 * MIN).step_by(1_000) {
            if now < absolute && now > access_end + 1_000 && fails == 0 {
                overslept += 1;
            }
            let Some(attempt) = schedule.begin(now) else { continue };
            calls += 1;
            if now >= absolute {
                schedule.stop();
            } else if failing[usize::try_from(calls).expect("small") % failing.len()] && !failing.iter().all(|f| *f) {
                fails += 1;
                schedule.failed(attempt, now, 0, jitter);
            } else {
                prop_assert!(schedule.renewed(attempt, now, reply(now), jitter));
                access_end = reply(now).access_ends_at - SERVER;
            }
        }
        let lead = i64::try_from(lead).expect("small");
        let lead = if life > lead { lead } else { life / 2 };
        let step = (life - lead - 10.min(lead / 12 + 1).min((life - lead + 1) / 2)).max(1);
        prop_assert!(calls - fails <= 8 * 3_600 / step + 2, "{calls} calls, {fails} failures");
        prop_assert_eq!(overslept, 0);
    }
}
