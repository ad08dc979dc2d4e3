//! The chain over the audit log: what makes its rows one whole, and what is wrong where they aren't.
//!
//! A row is written by its act alone. Later it gets a number, without gaps, a *link*, a hash over the former link and
//! itself, and a *seal*, a MAC over number, link and content under a key that the database doesn't hold. By its seal each
//! row is judged alone; by the links the last of them stands for all before it, also for those whose key is gone. The
//! hashes are the caller's (`server/crypto/audit_seal.rs`).

use std::fmt;

use serde::Serialize;

/// Stands for a row and all before it.
pub type Link = [u8; 32];

/// A place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last row; the first has 1.
    pub seq: i64,
    pub link: Link,
}

impl Head {
    /// Before the first row.
    pub const NONE: Self = Self { seq: 0, link: [0; 32] };

    /// Reads what [`fmt::Display`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (seq, hex) = text.trim().split_once(':')?;
        let seq = seq.parse().ok().filter(|seq| *seq >= 0)?;
        let mut link = [0; 32];
        if hex.len() != 2 * link.len() || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (at, byte) in link.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self { seq, link })
    }
}

impl fmt::Display for Head {
    /// Such as `42:0f…9c`, to be written down.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.seq)?;
        self.link.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a seal says of the row it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It was made for this number, link and content.
    Good,
    /// It was made for this link and content, and another number.
    OfNumber(i64),
    Bad,
    /// It is under a key that is not known here.
    Unknown,
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
    /// These are sealed under a key that is not known here, and no seal that is known stands for them.
    UnknownKey { from: i64, to: i64 },
    /// Rows up to this number have gone, and not by the retention.
    Checkpoint { seq: i64 },
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

/// Goes along the chain.
pub struct Chain {
    last: Head,
    expected: Option<Head>,
    /// The first number of those whose key is unknown, until a seal that is known stands for them.
    unknown: Option<i64>,
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
        let mut chain = Self { last: checkpoint, expected, unknown: None, sound: true, report };
        match seal {
            Seal::Good => {}
            // The first seal that is known stands for it.
            Seal::Unknown => chain.unknown = Some(checkpoint.seq),
            Seal::Bad | Seal::OfNumber(_) => chain.find(Finding::Checkpoint { seq: checkpoint.seq }),
        }
        match expected {
            Some(head) if head.seq < checkpoint.seq => chain.report.given = Given::Past,
            _ => chain.compare(),
        }
        chain
    }

    #[must_use]
    pub fn last(&self) -> Head {
        self.last
    }

    /// The next row, by number.
    pub fn next(&mut self, row: &Judged) {
        self.report.sealed += 1;
        let next = self.last.seq + 1;
        if row.seq > next {
            self.give_up_unknown();
            self.find(Finding::Missing { from: next, to: row.seq - 1 });
            self.sound = false;
        }
        let follows = row.follows == row.link;
        let finding = match row.seal {
            _ if row.seq < next => Some(Finding::Edited { seq: row.seq }),
            Seal::OfNumber(was) => Some(Finding::Reordered { seq: row.seq, was }),
            Seal::Bad => Some(Finding::Edited { seq: row.seq }),
            Seal::Good if self.sound && !follows => Some(Finding::Unlinked { seq: row.seq }),
            Seal::Unknown if self.sound && !follows => Some(Finding::Edited { seq: row.seq }),
            Seal::Good | Seal::Unknown => None,
        };
        match (finding, row.seal) {
            (Some(finding), _) => {
                self.give_up_unknown();
                self.find(finding);
            }
            (None, Seal::Good) => {
                let covered = self.unknown.take().map_or(0, |from| row.seq - from.max(self.report.checkpoint + 1));
                self.report.covered += u64::try_from(covered).unwrap_or(0);
            }
            (None, _) => self.unknown = self.unknown.or(Some(row.seq)),
        }
        self.sound = finding.is_none();
        self.last = Head { seq: row.seq.max(self.last.seq), link: row.link };
        self.compare();
    }

    /// The end; `head` is where the chain was said to end before it was gone along.
    #[must_use]
    pub fn finish(mut self, head: i64) -> Report {
        self.give_up_unknown();
        let expected = self.expected.map_or(0, |expected| expected.seq);
        let to = head.max(expected);
        if to > self.last.seq {
            self.find(Finding::CutTail { from: self.last.seq + 1, to });
        }
        Report { head: self.last, ..self.report }
    }

    fn compare(&mut self) {
        let Some(expected) = self.expected.filter(|expected| expected.seq == self.last.seq) else { return };
        if expected.link == self.last.link {
            self.report.given = Given::Found;
        } else {
            self.find(Finding::OtherHead { seq: expected.seq });
        }
    }

    fn give_up_unknown(&mut self) {
        if let Some(from) = self.unknown.take() {
            self.find(Finding::UnknownKey { from, to: self.last.seq });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_from_what_was_written_down() {
        let head = Head { seq: 42, link: std::array::from_fn(|at| u8::try_from(at * 7).unwrap()) };
        assert_eq!(Head::parse(&format!(" {head}\n")), Some(head));
        for other in ["", "42", "42:", "42:00", "-1:", &format!("x{head}"), &format!("{head}0"), &"é".repeat(40)] {
            assert_eq!(Head::parse(other), None, "{other}");
        }
    }
}
