//! How many sessions a user may have at once, and what happens to the one too many.
//!
//! The caller counts and writes in one transaction that begins with the user's row, or two sign-ins at once would
//! both see the last free place. A session that the sign-in itself replaces is not among the live ones.

use super::{ids::SessionId, time::Timestamp};

/// Live sessions per user, whatever the configuration says: the earliest sign-in goes for one more. It bounds what lists and
/// ends of all take.
pub const MOST: u32 = 500;

/// What a sign-in meets when the limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLimit {
    /// The earliest sign-in ends.
    EvictOldest,
    /// The session that was unused for longest ends.
    EvictLeastRecent,
    /// The new sign-in is refused. The password was right: no failure for the throttle.
    Refuse,
    /// The user picks the session to end.
    Ask,
}

impl OnLimit {
    pub const ALL: [Self; 4] = [Self::EvictOldest, Self::EvictLeastRecent, Self::Refuse, Self::Ask];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EvictOldest => "evict_oldest",
            Self::EvictLeastRecent => "evict_least_recent",
            Self::Refuse => "refuse",
            Self::Ask => "ask",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|on_limit| on_limit.as_str() == text)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceLimit {
    /// Live sessions per user; 0 for no limit.
    pub max: u32,
    pub on_limit: OnLimit,
}

/// A live session, as far as the limit looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub id: SessionId,
    pub signed_in_at: Timestamp,
    pub last_active_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The sign-in goes on, and these end with it.
    Admit {
        evict: Vec<SessionId>,
    },
    Refuse,
    Ask,
}

impl DeviceLimit {
    /// How many of `live` sessions must end before one more is within the limit; several after it was lowered.
    #[must_use]
    pub fn surplus(&self, live: usize) -> usize {
        let max = usize::try_from(self.max).unwrap_or(usize::MAX);
        if max == 0 { 0 } else { live.saturating_sub(max - 1) }
    }

    /// Decides over one more sign-in beside the user's `live` sessions, in any order.
    #[must_use]
    pub fn decide(&self, live: &[Slot]) -> Decision {
        let surplus = self.surplus(live.len());
        if surplus == 0 {
            return Decision::Admit { evict: Vec::new() };
        }
        // Ids grow with time and are unique, so that the order is total.
        let mut slots: Vec<&Slot> = live.iter().collect();
        match self.on_limit {
            OnLimit::Refuse => return Decision::Refuse,
            OnLimit::Ask => return Decision::Ask,
            OnLimit::EvictOldest => slots.sort_by_key(|slot| (slot.signed_in_at, &slot.id)),
            OnLimit::EvictLeastRecent => slots.sort_by_key(|slot| (slot.last_active_at, slot.signed_in_at, &slot.id)),
        }
        Decision::Admit { evict: slots.into_iter().take(surplus).map(|slot| slot.id.clone()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: usize) -> SessionId {
        SessionId::parse(&format!("0192a5c0-7d3e-7b21-9f00-{number:012x}")).unwrap()
    }

    fn slots(times: &[(i64, i64)]) -> Vec<Slot> {
        let slot = |(number, &(signed_in_at, last_active_at)): (usize, &(i64, i64))| Slot {
            id: id(number),
            signed_in_at: Timestamp(signed_in_at),
            last_active_at: Timestamp(last_active_at),
        };
        times.iter().enumerate().map(slot).collect()
    }

    fn decide(max: u32, on_limit: OnLimit, times: &[(i64, i64)]) -> Decision {
        DeviceLimit { max, on_limit }.decide(&slots(times))
    }

    #[test]
    fn the_oldest_is_the_earliest_sign_in_and_the_least_recent_the_one_unused_for_longest() {
        let times = [(20, 30), (10, 90), (15, 80)];
        assert_eq!(decide(3, OnLimit::EvictOldest, &times), Decision::Admit { evict: vec![id(1)] });
        assert_eq!(decide(3, OnLimit::EvictLeastRecent, &times), Decision::Admit { evict: vec![id(0)] });
    }

    #[test]
    fn at_the_limit_a_sign_in_is_refused_or_put_to_the_user_and_below_it_neither() {
        let times = [(1, 1), (2, 2)];
        assert_eq!(decide(2, OnLimit::Refuse, &times), Decision::Refuse);
        assert_eq!(decide(2, OnLimit::Ask, &times), Decision::Ask);
        for on_limit in OnLimit::ALL {
            assert_eq!(decide(3, on_limit, &times), Decision::Admit { evict: Vec::new() }, "{on_limit:?}");
        }
    }

    #[test]
    fn every_answer_reads_back_from_its_own_text() {
        for on_limit in OnLimit::ALL {
            assert_eq!(OnLimit::parse(on_limit.as_str()), Some(on_limit));
        }
    }

    proptest! {
        /// Whatever was live, also after the limit was lowered: with the new one no more than the limit remain, none
        /// ends that need not, and those that end were there and come before all that stay.
        #[test]
        fn after_an_admission_at_most_the_limit_remains(
            max in 0_u32..8,
            oldest in any::<bool>(),
            times in proptest::collection::vec((0_i64..6, 0_i64..6), 0..20),
        ) {
            let on_limit = if oldest { OnLimit::EvictOldest } else { OnLimit::EvictLeastRecent };
            let live = slots(&times);
            let Decision::Admit { evict } = (DeviceLimit { max, on_limit }).decide(&live) else {
                return Err(TestCaseError::fail("an evicting limit admits"));
            };
            let (ended, stay): (Vec<&Slot>, Vec<&Slot>) = live.iter().partition(|slot| evict.contains(&slot.id));
            prop_assert_eq!(ended.len(), evict.len());
            if max == 0 {
                prop_assert!(evict.is_empty());
            } else {
                let most = usize::try_from(max).unwrap();
                prop_assert!(stay.len() < most);
                prop_assert!(evict.is_empty() || stay.len() + 1 == most);
            }
            let when = |slot: &Slot| if oldest { slot.signed_in_at } else { slot.last_active_at };
            let last_ended = ended.into_iter().map(when).max();
            let first_kept = stay.into_iter().map(when).min();
            prop_assert!(last_ended.zip(first_kept).is_none_or(|(ended, kept)| ended <= kept));
        }

        /// Refusing and asking never end anything by themselves.
        #[test]
        fn a_full_house_lets_nobody_in_unasked(max in 1_u32..8, over in 0_usize..8, ask in any::<bool>()) {
            let live = vec![(0, 0); usize::try_from(max).unwrap() + over];
            let (on_limit, expected) = if ask { (OnLimit::Ask, Decision::Ask) } else { (OnLimit::Refuse, Decision::Refuse) };
            prop_assert_eq!(decide(max, on_limit, &live), expected);
        }
    }
}
