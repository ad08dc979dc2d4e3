//! What has been revoked, in memory: read without a lock by every check, fed by commits of this process and by a
//! poll of the numbered feed each second, which hears those of other processes on the same database. What it says of
//! keys makes the node read them again.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    time::Duration,
};

use papaya::HashMap;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        access_claims::AccessClaims,
        ids::{SessionId, UserId},
        revocation::{Revocation, Standing, Subject},
        time::Timestamp,
    },
    server::{
        flow::keys::{self, ReadError},
        state::AppState,
        store::{Db, StoreResult, revocations},
    },
};

const POLL: Duration = Duration::from_secs(1);

/// Entries by what they name, so that a check is three look-ups whatever their number.
#[derive(Default)]
pub struct RevocationSet {
    sessions: HashMap<SessionId, Revocation>,
    users: HashMap<UserId, Revocation>,
    stale: HashMap<UserId, Revocation>,
    cursor: AtomicI64,
    /// Something was said of keys that has not been acted on.
    keys_changed: AtomicBool,
}

impl RevocationSet {
    /// What is known of a token with these claims.
    #[must_use]
    pub fn standing(&self, claims: &AccessClaims) -> Standing {
        let judge = |entry: Option<&Revocation>| {
            entry.map_or(Standing::Good, |revocation| revocation.subject.standing(claims, revocation.reason))
        };
        match judge(self.sessions.pin().get(&claims.sid)) {
            Standing::Good => {}
            dead => return dead,
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
                self.sessions.pin().insert(sid.clone(), revocation.clone());
            }
            Subject::User { user, below, .. } => raise(&self.users, user, *below, revocation),
            Subject::Stale { user, below } => raise(&self.stale, user, *below, revocation),
            Subject::Key(_) | Subject::Keys => self.keys_changed.store(true, Ordering::Release),
        }
    }

    /// Catches up with the feed. A cursor ahead of its head means another history (a restored backup): all is read again.
    ///
    /// # Errors
    /// When the database can't be read; nothing is forgotten then.
    pub async fn load(&self, db: &Db, now: Timestamp) -> StoreResult<()> {
        let head = revocations::head(db.read()).await?;
        let seen = self.cursor.load(Ordering::Acquire);
        let cursor = if seen > head { 0 } else { seen };
        if seen > head {
            self.keys_changed.store(true, Ordering::Release);
        }
        if cursor == head && seen == head {
            return Ok(());
        }
        for numbered in revocations::after(db.read(), cursor, now).await? {
            self.apply(&numbered.revocation);
        }
        self.cursor.store(head, Ordering::Release);
        Ok(())
    }

    /// Forgets what can end no token any more.
    pub fn forget(&self, now: Timestamp) {
        self.sessions.pin().retain(|_, revocation| revocation.until > now);
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

/// Polls the feed until `stop`.
pub async fn follow(state: AppState, stop: CancellationToken) {
    let mut tick = tokio::time::interval(POLL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        hear(&state).await;
    }
}

/// Hears what is new, and acts on it.
pub async fn hear(state: &AppState) {
    let now = state.clock.now();
    if let Err(error) = state.revoked.load(&state.db, now).await {
        tracing::warn!(error = %error, "the revocation feed could not be read");
    }
    state.revoked.forget(now);
    let said = state.revoked.keys_changed.swap(false, Ordering::AcqRel);
    if !said && now < state.keyring.now().changes_at() {
        return;
    }
    match keys::read_again(state, now).await {
        Ok(()) => tracing::info!("the keys were read again"),
        // It would fail at the next turn too.
        Err(ReadError::Keyring(error)) => tracing::error!(error = %error, "the keys could not be opened"),
        Err(ReadError::Store(error)) => {
            state.revoked.keys_changed.store(true, Ordering::Release);
            tracing::warn!(error = %error, "the keys could not be read again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{access_claims::tests::claims, session::EndReason};

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
