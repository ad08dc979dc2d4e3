//! `sekisho keys`: which keys there are, and the next one.

use serde::Serialize;
use serde_json::json;

use super::{
    direct::{Direct, shown},
    failure::Failure,
    out::{Out, Row},
};
use crate::{
    domain::{audit::Event, strategy::Strategy, time::Timestamp},
    server::{
        config::Config,
        crypto::sealed_keys::{Opener, SIGN},
        flow::keys::{self as flow, OpenerError, Rotated, Rotation},
        state::StartError,
        store::keys::{self, SealedKey},
    },
};

/// What a key does at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It will sign.
    Published,
    Signs,
    /// It signs no more; what it signed is believed.
    Verifies,
    /// Every token it signed has ended.
    Past,
    /// Nothing it signed is believed.
    Dead,
    /// Refresh tokens are made under it.
    Derives,
}

impl State {
    fn of(key: &SealedKey, believed_until: Timestamp, now: Timestamp) -> Self {
        let past = |at: i64| at <= now.0;
        match key {
            key if key.dead_at.is_some() => Self::Dead,
            key if key.purpose != SIGN => Self::Derives,
            key if !past(key.signs_from) => Self::Published,
            key if !key.retired_at.is_some_and(past) => Self::Signs,
            _ if now < believed_until => Self::Verifies,
            _ => Self::Past,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signs => "signs",
            Self::Verifies => "verifies",
            Self::Past => "past",
            Self::Dead => "dead",
            Self::Derives => "derives",
        }
    }
}

#[derive(Serialize)]
struct KeyRow {
    kid: String,
    purpose: String,
    algorithm: String,
    state: State,
    created_at: i64,
    signs_from: i64,
    retired_at: Option<i64>,
    believed_until: Option<i64>,
    dead_at: Option<i64>,
}

impl KeyRow {
    fn of(key: SealedKey, opener: &Opener, now: Timestamp) -> Self {
        let believed_until = opener.believed_until(&key);
        Self {
            state: State::of(&key, believed_until, now),
            kid: key.kid,
            purpose: key.purpose,
            algorithm: key.algorithm,
            created_at: key.created_at,
            signs_from: key.signs_from,
            retired_at: key.retired_at,
            believed_until: believed_until.finite(),
            dead_at: key.dead_at,
        }
    }
}

impl Row for KeyRow {
    const HEAD: &'static [&'static str] = &["KEY", "PURPOSE", "ALGORITHM", "STATE", "SIGNS FROM", "BELIEVED UNTIL"];

    fn cells(&self) -> Vec<String> {
        let until = match (self.dead_at, self.believed_until) {
            (Some(at), _) => format!("{} (killed)", shown(Timestamp(at))),
            (None, Some(at)) => shown(Timestamp(at)),
            (None, None) => "further notice".to_owned(),
        };
        vec![
            self.kid.clone(),
            self.purpose.clone(),
            self.algorithm.clone(),
            self.state.as_str().to_owned(),
            shown(Timestamp(self.signs_from)),
            until,
        ]
    }
}

impl From<OpenerError> for Failure {
    fn from(error: OpenerError) -> Self {
        StartError::from(error).into()
    }
}

/// # Errors
/// When the database can't be opened or read, or the auth secret is missing.
pub async fn list(config: &Config, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let opener = flow::opener(config, &direct.db, (true, [0; 32])).await?;
    let keys = keys::list(direct.db.read()).await?;
    direct.db.close().await;
    let mut rows: Vec<KeyRow> = keys.into_iter().map(|key| KeyRow::of(key, &opener, direct.now)).collect();
    // Stable: each kind stays in its order.
    rows.sort_by_key(|row| row.state == State::Dead);
    out.table(&rows);
    Ok(())
}

/// # Errors
/// When the database has no keys yet, or this auth secret doesn't open those it has.
pub async fn rotate(config: &Config, rotation: Rotation, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let rotated = make(config, &direct, rotation).await;
    direct.db.close().await;
    let Rotated { kid, signs_from, dead } = rotated?;
    let text = match rotation {
        Rotation::Announced => format!(
            "key {kid} is published and signs from {} on; tokens of the former key are believed until they end",
            shown(signs_from)
        ),
        Rotation::Now | Rotation::All => format!("key {kid} signs from now on; {}", effect(config.strategy)),
    };
    out.done(&text, &json!({ "kid": kid, "signs_from": signs_from.0, "dead": dead }));
    Ok(())
}

/// The next keys, with their audit row.
///
/// # Errors
/// As [`rotate`].
pub(super) async fn make(config: &Config, direct: &Direct, rotation: Rotation) -> Result<Rotated, StartError> {
    let by = direct.by(Event::KeyRotate);
    flow::rotate(config, &direct.db, &direct.rng, (rotation, by)).await
}

/// What it means to people that no token signed so far is believed.
fn effect(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Jwt => "no token signed before is believed: everyone signs in anew",
        Strategy::Database => {
            "no token signed before is believed: services have to ask for new ones, nobody is signed out"
        }
        Strategy::Hybrid => "no access token signed before is believed: browsers renew theirs, nobody is signed out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(signs_from: i64, retired_at: Option<i64>, dead_at: Option<i64>) -> SealedKey {
        let (kid, purpose, algorithm) = ("k".to_owned(), SIGN.to_owned(), "EdDSA".to_owned());
        SealedKey { kid, purpose, algorithm, sealed: vec![], created_at: 0, signs_from, retired_at, dead_at }
    }

    #[test]
    fn a_key_is_called_by_what_it_does_at_this_moment() {
        let state = |key: &SealedKey, now| State::of(key, Timestamp(300), Timestamp(now));
        let life = key(100, Some(200), None);
        assert_eq!(
            [99, 100, 199, 200, 299, 300].map(|now| state(&life, now)),
            [State::Published, State::Signs, State::Signs, State::Verifies, State::Verifies, State::Past]
        );
        assert_eq!(state(&key(100, None, Some(150)), 120), State::Dead);
        let mac = SealedKey { purpose: "mac".to_owned(), ..key(0, None, None) };
        assert_eq!(state(&mac, 1), State::Derives);
    }
}
