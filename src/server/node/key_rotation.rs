//! The next key to sign with, when the former has signed for long enough, or where the configuration names another
//! algorithm. It is announced as by `sekisho keys rotate`, so nobody notices but who looks at the key set.

use std::time::Duration;

use serde_json::json;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::nodes;
use crate::{
    domain::{audit::Event, time::Timestamp},
    server::{
        config::KeyPolicy,
        crypto::sealed_keys::SIGN,
        flow::{
            accounts::By,
            keys::{self, Rotation},
        },
        state::{AppState, StartError},
        store::{
            audit::Entry,
            keys::{SealedKey, list},
        },
    },
};

const LOOK: Duration = Duration::from_secs(60);

/// Looks each minute, until `stop`.
pub async fn keep(state: AppState, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = look(&state).await {
            tracing::warn!(error = %error, "the next key to sign with was not made");
        }
    }
}

/// Makes the next key if one is due and it is this node that does so.
///
/// # Errors
/// When the keys can't be read, opened or written.
pub async fn look(state: &AppState) -> Result<(), StartError> {
    let (config, now) = (&state.config, state.clock.now());
    if !is_due(&list(state.db.read()).await?, config.keys, now) || !nodes::holds_schedule(state).await? {
        return Ok(());
    }
    let by = By {
        entry: Entry::of_system(state.rng.uuid(now), now, Event::KeyRotate),
        detail: json!({ "by": "schedule" }),
        last_end: now.plus(config.lifetimes.token_life(config.strategy)).plus(LOOK),
    };
    let rotated = keys::rotate(config, &state.db, &state.rng, (Rotation::Announced, by)).await?;
    tracing::info!(kid = rotated.kid, "another key will sign soon");
    Ok(())
}

/// Whether the newest key that signs, or will, is to be followed by another.
fn is_due(rows: &[SealedKey], policy: KeyPolicy, now: Timestamp) -> bool {
    let signing = rows.iter().filter(|row| row.purpose == SIGN && row.dead_at.is_none());
    signing.max_by_key(|row| row.signs_from).is_some_and(|newest| {
        let is_old = !policy.rotation.is_zero() && Timestamp(newest.signs_from).plus(policy.rotation) <= now;
        is_old || newest.algorithm != policy.algorithm.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::crypto::signing_key::SigningAlgorithm;

    const DAY: Duration = Duration::from_hours(24);
    const POLICY: KeyPolicy = KeyPolicy { algorithm: SigningAlgorithm::EdDsa, rotation: DAY };

    fn row(signs_from: Timestamp) -> SealedKey {
        SealedKey {
            kid: "k".to_owned(),
            purpose: SIGN.to_owned(),
            algorithm: "EdDSA".to_owned(),
            sealed: Vec::new(),
            created_at: 0,
            signs_from: signs_from.0,
            retired_at: None,
            dead_at: None,
        }
    }

    #[test]
    fn a_key_is_followed_once_it_has_signed_for_long_enough() {
        let (begin, end) = (Timestamp(1_000), Timestamp(1_000).plus(DAY));
        assert!(!is_due(&[row(begin)], POLICY, Timestamp(end.0 - 1)));
        assert!(is_due(&[row(begin)], POLICY, end));
        assert!(!is_due(&[row(begin), row(end.plus(DAY))], POLICY, end), "the next is announced already");
        assert!(!is_due(&[row(begin)], KeyPolicy { rotation: Duration::ZERO, ..POLICY }, end.plus(DAY)));
    }

    #[test]
    fn another_algorithm_takes_another_key() {
        let policy = KeyPolicy { algorithm: SigningAlgorithm::Es256, ..POLICY };
        assert!(is_due(&[row(Timestamp(0))], policy, Timestamp(1)));
    }
}
