//! What has been revoked, in memory: read without a lock by every check. What it is fed by is `revocation_feed.rs`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use papaya::HashMap;

use super::live::Live;
use crate::domain::{
    access_claims::AccessClaims,
    ids::{SessionId, UserId},
    revocation::{Revocation, Standing, Subject},
    session::EndReason,
    time::Timestamp,
};

/// Entries by what they name, so that a check is three look-ups whatever their number.
#[derive(Default)]
pub struct RevocationSet {
    sessions: HashMap<SessionId, Ended>,
    users: HashMap<UserId, Revocation>,
    stale: HashMap<UserId, Revocation>,
    /// Something was said of keys that has not been acted on.
    keys_changed: AtomicBool,
    /// Open streams, which are woken by what comes in here.
    live: Arc<Live>,
}

/// All that is kept of a session that ended: there may be a million of them.
struct Ended {
    reason: EndReason,
    until: Timestamp,
}

impl RevocationSet {
    /// An empty one, which wakes these streams.
    #[must_use]
    pub fn waking(live: Arc<Live>) -> Self {
        Self { live, ..Self::default() }
    }

    /// What is known of a token with these claims.
    #[must_use]
    pub fn standing(&self, claims: &AccessClaims) -> Standing {
        let judge = |entry: Option<&Revocation>| {
            entry.map_or(Standing::Good, |revocation| revocation.subject.standing(claims, revocation.reason))
        };
        if let Some(ended) = self.sessions.pin().get(&claims.sid) {
            return Standing::Dead(ended.reason);
        }
        match judge(self.users.pin().get(&claims.sub)) {
            Standing::Good => judge(self.stale.pin().get(&claims.sub)),
            other => other,
        }
    }

    /// Takes a revocation in. Twice is as good as once, and a later version of a user stands over an earlier one.
    pub fn apply(&self, revocation: &Revocation) {
        match &revocation.subject {
            Subject::Session(sid) => {
                let ended = Ended { reason: revocation.reason, until: revocation.until };
                self.sessions.pin().insert(sid.clone(), ended);
            }
            Subject::User { user, below, .. } => raise(&self.users, user, *below, revocation),
            Subject::Stale { user, below } => raise(&self.stale, user, *below, revocation),
            Subject::Key(_) | Subject::Keys => self.note_keys_changed(),
        }
        self.live.revoked(revocation);
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len() + self.users.len() + self.stale.len()
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
        self.sessions.pin().retain(|_, ended| ended.until > now);
        self.users.pin().retain(|_, revocation| revocation.until > now);
        self.stale.pin().retain(|_, revocation| revocation.until > now);
    }
}

fn version(revocation: &Revocation) -> i64 {
    match revocation.subject {
        Subject::User { below, .. } | Subject::Stale { below, .. } => below,
        Subject::Session(_) | Subject::Key(_) | Subject::Keys => 0,
    }
}

fn raise(map: &HashMap<UserId, Revocation>, user: &UserId, below: i64, revocation: &Revocation) {
    map.pin().update_or_insert_with(
        user.clone(),
        |known| if version(known) > below { known.clone() } else { revocation.clone() },
        || revocation.clone(),
    );
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

    #[test]
    fn an_entry_is_kept_until_its_last_token_has_ended() {
        let set = RevocationSet::default();
        set.apply(&revocation(Subject::Session(claims().sid)));
        set.forget(Timestamp(99));
        assert_eq!(set.standing(&claims()), Standing::Dead(EndReason::Kicked));
        set.forget(Timestamp(100));
        assert_eq!(set.standing(&claims()), Standing::Good);
    }
}
