//! What has been revoked, in memory: read without a lock by every check. What it is fed by is `revocation_feed.rs`.
//!
//! An entry is kept until the last token that it can end has expired, by the wall clock that its `until` was written by and by
//! the uptime of this node since it was heard: whatever the one is set to, a kick stays a kick.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use papaya::HashMap;

use super::live::Live;
use crate::{
    domain::{
        access_claims::AccessClaims,
        ids::{SessionId, UserId},
        revocation::{Revocation, Standing, Subject},
        session::EndReason,
        time::Timestamp,
    },
    server::clock::Clock,
};

/// Entries by what they name, so that a check is three look-ups whatever their number.
#[derive(Default)]
pub struct RevocationSet {
    sessions: HashMap<SessionId, Ended>,
    users: HashMap<UserId, Entry>,
    stale: HashMap<UserId, Entry>,
    /// What was known of users in another history of the database; it holds for what was minted in that.
    former: HashMap<UserId, Former>,
    clock: Clock,
    /// For how long a token lives at most.
    life: Duration,
    /// Something was said of keys that has not been acted on.
    keys_changed: AtomicBool,
    /// Open streams, which are woken by what comes in here.
    live: Arc<Live>,
}

/// All that is kept of a session that ended: there may be a million of them.
struct Ended {
    reason: EndReason,
    kept: Kept,
}

#[derive(Clone)]
struct Entry {
    revocation: Revocation,
    kept: Kept,
}

struct Former {
    entry: Entry,
    minted_before: Timestamp,
}

/// Until when an entry is kept: until both have come.
#[derive(Clone, Copy)]
struct Kept {
    until: Timestamp,
    /// Milliseconds of uptime.
    until_up: u64,
}

impl Kept {
    fn holds(self, now: Timestamp, up: u64) -> bool {
        self.until > now || self.until_up > up
    }
}

impl RevocationSet {
    /// An empty one of tokens that live for `life` at most, which wakes these streams.
    #[must_use]
    pub fn waking(live: Arc<Live>, clock: Clock, life: Duration) -> Self {
        Self { clock, life, live, ..Self::default() }
    }

    /// What is known of a token with these claims.
    #[must_use]
    pub fn standing(&self, claims: &AccessClaims) -> Standing {
        let judge = |entry: Option<&Entry>| {
            entry.map_or(Standing::Good, |Entry { revocation, .. }| {
                revocation.subject.standing(claims, revocation.reason)
            })
        };
        if let Some(ended) = self.sessions.pin().get(&claims.sid) {
            return Standing::Dead(ended.reason);
        }
        match judge(self.users.pin().get(&claims.sub)) {
            Standing::Good => match judge(self.stale.pin().get(&claims.sub)) {
                Standing::Good if !self.former.is_empty() => {
                    let former = self.former.pin();
                    let former = former.get(&claims.sub);
                    judge(
                        former.filter(|former| claims.iat < former.minted_before.as_secs()).map(|former| &former.entry),
                    )
                }
                other => other,
            },
            other => other,
        }
    }

    /// Takes a revocation in. Twice is as good as once, and a later version of a user stands over an earlier one.
    pub fn apply(&self, revocation: &Revocation) {
        match &revocation.subject {
            Subject::Session(sid) => {
                let ended = Ended { reason: revocation.reason, kept: self.kept(revocation) };
                self.sessions.pin().insert(sid.clone(), ended);
            }
            Subject::User { user, below, .. } => self.raise(&self.users, (user, *below), revocation),
            Subject::Stale { user, below } => self.raise(&self.stale, (user, *below), revocation),
            Subject::Key(_) | Subject::Keys => self.note_keys_changed(),
        }
        self.live.revoked(revocation);
    }

    /// The database has another history from now on (a restored backup, a standby that lagged): its users' versions begin
    /// anew at what it says. What was known of them holds for tokens minted up to now, and shuts out nobody who signs in again.
    pub fn begin_history(&self) {
        let minted_before = self.clock.now();
        let (users, former) = (self.users.pin(), self.former.pin());
        for (user, entry) in &users {
            former.insert(user.clone(), Former { entry: entry.clone(), minted_before });
        }
        users.clear();
        self.stale.pin().clear();
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len() + self.users.len() + self.stale.len() + self.former.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether something was said of keys since it was last asked; who asks, acts on it.
    #[must_use]
    pub fn take_keys_changed(&self) -> bool {
        self.keys_changed.swap(false, Ordering::AcqRel)
    }

    /// The keys are to be read again.
    pub fn note_keys_changed(&self) {
        self.keys_changed.store(true, Ordering::Release);
    }

    /// Forgets what can end no token any more.
    pub fn forget(&self, now: Timestamp) {
        let up = self.uptime_ms();
        self.sessions.pin().retain(|_, ended| ended.kept.holds(now, up));
        self.users.pin().retain(|_, entry| entry.kept.holds(now, up));
        self.stale.pin().retain(|_, entry| entry.kept.holds(now, up));
        self.former.pin().retain(|_, former| former.entry.kept.holds(now, up));
    }

    fn uptime_ms(&self) -> u64 {
        u64::try_from(self.clock.uptime().as_millis()).unwrap_or(u64::MAX)
    }

    fn kept(&self, revocation: &Revocation) -> Kept {
        let life = u64::try_from(self.life.as_millis()).unwrap_or(u64::MAX);
        Kept { until: revocation.until, until_up: self.uptime_ms().saturating_add(life) }
    }

    fn raise(&self, map: &HashMap<UserId, Entry>, (user, below): (&UserId, i64), revocation: &Revocation) {
        let entry = Entry { revocation: revocation.clone(), kept: self.kept(revocation) };
        map.pin().update_or_insert_with(
            user.clone(),
            |known| if version(&known.revocation) > below { known.clone() } else { entry.clone() },
            || entry.clone(),
        );
    }
}

fn version(revocation: &Revocation) -> i64 {
    match revocation.subject {
        Subject::User { below, .. } | Subject::Stale { below, .. } => below,
        Subject::Session(_) | Subject::Key(_) | Subject::Keys => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access_claims::tests::claims;

    fn revocation(subject: Subject) -> Revocation {
        Revocation { subject, reason: EndReason::Kicked, until: Timestamp(100) }
    }

    #[test]
    fn a_later_version_stands_whatever_the_order() {
        let set = RevocationSet::default();
        let user = |below| revocation(Subject::User { user: claims().sub, below, except: None });
        set.apply(&user(3));
        set.apply(&user(2));
        assert_eq!(set.standing(&AccessClaims { uv: 2, ..claims() }), Standing::Dead(EndReason::Kicked));
        assert_eq!(set.standing(&AccessClaims { uv: 3, ..claims() }), Standing::Good);
    }

    fn set_at(now: i64) -> (RevocationSet, Clock) {
        let clock = Clock::set_to(Timestamp(now));
        (RevocationSet::waking(Arc::default(), clock.clone(), Duration::from_millis(50)), clock)
    }

    #[test]
    fn an_entry_is_kept_until_its_last_token_has_ended_by_the_wall_clock_and_by_uptime() {
        let (set, clock) = set_at(10);
        set.apply(&revocation(Subject::Session(claims().sid)));
        set.forget(Timestamp(99));
        assert_eq!(set.standing(&claims()), Standing::Dead(EndReason::Kicked));
        set.forget(Timestamp(100));
        assert_eq!(set.standing(&claims()), Standing::Dead(EndReason::Kicked), "the wall clock was set forth");
        clock.advance(Duration::from_millis(50));
        set.forget(Timestamp(99));
        assert_eq!(set.standing(&claims()), Standing::Dead(EndReason::Kicked), "the wall clock was set back");
        set.forget(Timestamp(100));
        assert_eq!(set.standing(&claims()), Standing::Good);
    }

    #[test]
    fn another_history_ends_what_was_minted_in_the_former_and_nobody_who_signs_in_again() {
        let (set, _) = set_at(1_000_000);
        set.apply(&revocation(Subject::User { user: claims().sub, below: 3, except: None }));
        set.begin_history();
        let minted = |iat| AccessClaims { uv: 2, iat, ..claims() };
        assert_eq!(set.standing(&minted(999)), Standing::Dead(EndReason::Kicked));
        assert_eq!(set.standing(&minted(1_000)), Standing::Good);
    }
}
