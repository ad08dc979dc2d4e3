//! Deletes what is past use, a batch at a time, found by index.
//!
//! Each text repeats its condition outside the subselect: on PostgreSQL a row may change between being found and
//! being deleted.

use super::{StoreResult, Tx, sql};
use crate::domain::{activity::Grain, throttle::Scope, time::Timestamp};

/// How long a browser is known after its last sign-in: as long as any keeps a cookie.
const KNOWN_FOR: std::time::Duration = std::time::Duration::from_secs(400 * 86_400);

/// What is kept for a while and then goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Those whose tokens can't come back. One that has ended is evidence until its absolute end, and where there is
    /// none, until its life is over; a token of a strategy that keeps nothing may outlive both.
    Sessions,
    WebSessions,
    /// Those that can end no token any more.
    Revocations,
    /// Counters that would start anew at the next failure.
    Throttles,
    KnownDevices,
    /// Counts older than any range that is shown.
    Activity,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Sessions, Self::WebSessions, Self::Revocations, Self::Throttles, Self::KnownDevices, Self::Activity];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::WebSessions => "web_sessions",
            Self::Revocations => "revocations",
            Self::Throttles => "throttles",
            Self::KnownDevices => "known_devices",
            Self::Activity => "activity",
        }
    }
}

/// Deletes at most `most` rows of a kind that are past use at `now`; how many there were.
///
/// # Errors
/// When the rows can't be deleted.
pub async fn delete(tx: &mut Tx, kind: Kind, now: Timestamp, most: u32) -> StoreResult<u64> {
    match kind {
        Kind::Sessions => sessions(tx, now, most).await,
        Kind::WebSessions => sql!(
            tx.on(),
            execute,
            "DELETE FROM web_sessions WHERE expires_at <= $1 AND id_hash IN
               (SELECT id_hash FROM web_sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
            now.0,
            i64::from(most)
        ),
        Kind::Revocations => sql!(
            tx.on(),
            execute,
            "DELETE FROM revocations WHERE until_at <= $1 AND seq IN
               (SELECT seq FROM revocations WHERE until_at <= $1 ORDER BY until_at LIMIT $2)",
            now.0,
            i64::from(most)
        ),
        Kind::Throttles => sql!(
            tx.on(),
            execute,
            "DELETE FROM throttles WHERE last_at <= $1 AND name IN
               (SELECT name FROM throttles WHERE last_at <= $1 ORDER BY last_at LIMIT $2)",
            now.minus(Scope::Account.memory()).0,
            i64::from(most)
        ),
        Kind::KnownDevices => sql!(
            tx.on(),
            execute,
            "DELETE FROM known_devices WHERE seen_at <= $1 AND (device_hash, user_id) IN
               (SELECT device_hash, user_id FROM known_devices WHERE seen_at <= $1 ORDER BY seen_at LIMIT $2)",
            now.minus(KNOWN_FOR).0,
            i64::from(most)
        ),
        Kind::Activity => activity(tx, now, most).await,
    }
}

async fn sessions(tx: &mut Tx, now: Timestamp, most: u32) -> StoreResult<u64> {
    let past_absolute_end: u64 = sql!(
        tx.on(),
        execute,
        "DELETE FROM sessions WHERE absolute_end_at <= $1 AND voucher_ends_at <= $1 AND id IN
           (SELECT id FROM sessions WHERE absolute_end_at <= $1 AND voucher_ends_at <= $1
            ORDER BY absolute_end_at LIMIT $2)",
        now.0,
        i64::from(most)
    )?;
    let left = i64::from(most) - i64::try_from(past_absolute_end).unwrap_or(i64::MAX);
    if left <= 0 {
        return Ok(past_absolute_end);
    }
    let endless: u64 = sql!(
        tx.on(),
        execute,
        "DELETE FROM sessions WHERE absolute_end_at = $3 AND expires_at <= $1 AND voucher_ends_at <= $1 AND id IN
           (SELECT id FROM sessions WHERE absolute_end_at = $3 AND expires_at <= $1 AND voucher_ends_at <= $1
            ORDER BY expires_at LIMIT $2)",
        now.0,
        left,
        Timestamp::NEVER.0
    )?;
    Ok(past_absolute_end + endless)
}

async fn activity(tx: &mut Tx, now: Timestamp, most: u32) -> StoreResult<u64> {
    let mut deleted = 0;
    for grain in Grain::ALL {
        deleted += sql!(
            tx.on(),
            execute,
            "DELETE FROM activity WHERE grain = $1 AND at <= $2 AND (at, kind) IN
               (SELECT at, kind FROM activity WHERE grain = $1 AND at <= $2 ORDER BY at LIMIT $3)",
            grain.as_str(),
            now.minus(grain.kept_for()).0,
            i64::from(most)
        )?;
    }
    Ok(deleted)
}
