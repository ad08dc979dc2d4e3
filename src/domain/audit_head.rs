//! Places in the chain over the audit log: a head as it is written down, and what an operator vouches for.

use std::fmt;

/// Stands for a row and all before it.
pub type Link = [u8; 32];

/// What a key is called by. Anybody can write it.
pub type KeyName = [u8; 6];

/// A place in the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// What an operator vouches for: that they changed the key at this place, which can't be proved any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub seq: i64,
    /// Without it, whatever row has this number.
    pub link: Option<Link>,
}

impl Accepted {
    /// Reads a number such as `42`, or a head such as `42:0f…9c`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match Head::parse(text) {
            Some(Head { seq, link }) => Some(Self { seq, link: Some(link) }),
            None => text.trim().parse().ok().filter(|seq| *seq > 0).map(|seq| Self { seq, link: None }),
        }
    }

    /// Whether this is the place that is meant.
    #[must_use]
    pub fn is(&self, place: &Head) -> bool {
        self.seq == place.seq && self.link.is_none_or(|link| link == place.link)
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

    #[test]
    fn what_is_accepted_is_a_number_or_a_head() {
        let link = [7; 32];
        let head = Head { seq: 5, link };
        assert_eq!(Accepted::parse("5"), Some(Accepted { seq: 5, link: None }));
        assert_eq!(Accepted::parse(&head.to_string()), Some(Accepted { seq: 5, link: Some(link) }));
        for other in ["", "0", "-1", "five", "5:00"] {
            assert_eq!(Accepted::parse(other), None, "{other}");
        }
        assert!(!Accepted { seq: 5, link: Some([8; 32]) }.is(&head), "another row with that number");
    }
}
