//! Whose turn it is among the tabs of a browser that has no locks, by what they say on a channel that all of them hear.
//!
//! Who wants the turn draws a rank and says it. The lowest goes first, and the one at work is lower than any: whoever hears a
//! greater rank than its own answers with its own, and whoever hears a lower one waits. A tab that hears nothing of that
//! kind for a moment takes the turn.
//!
//! That is less than a lock: a tab that was frozen while it asked, or while it worked, may find another at work beside it. What is
//! done in a turn must bear that.

use super::backoff::scaled;

/// The rank of the one at work.
const AT_WORK: i64 = 0;
const MAX_RANK: i64 = 1 << 40;
const FREE: &str = "free";

/// What is said on the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Rank(i64),
    /// The one at work has done.
    Free,
}

impl Said {
    #[must_use]
    pub fn to_text(self) -> String {
        match self {
            Self::Rank(rank) => rank.to_string(),
            Self::Free => FREE.to_owned(),
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == FREE { Some(Self::Free) } else { text.parse().ok().map(Self::Rank) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Asking,
    Waiting,
    AtWork,
}

/// What follows from what was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Nothing,
    /// To be said in turn.
    Answer(Said),
    /// Somebody else goes first.
    StepBack,
    /// It is time to ask again.
    AskAgain,
}

/// One that wants the turn.
#[derive(Debug)]
pub struct Contender {
    rank: i64,
    stage: Stage,
}

impl Contender {
    /// `random` is in `0.0..=1.0`. Equal ranks are as good as impossible, and only mean that two go at once.
    #[must_use]
    pub fn new(random: f64) -> Self {
        Self { rank: scaled(MAX_RANK, random) + 1, stage: Stage::Waiting }
    }

    #[must_use]
    pub fn ask(&mut self) -> Said {
        self.stage = Stage::Asking;
        Said::Rank(self.rank)
    }

    /// Nobody has answered for a moment. Whether the turn is ours now.
    #[must_use]
    pub fn take(&mut self) -> bool {
        let ours = self.stage == Stage::Asking;
        if ours {
            self.stage = Stage::AtWork;
        }
        ours
    }

    #[must_use]
    pub fn hear(&mut self, said: Said) -> Heard {
        match (self.stage, said) {
            (Stage::Asking, Said::Rank(theirs)) if theirs < self.rank => {
                self.stage = Stage::Waiting;
                Heard::StepBack
            }
            (Stage::Asking, Said::Rank(theirs)) if theirs > self.rank => Heard::Answer(Said::Rank(self.rank)),
            (Stage::AtWork, Said::Rank(theirs)) if theirs > AT_WORK => Heard::Answer(Said::Rank(AT_WORK)),
            (Stage::Waiting, Said::Free) => Heard::AskAgain,
            _ => Heard::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    /// Tabs that want the turn, and what was said but not heard yet: by whom, and by whom it is heard.
    struct Tabs {
        tabs: Vec<Contender>,
        under_way: Vec<VecDeque<Said>>,
    }

    impl Tabs {
        fn new(ranks: &[i64]) -> Self {
            let tabs: Vec<_> = ranks.iter().map(|&rank| Contender { rank, stage: Stage::Waiting }).collect();
            Self { under_way: vec![VecDeque::new(); tabs.len()], tabs }
        }

        fn say(&mut self, by: usize, said: Said) {
            for (at, hears) in self.under_way.iter_mut().enumerate() {
                if at != by {
                    hears.push_back(said);
                }
            }
        }

        fn ask(&mut self, by: usize) {
            let said = self.tabs[by].ask();
            self.say(by, said);
        }

        /// One word arrives at a tab.
        fn hear(&mut self, at: usize) {
            if let Some(said) = self.under_way[at].pop_front()
                && let Heard::Answer(said) = self.tabs[at].hear(said)
            {
                self.say(at, said);
            }
        }

        fn hear_all(&mut self) {
            while self.under_way.iter().any(|words| !words.is_empty()) {
                (0..self.tabs.len()).for_each(|at| self.hear(at));
            }
        }

        /// The moment is over for those who asked.
        fn take(&mut self) -> Vec<usize> {
            (0..self.tabs.len()).filter(|&at| self.tabs[at].take()).collect()
        }
    }

    #[test]
    fn one_alone_takes_the_turn_and_only_once() {
        let mut tabs = Tabs::new(&[7]);
        tabs.ask(0);
        assert_eq!(tabs.take(), [0]);
        assert_eq!(tabs.take(), [0; 0]);
    }

    #[test]
    fn who_comes_while_another_is_at_work_waits_until_it_is_free() {
        let mut tabs = Tabs::new(&[7, 3]);
        tabs.ask(0);
        assert_eq!(tabs.take(), [0]);
        tabs.hear_all();
        tabs.ask(1);
        tabs.hear_all();
        assert_eq!(tabs.take(), [0; 0]);
        assert_eq!(tabs.tabs[1].hear(Said::Free), Heard::AskAgain);
    }

    #[test]
    fn who_asks_a_little_later_goes_first_only_with_a_lower_rank() {
        for (later, first) in [(3, 1), (9, 0)] {
            let mut tabs = Tabs::new(&[7, later]);
            tabs.ask(0);
            tabs.hear_all();
            tabs.ask(1);
            tabs.hear_all();
            assert_eq!(tabs.take(), [first]);
        }
    }

    #[test]
    fn what_was_said_is_what_is_read() {
        for said in [Said::Free, Said::Rank(0), Said::Rank(MAX_RANK)] {
            assert_eq!(Said::parse(&said.to_text()), Some(said));
        }
        assert_eq!(Said::parse("something else"), None);
    }

    proptest! {
        #[test]
        fn of_all_who_ask_at_once_exactly_one_goes(
            ranks in prop::collection::hash_set(1..1_000_i64, 1..20),
            order in prop::collection::vec(0..20_usize, 0..200),
        ) {
            let ranks: Vec<i64> = ranks.into_iter().collect();
            let mut tabs = Tabs::new(&ranks);
            let mut to_ask = (0..ranks.len()).collect::<VecDeque<_>>();
            for step in order {
                // by turns one more asks, and a word arrives somewhere
                if step % 3 == 0 && let Some(by) = to_ask.pop_front() {
                    tabs.ask(by);
                } else {
                    tabs.hear(step % ranks.len());
                }
            }
            for by in to_ask {
                tabs.ask(by);
            }
            tabs.hear_all();
            let lowest = (0..ranks.len()).min_by_key(|&at| ranks[at]).into_iter().collect::<Vec<_>>();
            prop_assert_eq!(tabs.take(), lowest);
        }
    }
}
