//! The chain over the audit log: what makes its rows one whole, and what is wrong where they aren't.
//!
//! A row is written by its act alone. Later it gets a number, without gaps, a *link*, a hash over the former link and
//! itself, and a *seal*, a MAC over number, link and content under a key that the database doesn't hold. By its seal each
//! row is judged alone. Rows whose key is gone are believed by their links, up to the row that tells of the change of key,
//! and only if that row proves that the former key was at hand when it was written. The name of a key in front of a seal
//! proves nothing. The hashes are the caller's (`server/crypto/audit_seal.rs`).

use serde::Serialize;

pub use super::audit_head::{Accepted, Head, KeyName, Link};

/// What a seal says of the row it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It was made for this number, link and content.
    Good,
    /// It was made for this link and content, and another number.
    OfNumber(i64),
    Bad,
    /// It names a key that is not known here.
    Unknown(KeyName),
}

/// What a row says of a change of key before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The former key was at hand, and the seal of the head verified under it.
    Verified {
        former: Head,
        key: KeyName,
        checkpoint: Option<Head>,
        /// Whether a MAC under a key that is known here says so too: anybody can write a row that says it.
        proved: bool,
    },
    /// The former key was not at hand.
    UnknownKey { checkpoint: Option<Head> },
    /// What was there was not what had been sealed.
    Broken,
}

impl Change {
    /// Whether it says that what ends at `last`, under the key called `key`, was verified.
    fn tells_of(&self, last: &Head, key: KeyName) -> bool {
        matches!(self, Self::Verified { former, key: named, .. } if former == last && *named == key)
    }

    fn is_proved(&self) -> bool {
        matches!(self, Self::Verified { proved: true, .. })
    }

    fn checkpoint(&self) -> Option<Head> {
        match self {
            Self::Verified { checkpoint, .. } | Self::UnknownKey { checkpoint } => *checkpoint,
            Self::Broken => None,
        }
    }
}

/// A row as it was found.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    pub seq: i64,
    /// The link it has.
    pub link: Link,
    /// The link it would have after [`Chain::last`].
    pub follows: Link,
    pub seal: Seal,
    /// What it says of a change of key, if it is a row on that.
    pub change: Option<Change>,
}

/// What is not as it was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Finding {
    /// The row with this number was changed, or put in.
    Edited { seq: i64 },
    /// The row with this number had another when it was sealed.
    Reordered { seq: i64, was: i64 },
    /// These numbers are gone.
    Missing { from: i64, to: i64 },
    /// The row with this number doesn't follow from the one before it, which had another link when this was sealed.
    Unlinked { seq: i64 },
    /// These are sealed under a key that is not known here, and what comes after them doesn't prove that it ever was. The
    /// row with the number `before` is the next, if there is one.
    UnknownKey { from: i64, to: i64, before: Option<i64> },
    /// The row with this number was written because what was before it was not what had been sealed; or it says of a
    /// change of key what it can't prove.
    Unvouched { seq: i64 },
    /// Rows up to this number have gone, and not by the retention.
    Checkpoint { seq: i64 },
    /// What the database has written down as the last row is missing, or is not the last row, which has this number.
    Head { seq: i64 },
    /// The end is gone.
    CutTail { from: i64, to: i64 },
    /// The row with this number is not the one that was written down: the end was cut, and written anew.
    OtherHead { seq: i64 },
}

/// What became of the head that was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    NotGiven,
    Found,
    /// The retention has passed it: nothing can be said.
    Past,
    NotFound,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Rows up to this number have gone by the retention.
    pub checkpoint: i64,
    pub head: Head,
    /// Sealed rows looked at.
    pub sealed: u64,
    /// Those among them whose key is not known here, and for which a later seal stands.
    pub covered: u64,
    pub given: Given,
    /// The first of them.
    pub findings: Vec<Finding>,
    /// Those beyond.
    pub more: u64,
}

/// As many findings are told one by one.
pub const TOLD: usize = 100;

/// Rows under a key that is not known.
#[derive(Clone, Copy, Debug)]
struct Unknown {
    from: i64,
    key: KeyName,
}

/// Goes along the chain.
pub struct Chain {
    last: Head,
    expected: Option<Head>,
    accepted: Vec<Accepted>,
    /// Those whose key is unknown, until something stands for them.
    unknown: Option<Unknown>,
    /// The checkpoint, while its key is unknown and nothing stands for it.
    checkpoint: Option<Head>,
    /// Whether the link of the last row can be relied on.
    sound: bool,
    report: Report,
}

impl Chain {
    /// Begins after the checkpoint, sealed as it says; `expected` is a head that was written down.
    #[must_use]
    pub fn from(checkpoint: Head, seal: Seal, expected: Option<Head>) -> Self {
        let report = Report {
            checkpoint: checkpoint.seq,
            head: checkpoint,
            sealed: 0,
            covered: 0,
            given: if expected.is_some() { Given::NotFound } else { Given::NotGiven },
            findings: Vec::new(),
            more: 0,
        };
        let (accepted, unknown) = (Vec::new(), None);
        let mut chain = Self { last: checkpoint, expected, accepted, unknown, checkpoint: None, sound: true, report };
        match seal {
            Seal::Good => {}
            Seal::Unknown(_) => chain.checkpoint = Some(checkpoint),
            Seal::Bad | Seal::OfNumber(_) => chain.find(Finding::Checkpoint { seq: checkpoint.seq }),
        }
        match expected {
            Some(head) if head.seq < checkpoint.seq => chain.report.given = Given::Past,
            _ => chain.compare(),
        }
        chain
    }

    /// Believes these changes of key by the operator's word.
    #[must_use]
    pub fn accepting(mut self, accepted: &[Accepted]) -> Self {
        self.accepted = accepted.to_vec();
        self.checkpoint = self.checkpoint.filter(|checkpoint| !self.accepts(checkpoint));
        self
    }

    #[must_use]
    pub fn last(&self) -> Head {
        self.last
    }

    /// Whether everything so far is believed.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.has_findings() && self.unknown.is_none() && self.checkpoint.is_none()
    }

    #[must_use]
    pub fn has_findings(&self) -> bool {
        !self.report.findings.is_empty()
    }

    /// A row with a number that has gone: somebody put it in.
    pub fn beside(&mut self, seq: i64) {
        self.find(Finding::Edited { seq });
    }

    /// The next row, by number.
    pub fn next(&mut self, row: &Judged) {
        self.report.sealed += 1;
        let next = self.last.seq.saturating_add(1);
        if row.seq > next {
            self.give_up_unknown(None);
            self.find(Finding::Missing { from: next, to: row.seq - 1 });
            self.sound = false;
        }
        let follows = row.follows == row.link;
        let finding = match row.seal {
            _ if row.seq < next => Some(Finding::Edited { seq: row.seq }),
            Seal::OfNumber(was) => Some(Finding::Reordered { seq: row.seq, was }),
            Seal::Bad => Some(Finding::Edited { seq: row.seq }),
            Seal::Good if self.sound && !follows => Some(Finding::Unlinked { seq: row.seq }),
            Seal::Unknown(_) if self.sound && !follows => Some(Finding::Edited { seq: row.seq }),
            Seal::Good | Seal::Unknown(_) => None,
        };
        match (finding, row.seal) {
            (Some(finding), _) => {
                self.give_up_unknown(None);
                self.find(finding);
            }
            (None, Seal::Unknown(key)) => self.go_on_unknown(row, key),
            (None, _) => self.stand_for(row),
        }
        self.sound = finding.is_none();
        self.last = Head { seq: row.seq.max(self.last.seq), link: row.link };
        self.compare();
    }

    /// A row under a key that is unknown. Where another unknown key ends, this row must tell of the change; whoever stands
    /// for this row by its link then stands for that too.
    fn go_on_unknown(&mut self, row: &Judged, key: KeyName) {
        let Some(run) = self.unknown.filter(|run| run.key != key) else {
            self.unknown.get_or_insert(Unknown { from: row.seq, key });
            return;
        };
        let told = row.change.is_some_and(|change| change.tells_of(&self.last, run.key));
        if told || self.accepts(&Head { seq: row.seq, link: row.link }) {
            self.unknown = Some(Unknown { key, ..run });
        } else {
            self.give_up_unknown(Some(row.seq));
            self.unknown = Some(Unknown { from: row.seq, key });
        }
    }

    /// A row under a key that is known: whether it stands for those before it.
    fn stand_for(&mut self, row: &Judged) {
        let accepted = self.accepts(&Head { seq: row.seq, link: row.link });
        let change = row.change;
        if change.is_some_and(|change| change.is_proved()) || accepted {
            let named = change.and_then(|change| change.checkpoint());
            self.checkpoint = self.checkpoint.filter(|checkpoint| Some(*checkpoint) != named);
        }
        match (self.unknown, change) {
            (Some(run), change) => {
                let proved = change.is_some_and(|change| change.is_proved() && change.tells_of(&self.last, run.key));
                if proved || accepted {
                    self.unknown = None;
                    self.report.covered += u64::try_from(row.seq - run.from).unwrap_or(0);
                } else {
                    self.give_up_unknown(Some(row.seq));
                }
            }
            // Each row before it was verified by its own seal, whatever was at hand then.
            (None, None | Some(Change::UnknownKey { .. } | Change::Verified { proved: true, .. })) => {}
            (None, Some(Change::Broken | Change::Verified { .. })) if accepted => {}
            (None, Some(Change::Broken | Change::Verified { .. })) => self.find(Finding::Unvouched { seq: row.seq }),
        }
    }

    /// The end; `head` is what the database has written down as such, if it has.
    #[must_use]
    pub fn finish(mut self, head: Option<Head>) -> Report {
        self.give_up_unknown(None);
        if let Some(checkpoint) = self.checkpoint.take() {
            self.find(Finding::Checkpoint { seq: checkpoint.seq });
        }
        let expected = self.expected.map_or(0, |expected| expected.seq);
        let to = head.map_or(0, |head| head.seq).max(expected);
        if to > self.last.seq {
            self.find(Finding::CutTail { from: self.last.seq + 1, to });
        }
        if head.is_none_or(|head| head.seq < self.last.seq || (head.seq == self.last.seq && head != self.last)) {
            self.find(Finding::Head { seq: self.last.seq });
        }
        Report { head: self.last, ..self.report }
    }

    fn accepts(&self, place: &Head) -> bool {
        self.accepted.iter().any(|accepted| accepted.is(place))
    }

    fn compare(&mut self) {
        let Some(expected) = self.expected.filter(|expected| expected.seq == self.last.seq) else { return };
        if expected.link == self.last.link {
            self.report.given = Given::Found;
        } else {
            self.find(Finding::OtherHead { seq: expected.seq });
        }
    }

    fn give_up_unknown(&mut self, before: Option<i64>) {
        if let Some(run) = self.unknown.take() {
            self.find(Finding::UnknownKey { from: run.from, to: self.last.seq, before });
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < TOLD {
            self.report.findings.push(finding);
        } else {
            self.report.more += 1;
        }
    }
}
