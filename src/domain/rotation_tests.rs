//! Any order of uses, repeats, losses and crashes against `rotation.rs`.

use proptest::prelude::*;

use super::*;

const GRACE: Duration = Duration::from_secs(20);
const LATER: Timestamp = Timestamp(60_000);

fn chain(generation: u64, confirmed_generation: u64) -> Chain {
    Chain { generation, confirmed_generation, ..Chain::start("Firefox/Linux".into()) }
}

fn presented(generation: u64, now: Timestamp) -> Presented<'static> {
    Presented { generation, device_kind: "Firefox/Linux", now }
}

#[test]
fn the_current_token_rotates_once_and_then_only_after_the_grace() {
    let start = chain(1, 0);
    let rotated = start.after(decide(&start, presented(1, LATER), GRACE), presented(1, LATER)).unwrap();
    assert_eq!((rotated.generation, rotated.confirmed_generation), (2, 1));
    assert_eq!(decide(&rotated, presented(2, LATER.plus(Duration::from_secs(19))), GRACE), Rotation::Kept);
    assert_eq!(decide(&rotated, presented(2, LATER.plus(GRACE)), GRACE), Rotation::Rotated);
}

#[test]
fn the_predecessor_is_repeated_within_the_grace_also_when_its_successor_is_in_use() {
    let used = Chain { rotated_at: LATER, ..chain(2, 2) };
    assert_eq!(decide(&used, presented(1, LATER), GRACE), Rotation::Repeated { late: false });
}

#[test]
fn the_predecessor_is_repeated_at_any_age_while_its_successor_is_unused() {
    let unused = Chain { rotated_at: LATER, ..chain(2, 1) };
    let next_month = LATER.plus(Duration::from_secs(30 * 86_400));
    assert_eq!(decide(&unused, presented(1, next_month), GRACE), Rotation::Repeated { late: true });
}

#[test]
fn the_predecessor_of_a_used_successor_is_reuse_after_the_grace() {
    let used = Chain { rotated_at: LATER, ..chain(2, 2) };
    assert_eq!(decide(&used, presented(1, LATER.plus(GRACE)), GRACE), Rotation::Reused);
}

#[test]
fn anything_older_than_the_predecessor_is_reuse_at_once() {
    let young = Chain { rotated_at: LATER, ..chain(3, 1) };
    assert_eq!(decide(&young, presented(1, LATER), GRACE), Rotation::Reused);
}

#[test]
fn a_repeat_from_another_kind_of_device_is_reuse() {
    let unused = Chain { rotated_at: LATER, ..chain(2, 1) };
    let thief = Presented { device_kind: "Chrome/Windows", ..presented(1, LATER) };
    assert_eq!(decide(&unused, thief, GRACE), Rotation::Reused);
}

#[test]
fn a_token_that_would_be_renewed_stands_in_for_one_more_life_of_the_access_token_and_no_other_does() {
    let lifetimes = Lifetimes {
        access_ttl: Duration::from_secs(900),
        refresh_lead: Duration::from_secs(120),
        max_age: Duration::from_secs(86_400),
        update_age: Duration::from_secs(3_600),
        rolling: true,
        absolute_timeout: Duration::ZERO,
        idle_timeout: Duration::ZERO,
        idle_timeout_remembered: Duration::ZERO,
        idle_warning: Duration::ZERO,
        rotation_grace: GRACE,
    };
    let (unused, used) = (Chain { rotated_at: LATER, ..chain(3, 2) }, Chain { rotated_at: LATER, ..chain(3, 3) });
    let end = LATER.plus(Duration::from_secs(1_800));
    let at = |chain, generation, now| stand_in_end(chain, presented(generation, now), &lifetimes, LATER);
    let last = end.minus(Duration::from_millis(1));
    assert_eq!(at(&used, 3, last), Some(end));
    assert_eq!(at(&unused, 2, last), Some(end), "a lost reply");
    assert_eq!([at(&used, 3, end), at(&unused, 2, end)], [None, None]);
    assert_eq!([at(&used, 2, last), at(&unused, 1, LATER), at(&used, 4, LATER)], [None, None, None]);
}

#[test]
fn a_generation_ahead_of_the_row_moves_the_row_forward() {
    let restored = chain(2, 2);
    let ahead = presented(5, LATER);
    assert_eq!(decide(&restored, ahead, GRACE), Rotation::Advanced);
    assert_eq!(restored.after(Rotation::Advanced, ahead).unwrap().generation, 5);
}

/// Generation 3 replaced 2 at `LATER`.
fn replaced() -> Chain {
    chain(2, 2).replaced("Firefox/Linux", LATER)
}

#[test]
fn what_was_replaced_comes_again_while_that_is_young_and_is_refused_afterwards() {
    for former in [1, 2] {
        let at = |now| decide(&replaced(), presented(former, now), GRACE);
        assert_eq!(at(LATER), Rotation::Replaced { young: true });
        assert_eq!(at(LATER.plus(Duration::from_millis(19_999))), Rotation::Replaced { young: true });
        assert_eq!(at(LATER.plus(GRACE)), Rotation::Replaced { young: false });
    }
}

#[test]
fn what_was_replaced_is_reuse_after_the_grace_once_the_replacement_is_in_use() {
    let used = Chain { confirmed_generation: 3, ..replaced() };
    assert_eq!(decide(&used, presented(2, LATER), GRACE), Rotation::Replaced { young: true });
    assert_eq!(decide(&used, presented(2, LATER.plus(GRACE)), GRACE), Rotation::Reused);
}

#[test]
fn a_replacement_is_of_a_new_generation_and_rotates_as_any() {
    let new = replaced();
    assert_eq!(new.generation, 3);
    let rotated = new.after(Rotation::Rotated, presented(3, LATER.plus(GRACE))).unwrap();
    let lost = presented(3, LATER.plus(GRACE));
    assert_eq!(decide(&rotated, lost, GRACE), Rotation::Repeated { late: false });
}

#[test]
fn a_replacement_of_which_no_row_keeps_account_is_further_on_than_a_copy_comes() {
    assert!(!is_unrecorded_replacement(1) && !is_unrecorded_replacement(0));
    let first = replacement_of_unrecorded(1);
    assert!(is_unrecorded_replacement(first) && first > 1_000_000);
    let second = replacement_of_unrecorded(first);
    assert!(is_unrecorded_replacement(second) && second > first);
}

#[test]
fn three_generations_repeated_late_in_a_row_are_suspect_and_a_gap_starts_anew() {
    let mut chain = chain(1, 0);
    let late = Rotation::Repeated { late: true };
    for _ in 0..3 {
        chain = chain.after(Rotation::Rotated, presented(chain.generation, LATER)).unwrap();
        chain = chain.after(late, presented(chain.generation - 1, LATER)).unwrap();
        chain = chain.after(late, presented(chain.generation - 1, LATER)).unwrap();
    }
    assert!(chain.suspect());
    for _ in 0..2 {
        chain = chain.after(Rotation::Rotated, presented(chain.generation, LATER)).unwrap();
    }
    chain = chain.after(late, presented(chain.generation - 1, LATER)).unwrap();
    assert_eq!(chain.late_streak, 1);
}

/// What can happen to an exchange, and to the time between two of them.
#[derive(Clone, Debug)]
enum Event {
    /// A refresh whose reply arrives.
    Refresh,
    /// The same, sent twice by the network; both replies arrive.
    Doubled,
    /// The server commits, and the reply is lost or the server crashes before sending it.
    Lost,
    /// The reply arrives only after the next exchange, which the browser starts at once in its stead.
    Late,
    /// The access token is used, which confirms its generation; the mark may be lost in a crash.
    Use {
        mark_lost: bool,
    },
    /// The process is gone before it commits: nothing happened.
    CrashBefore,
    /// The credential is replaced; the reply arrives, and before it another tab's request that was under way is answered.
    Replace {
        under_way: bool,
    },
    /// Somebody takes a copy of what the browser holds.
    Copy,
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Refresh),
        Just(Event::Doubled),
        Just(Event::Lost),
        Just(Event::Late),
        any::<bool>().prop_map(|mark_lost| Event::Use { mark_lost }),
        Just(Event::CrashBefore),
        any::<bool>().prop_map(|under_way| Event::Replace { under_way }),
        Just(Event::Copy),
        (0_u64..2_000_000).prop_map(Event::Wait),
    ]
}

struct World {
    chain: Chain,
    held: u64,
    now: Timestamp,
    /// Taken before a replacement.
    copies: Vec<u64>,
}

impl World {
    /// One exchange on the server; the generation in the reply.
    fn exchange(&mut self, generation: u64) -> Result<u64, TestCaseError> {
        let before = self.chain.generation;
        let presented = presented(generation, self.now);
        let rotation = decide(&self.chain, presented, GRACE);
        self.chain = self.chain.after(rotation, presented).ok_or_else(|| {
            TestCaseError::fail(format!("an honest browser was locked out: {generation} of {before}"))
        })?;
        prop_assert!(self.chain.generation <= before + 1, "one exchange makes one successor at most");
        Ok(self.chain.generation)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A browser that always sends the last cookie it received stays signed in, whatever is lost, late or doubled,
    /// and at each point exactly one generation can still rotate.
    #[test]
    fn an_honest_browser_is_never_locked_out(events in proptest::collection::vec(event(), 1..60)) {
        let mut world = World { chain: chain(1, 0), held: 1, now: LATER, copies: Vec::new() };
        for event in events {
            match event {
                Event::Refresh => world.held = world.exchange(world.held)?,
                Event::Doubled => {
                    let first = world.exchange(world.held)?;
                    let second = world.exchange(world.held)?;
                    prop_assert_eq!(first, second, "every caller gets the same successor");
                    world.held = second;
                }
                Event::Lost => { world.exchange(world.held)?; }
                Event::Late => {
                    let late = world.exchange(world.held)?;
                    world.exchange(world.held)?;
                    world.held = late;
                }
                Event::Use { mark_lost } => {
                    if !mark_lost && world.held == world.chain.generation {
                        world.chain.confirmed_generation = world.held;
                    }
                }
                Event::CrashBefore => {}
                Event::Replace { under_way } => {
                    let former = world.held;
                    world.chain = world.chain.replaced("Firefox/Linux", world.now);
                    if under_way {
                        let rotation = decide(&world.chain, presented(former, world.now), GRACE);
                        prop_assert_eq!(rotation, Rotation::Replaced { young: true });
                    }
                    world.held = world.chain.generation;
                }
                Event::Copy => world.copies.push(world.held),
                Event::Wait(ms) => world.now = world.now.plus(Duration::from_millis(ms)),
            }
            prop_assert!(world.held == world.chain.generation || world.held + 1 == world.chain.generation);
            for copy in world.copies.iter().filter(|copy| **copy < world.chain.replaced_below) {
                let rotation = decide(&world.chain, presented(*copy, world.now), GRACE);
                let buys_nothing = matches!(rotation, Rotation::Replaced { .. } | Rotation::Reused);
                prop_assert!(buys_nothing, "a copy from before a replacement came to {rotation:?}");
            }
        }
    }

    /// Whoever presents what, in any order: the generation only grows, and a token two behind always ends the session.
    #[test]
    fn no_sequence_leaves_two_live_successors(uses in proptest::collection::vec((1_u64..6, 0_u64..60_000), 1..60)) {
        let mut chain = chain(1, 0);
        let mut now = LATER;
        for (generation, wait) in uses {
            now = now.plus(Duration::from_millis(wait));
            let presented = presented(generation.min(chain.generation), now);
            let rotation = decide(&chain, presented, GRACE);
            let Some(next) = chain.after(rotation, presented) else {
                prop_assert!(presented.generation < chain.generation);
                return Ok(());
            };
            prop_assert!(next.generation == chain.generation || rotation == Rotation::Rotated);
            prop_assert!(presented.generation + 1 >= next.generation.min(chain.generation));
            chain = next;
        }
    }
}
