//! Refresh rotation: what a presented refresh token means, by generation and never by seconds alone.
//!
//! RFC 9700 section 4.14.2 asks for reuse detection; taken plainly it signs honest people out whenever a reply is
//! lost or two tabs refresh at once. Here the successor is derived, not stored, so the same one can be given again:
//! - the current generation rotates, once, however many callers come at once;
//! - the predecessor gets the same successor while that is young or has never been used;
//! - anything older, or a predecessor whose successor is in use, is reuse: the session ends.
//!
//! A *replacement* (a changed password, the others signed out, a step-up) cuts the chain: a credential from before it buys
//! nothing any more, least of all its successor. Browsers have requests under way at that moment, so one from before is told
//! to come again with what its cookie jar holds by then, for as long as the grace; later it is refused, and it is reuse once
//! the replacement is known to be in use.

use std::time::Duration;

use super::{lifetimes::Lifetimes, time::Timestamp};

/// What the session row says about its refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How often it has been rotated; the generation of the token that is current.
    pub generation: u64,
    /// The highest generation known to have reached the browser: its refresh token, or an access token minted with it, was used.
    pub confirmed_generation: u64,
    /// When it was last rotated; the epoch if it never was.
    pub rotated_at: Timestamp,
    /// The kind of device that rotated to `generation`.
    pub device_kind: String,
    /// Generations in a row whose predecessor came back later than the grace.
    pub late_streak: u32,
    /// The last generation in which that happened.
    pub late_generation: u64,
    /// The generation that the last replacement began; those below it buy nothing. 0 if there was none.
    pub replaced_below: u64,
    /// When that was.
    pub replaced_at: Timestamp,
}

/// A token whose MAC has been checked, and who presents it.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    pub generation: u64,
    pub device_kind: &'a str,
    pub now: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The current token, due: the chain moves one generation on.
    Rotated,
    /// The current token within the grace after the last rotation: a fresh access token and itself again.
    Kept,
    /// The predecessor: its successor, which is current, once more. `late` is beyond the grace, worth an audit row.
    Repeated { late: bool },
    /// A generation ahead of the row, as after a restored backup: the row moves forward to it.
    Advanced,
    /// From before a replacement that nobody has used yet, or that is `young`: nothing is given. While it is young, the
    /// browser that sent it may hold the replacement by now.
    Replaced { young: bool },
    /// It should no longer exist.
    Reused,
}

impl Rotation {
    /// A word for it, as it is counted under.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rotated => "rotated",
            Self::Kept => "kept",
            Self::Repeated { late: false } => "repeated",
            Self::Repeated { late: true } => "repeated_late",
            Self::Advanced => "advanced",
            Self::Replaced { .. } => "replaced",
            Self::Reused => "reused",
        }
    }
}

/// Generations with a late repeat, in a row, after which the user is told.
pub const SUSPECT_AFTER: u32 = 3;

/// Decides what `presented` means for `chain`.
#[must_use]
pub fn decide(chain: &Chain, presented: Presented<'_>, grace: Duration) -> Rotation {
    if presented.generation < chain.replaced_below {
        let young = presented.now < chain.replaced_at.plus(grace);
        let in_use = chain.confirmed_generation >= chain.replaced_below;
        return if in_use && !young { Rotation::Reused } else { Rotation::Replaced { young } };
    }
    let young = presented.now < chain.rotated_at.plus(grace);
    if presented.generation > chain.generation {
        return Rotation::Advanced;
    }
    if presented.generation == chain.generation {
        return if young { Rotation::Kept } else { Rotation::Rotated };
    }
    let predecessor = presented.generation + 1 == chain.generation;
    let unused = chain.confirmed_generation < chain.generation;
    if predecessor && presented.device_kind == chain.device_kind && (young || unused) {
        Rotation::Repeated { late: !young }
    } else {
        Rotation::Reused
    }
}

/// A token that no row keeps account of is replaced by one whose generation is a multiple of this: further on than any session
/// that was made of a copy comes by rotating.
const LEAP: u64 = 1 << 20;

/// The generation of what replaces a token of which no row keeps account.
#[must_use]
pub fn replacement_of_unrecorded(generation: u64) -> u64 {
    (generation / LEAP + 1) * LEAP
}

/// Whether a token of which no row keeps account replaced another.
#[must_use]
pub fn is_unrecorded_replacement(generation: u64) -> bool {
    generation > 0 && generation.is_multiple_of(LEAP)
}

/// Until when a presented token stands in for an access token that ended, where nothing may be rotated: one more life of
/// that, which was minted at `minted_at`. `None` if it doesn't, or no more.
#[must_use]
pub fn stand_in_end(
    chain: &Chain,
    presented: Presented<'_>,
    lifetimes: &Lifetimes,
    minted_at: Timestamp,
) -> Option<Timestamp> {
    match decide(chain, presented, lifetimes.rotation_grace) {
        Rotation::Rotated | Rotation::Kept | Rotation::Repeated { .. } => {
            let end = minted_at.plus(lifetimes.access_ttl).plus(lifetimes.access_ttl);
            (presented.now < end).then_some(end)
        }
        // Only a renewal can move the row forward, and only a renewal may end a session.
        Rotation::Advanced | Rotation::Replaced { .. } | Rotation::Reused => None,
    }
}

impl Chain {
    /// A chain as it is at sign-in: its first token may rotate at once.
    #[must_use]
    pub fn start(device_kind: String) -> Self {
        Self {
            generation: 1,
            confirmed_generation: 0,
            rotated_at: Timestamp::default(),
            device_kind,
            late_streak: 0,
            late_generation: 0,
            replaced_below: 0,
            replaced_at: Timestamp::default(),
        }
    }

    /// The chain after its credential was replaced at `now`, for a device of this kind: a new generation, below which
    /// nothing counts. Copies that may have been suspected are worth nothing now.
    #[must_use]
    pub fn replaced(&self, device_kind: &str, now: Timestamp) -> Self {
        let generation = self.generation + 1;
        Self {
            generation,
            confirmed_generation: self.generation,
            rotated_at: now,
            device_kind: device_kind.to_owned(),
            late_streak: 0,
            late_generation: 0,
            replaced_below: generation,
            replaced_at: now,
        }
    }

    /// The chain after `rotation`; `None` where that ends the session.
    #[must_use]
    pub fn after(&self, rotation: Rotation, presented: Presented<'_>) -> Option<Self> {
        let mut next = self.clone();
        match rotation {
            Rotation::Reused => return None,
            Rotation::Kept => next.confirmed_generation = self.generation,
            // What is refused changes nothing.
            Rotation::Repeated { late: false } | Rotation::Replaced { .. } => {}
            Rotation::Repeated { late: true } => {
                if self.late_generation != self.generation {
                    let goes_on = self.late_generation + 1 == self.generation && self.late_streak > 0;
                    next.late_streak = if goes_on { self.late_streak + 1 } else { 1 };
                    next.late_generation = self.generation;
                }
            }
            Rotation::Rotated | Rotation::Advanced => {
                let ahead = u64::from(rotation == Rotation::Rotated);
                next.generation = presented.generation + ahead;
                // Presenting a token proves that it arrived.
                next.confirmed_generation = presented.generation;
                next.rotated_at = presented.now;
                presented.device_kind.clone_into(&mut next.device_kind);
            }
        }
        Some(next)
    }

    /// Whether the person should be told that someone may hold a copy of the token.
    #[must_use]
    pub fn suspect(&self) -> bool {
        self.late_streak >= SUSPECT_AFTER
    }
}

#[cfg(test)]
#[path = "rotation_tests.rs"]
mod tests;
