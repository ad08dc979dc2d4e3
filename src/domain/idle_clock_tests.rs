//! The idle clock, minute by minute, and over any sequence of events.

use proptest::prelude::*;

use super::*;

const MIN: i64 = 60_000;
const START: i64 = 1_000_000;
/// The server's clock is ten hours ahead: nothing may depend on the two agreeing.
const SERVER: i64 = START + 600 * MIN;

/// 15 minutes, warning 2 minutes before, touches once a minute.
fn clock() -> IdleClock {
    IdleClock::new(IdleRules::new(900_000, 120_000, 60_000), START, SERVER, Some(SERVER + 15 * MIN))
}

#[test]
fn the_warning_begins_at_thirteen_minutes_and_the_end_comes_at_fifteen() {
    let mut clock = clock();
    assert_eq!(clock.tick(START + 13 * MIN - 1), None);
    assert_eq!(clock.phase(START + 13 * MIN - 1), Phase::Active);
    assert_eq!(clock.phase(START + 13 * MIN), Phase::Warning { left_ms: 2 * MIN });
    assert_eq!(clock.tick(START + 15 * MIN - 1), None);
    assert_eq!(clock.tick(START + 15 * MIN), Some(Command::End));
    assert_eq!(clock.tick(START + 15 * MIN + 1), None, "said once");
    assert_eq!(clock.phase(START + 15 * MIN), Phase::Ended);
}

#[test]
fn an_act_after_a_sleep_of_an_hour_ends_instead_of_reviving() {
    let mut clock = clock();
    assert_eq!(clock.act(START + 60 * MIN), Some(Command::End));
    assert_eq!(clock.act(START + 60 * MIN), None);
    assert_eq!(clock.stay(START + 60 * MIN), None);
    assert_eq!(clock.phase(START + 60 * MIN), Phase::Ended);
}

#[test]
fn an_act_moves_the_end() {
    let mut clock = clock();
    clock.act(START + 10 * MIN);
    assert_eq!(clock.phase(START + 22 * MIN), Phase::Active);
    assert_eq!(clock.phase(START + 23 * MIN), Phase::Warning { left_ms: 2 * MIN });
}

#[test]
fn an_act_while_warning_is_no_answer_but_staying_is() {
    let mut clock = clock();
    assert_eq!(clock.act(START + 14 * MIN), None);
    assert_eq!(clock.phase(START + 14 * MIN), Phase::Warning { left_ms: MIN });
    assert_eq!(clock.stay(START + 14 * MIN), Some(Command::Touch { acted_at: START + 14 * MIN }));
    assert_eq!(clock.phase(START + 14 * MIN), Phase::Active);
}

#[test]
fn the_warning_takes_at_most_half_of_the_timeout() {
    let mut clock = IdleClock::new(IdleRules::new(20_000, 120_000, 2_000), START, SERVER, Some(SERVER + 20_000));
    assert_eq!(clock.phase(START + 9_999), Phase::Active);
    assert_eq!(clock.phase(START + 10_000), Phase::Warning { left_ms: 10_000 });
    assert_eq!(clock.tick(START + 20_000), Some(Command::End));
}

#[test]
fn a_touch_goes_out_at_the_first_act_and_after_each_interval_that_had_acts() {
    let mut clock = clock();
    assert_eq!(clock.act(START), Some(Command::Touch { acted_at: START }));
    assert_eq!(clock.act(START + 10_000), None);
    assert_eq!(clock.act(START + 20_000), None);
    assert_eq!(clock.tick(START + 59_999), None);
    assert_eq!(clock.tick(START + 60_000), Some(Command::Touch { acted_at: START + 20_000 }));
    assert_eq!(clock.tick(START + 2 * MIN), None, "an interval without acts");
    assert_eq!(clock.act(START + 5 * MIN), Some(Command::Touch { acted_at: START + 5 * MIN }));
}

#[test]
fn a_touch_that_failed_is_repeated_after_the_interval_with_the_instant_of_the_act() {
    let mut clock = clock();
    clock.act(START);
    clock.touch_failed(START);
    assert_eq!(clock.tick(START + 59_999), None);
    assert_eq!(clock.tick(START + 60_000), Some(Command::Touch { acted_at: START }));
    clock.act(START + 61_000);
    clock.touch_failed(START);
    assert_eq!(clock.tick(START + 120_000), Some(Command::Touch { acted_at: START + 61_000 }), "the later act wins");
}

#[test]
fn an_act_in_another_tab_keeps_this_one_and_is_not_reported_twice() {
    let mut clock = clock();
    clock.acted_elsewhere(START + 12 * MIN);
    assert_eq!(clock.tick(START + 12 * MIN), None);
    assert_eq!(clock.phase(START + 24 * MIN), Phase::Active);
}

#[test]
fn what_counts_about_another_tab_is_when_it_was_done_not_when_it_is_heard() {
    let mut clock = clock();
    for minute in [10, 20, 30, 40] {
        clock.acted_elsewhere(START + minute * MIN);
    }
    assert_eq!(clock.phase(START + 41 * MIN), Phase::Active, "a frozen tab heard them in a row");
    let mut clock = self::clock();
    clock.acted_elsewhere(START + 40 * MIN);
    assert_eq!(clock.phase(START + 41 * MIN), Phase::Ended, "an act after the end revives nothing");
}

#[test]
fn the_warning_is_answered_in_all_tabs_at_once() {
    let mut clock = clock();
    clock.acted_elsewhere(START + 14 * MIN);
    assert_eq!(clock.phase(START + 14 * MIN), Phase::Warning { left_ms: MIN });
    clock.stayed_elsewhere(START + 14 * MIN);
    assert_eq!(clock.phase(START + 14 * MIN), Phase::Active);
}

#[test]
fn only_an_end_the_server_has_moved_changes_anything() {
    let mut clock = clock();
    // The reply to a silent refresh: the server's clock stood still in between (or ours ran), its end did not move.
    assert!(!clock.server_ends(START + 13 * MIN, SERVER, Some(SERVER + 15 * MIN)));
    assert_eq!(clock.phase(START + 13 * MIN), Phase::Warning { left_ms: 2 * MIN });
    assert!(clock.server_ends(START + 13 * MIN, SERVER + 13 * MIN, Some(SERVER + 25 * MIN)));
    assert_eq!(clock.phase(START + 22 * MIN), Phase::Active);
    assert_eq!(clock.phase(START + 23 * MIN), Phase::Warning { left_ms: 2 * MIN });
}

#[test]
fn the_server_revives_a_clock_that_missed_an_act_elsewhere() {
    let mut clock = clock();
    assert_eq!(clock.tick(START + 20 * MIN), Some(Command::End));
    assert!(clock.server_ends(START + 20 * MIN, SERVER + 20 * MIN, Some(SERVER + 29 * MIN)));
    assert_eq!(clock.phase(START + 20 * MIN), Phase::Active);
    assert_eq!(clock.tick(START + 29 * MIN), Some(Command::End), "and it can end again");
}

#[test]
fn without_an_idle_timeout_nothing_ends_and_acts_are_still_reported() {
    for (timeout, end) in [(0, None), (0, Some(SERVER + MIN)), (900_000, None)] {
        let mut clock = IdleClock::new(IdleRules::new(timeout, 120_000, 0), START, SERVER, end);
        assert!(matches!(clock.act(START), Some(Command::Touch { .. })));
        assert_eq!(clock.tick(START + 10_000 * MIN), None);
        assert_eq!(clock.phase(START + 10_000 * MIN), Phase::Active);
        assert!(matches!(clock.act(START + 10_000 * MIN), Some(Command::Touch { .. })));
    }
}

#[test]
fn a_clock_that_is_set_back_grants_no_time() {
    let mut clock = clock();
    assert_eq!(clock.tick(START + 10 * MIN), None);
    assert_eq!(clock.tick(START - 50 * MIN), None);
    assert_eq!(clock.phase(START - 47 * MIN), Phase::Warning { left_ms: 2 * MIN });
    assert_eq!(clock.tick(START - 45 * MIN), Some(Command::End));
}

#[derive(Clone, Debug)]
enum Event {
    Tick,
    Act,
    Stay,
    Elsewhere,
    Failed,
}

fn events() -> impl Strategy<Value = Vec<(i64, Event)>> {
    let event = prop_oneof![
        4 => Just(Event::Tick),
        4 => Just(Event::Act),
        1 => Just(Event::Stay),
        1 => Just(Event::Elsewhere),
        1 => Just(Event::Failed),
    ];
    // Mostly seconds apart, sometimes a sleep.
    let gap = prop_oneof![8 => 0..90_000_i64, 1 => 0..(40 * MIN)];
    proptest::collection::vec((gap, event), 0..200)
}

#[test]
fn a_session_that_ended_while_the_page_slept_ended_at_its_idle_end() {
    let mut clock = clock();
    assert_eq!(clock.ended_at(START + MIN), START + MIN);
    clock.act(START + MIN);
    assert_eq!(clock.ended_at(START + 60 * MIN), START + 16 * MIN);
}

proptest! {
    #[test]
    fn no_sequence_outlives_the_last_accepted_act_and_the_end_is_said_once(events in events()) {
        let mut clock = clock();
        let (mut now, mut last_act, mut ends) = (START, START, 0);
        for (gap, event) in events {
            now += gap;
            let idle_for = now - last_act;
            let command = match event {
                Event::Tick => clock.tick(now),
                Event::Act => clock.act(now),
                Event::Stay => clock.stay(now),
                Event::Elsewhere => { clock.acted_elsewhere(now); None }
                Event::Failed => { clock.touch_failed(last_act); None }
            };
            let counts = match event {
                Event::Act | Event::Elsewhere => idle_for < 13 * MIN,
                Event::Stay => idle_for < 15 * MIN,
                Event::Tick | Event::Failed => false,
            };
            if counts && ends == 0 {
                last_act = now;
            }
            ends += i32::from(command == Some(Command::End));
            if let Some(Command::Touch { acted_at }) = command {
                prop_assert!(acted_at <= now && ends == 0);
            }
            let over = ends > 0 || now - last_act >= 15 * MIN;
            prop_assert_eq!(clock.phase(now) == Phase::Ended, over);
            prop_assert!(ends <= 1);
        }
    }

    #[test]
    fn every_accepted_act_is_reported_within_an_interval_and_no_two_reports_are_closer(gaps in proptest::collection::vec(0..30_000_i64, 1..200)) {
        let mut clock = clock();
        let (mut now, mut reported, mut sent_at) = (START, START, START - MIN);
        for gap in gaps {
            now += gap;
            let acted_at = now;
            if let Some(Command::Touch { acted_at }) = clock.act(now) {
                prop_assert!(now - sent_at >= MIN);
                (reported, sent_at) = (acted_at, now);
            }
            prop_assert!(acted_at - reported < MIN);
        }
        if let Some(Command::Touch { acted_at }) = clock.tick(now + MIN) {
            reported = acted_at;
        }
        prop_assert_eq!(reported, now);
    }
}
