//! Deletes what is past use, a batch at a time, found by index.
//!
//! Each text repeats its condition outside the subselect: on PostgreSQL a row may change between being found and
//! being deleted.

use std::time::Duration;

use super::{StoreResult, Tx, sql};
use crate::domain::{activity::Grain, throttle::Scope, time::Timestamp};

/// How long a browser is known after its last sign-in: as long as any keeps a cookie.
const KNOWN_FOR: Duration = Duration::from_secs(400 * 86_400);
/// As long as the audit log keeps its rows unless it is told otherwise.
const ALARMS_KEPT: Duration = Duration::from_secs(400 * 86_400);

/// Ten times as long as one is tried.
const DELIVERIES_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// How long one can see what became of an invitation.
const INVITES_KEPT: Duration = Duration::from_secs(30 * 86_400);

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
    /// Those too old to be of use, answered or not.
    Alarms,
    /// Counts older than any range that is shown.
    Activity,
    /// Messages to receivers, whatever became of them.
    WebhookDeliveries,
    /// Used, revoked or not: a month after their end.
    Invites,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Sessions,
        Self::WebSessions,
        Self::Revocations,
        Self::Throttles,
        Self::KnownDevices,
        Self::Alarms,
        Self::Activity,
        Self::WebhookDeliveries,
        Self::Invites,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::WebSessions => "web_sessions",
            Self::Revocations => "revocations",
            Self::Throttles => "throttles",
            Self::KnownDevices => "known_devices",
            Self::Alarms => "alarms",
            Self::Activity => "activity",
            Self::WebhookDeliveries => "webhook_deliveries",
            Self::Invites => "invites",
        }
    }
}

/// Revocations are kept for so long beyond their use, for nodes whose clocks are wrong, or were.
pub const SKEW: Duration = Duration::from_secs(2 * 60 * 60);

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    pub deleted: u64,
    /// Rows that were written at all. Fewer than were asked for: there are no more.
    pub written: u64,
}

/// Writes at most `most` rows of a kind to delete those that are past use at `now`.
///
/// # Errors
/// When the rows can't be deleted.
pub async fn delete(tx: &mut Tx, kind: Kind, now: Timestamp, most: u32) -> StoreResult<Batch> {
    let deleted = match kind {
        Kind::Sessions => return sessions(tx, now, most).await,
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
            now.minus(SKEW).0,
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
        Kind::Alarms => sql!(
            tx.on(),
            execute,
            "DELETE FROM alarms WHERE at <= $1 AND id IN (SELECT id FROM alarms WHERE at <= $1 ORDER BY at LIMIT $2)",
            now.minus(ALARMS_KEPT).0,
            i64::from(most)
        ),
        Kind::Activity => activity(tx, now, most).await,
        Kind::WebhookDeliveries => sql!(
            tx.on(),
            execute,
            "DELETE FROM webhook_deliveries WHERE created_at <= $1 AND id IN
               (SELECT id FROM webhook_deliveries WHERE created_at <= $1 ORDER BY created_at LIMIT $2)",
            now.minus(DELIVERIES_KEPT).0,
            i64::from(most)
        ),
        Kind::Invites => sql!(
            tx.on(),
            execute,
            "DELETE FROM invites WHERE expires_at <= $1 AND id IN
               (SELECT id FROM invites WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
            now.minus(INVITES_KEPT).0,
            i64::from(most)
        ),
    }?;
    Ok(Batch { deleted, written: deleted })
}

/// A session is looked at when the end it was last seen to have has come. If that has moved, by renewals or tokens, it is
/// put off until then; if not, it goes.
async fn sessions(tx: &mut Tx, now: Timestamp, most: u32) -> StoreResult<Batch> {
    let put_off: u64 = sql!(
        tx.on(),
        execute,
        "UPDATE sessions SET cleanup_at = CASE
           WHEN voucher_ends_at > (CASE absolute_end_at WHEN $3 THEN expires_at ELSE absolute_end_at END)
             THEN voucher_ends_at
           ELSE (CASE absolute_end_at WHEN $3 THEN expires_at ELSE absolute_end_at END) END
         WHERE cleanup_at <= $1
           AND (voucher_ends_at > $1 OR (CASE absolute_end_at WHEN $3 THEN expires_at ELSE absolute_end_at END) > $1)
           AND id IN (SELECT id FROM sessions WHERE cleanup_at <= $1 ORDER BY cleanup_at LIMIT $2)",
        now.0,
        i64::from(most),
        Timestamp::NEVER.0
    )?;
    let deleted: u64 = sql!(
        tx.on(),
        execute,
        "DELETE FROM sessions
         WHERE cleanup_at <= $1 AND voucher_ends_at <= $1
           AND (CASE absolute_end_at WHEN $3 THEN expires_at ELSE absolute_end_at END) <= $1
           AND id IN (SELECT id FROM sessions WHERE cleanup_at <= $1 ORDER BY cleanup_at LIMIT $2)",
        now.0,
        i64::from(most) - i64::try_from(put_off).unwrap_or(i64::MAX),
        Timestamp::NEVER.0
    )?;
    Ok(Batch { deleted, written: put_off + deleted })
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
