//! The keyring of a node, from the rows: opened at the start, read again when the feed says so; and its rotation.

use serde_json::json;

use crate::{
    domain::{
        revocation::{Revocation, Subject},
        session::EndReason,
        strategy::Strategy,
        time::Timestamp,
    },
    server::{
        config::{Config, Faults},
        crypto::{
            keyring::{Keyring, KeyringError, PUBLISHED_FOR, Ring},
            seal::Sealer,
            sealed_keys::{self, Opener},
        },
        flow::accounts::By,
        rng::Rng,
        state::{AppState, StartError},
        store::{
            Db, StoreError, StoreResult, Tx,
            audit::{self, Entry},
            guards::{self, Guard},
            keys::{self, SealedKey},
            strategy_ends,
        },
    },
};

/// Opens the keyring. Keys are made where the database knows none, and only there.
///
/// # Errors
/// When the auth secret is missing or another, or the database can't be read or written.
pub async fn open(config: &Config, db: &Db, rng: &Rng, now: Timestamp) -> Result<Ring, StartError> {
    let mut rows = keys::list(db.read()).await?;
    let opener = opener(config, db, (!rows.is_empty(), rng.bytes())).await?;
    if rows.is_empty() {
        let made = sealed_keys::first(&opener.sealer, rng, config.keys.algorithm, now);
        db.write(move |tx| Box::pin(async move { insert_first(tx, &made).await })).await?;
        rows = keys::list(db.read()).await?;
    }
    let keyring = Keyring::open(&rows, &opener, now)?;
    let resealed = opener.reseal(&rows, rng)?;
    if !resealed.is_empty() {
        db.write(move |tx| Box::pin(async move { store_anew(tx, &resealed).await })).await?;
    }
    Ok(Ring::new(keyring, opener))
}

/// Another process may be starting on the same database: whoever is first makes the keys.
async fn insert_first(tx: &mut Tx, made: &[SealedKey]) -> StoreResult<()> {
    guards::hold(tx, Guard::Keys).await?;
    if keys::list(tx.read()).await?.is_empty() {
        for key in made {
            keys::insert(tx, key).await?;
        }
    }
    Ok(())
}

async fn store_anew(tx: &mut Tx, resealed: &[SealedKey]) -> StoreResult<()> {
    for key in resealed {
        keys::reseal(tx, &key.kid, &key.sealed).await?;
    }
    Ok(())
}

/// Why an opener could not be had.
#[derive(Debug, thiserror::Error)]
pub enum OpenerError {
    #[error(transparent)]
    Secret(#[from] Faults),
    #[error("database.url: {0}")]
    Store(#[from] StoreError),
}

impl From<OpenerError> for StartError {
    fn from(error: OpenerError) -> Self {
        match error {
            OpenerError::Secret(faults) => Self::Config(faults),
            OpenerError::Store(error) => Self::Store(error),
        }
    }
}

/// What the rows of this database are opened with. `has_keys` and what a fresh secret is made of are for
/// [`Config::secret`].
///
/// # Errors
/// When the auth secret is missing, or the database can't be read.
pub async fn opener(config: &Config, db: &Db, (has_keys, fresh): (bool, [u8; 32])) -> Result<Opener, OpenerError> {
    Ok(Opener {
        sealer: Sealer::new(&config.secret(has_keys, fresh)?),
        previous: config.auth_secret_previous.as_ref().map(Sealer::new),
        token_life: config.lifetimes.token_life(config.strategy),
        vouchers_end: strategy_ends::last(db.read(), Strategy::Jwt).await?.unwrap_or_default(),
    })
}

/// Why the keys could not be read again.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

/// Reads the keys again, as when others have changed them.
///
/// # Errors
/// When the database can't be read; when a key doesn't open, after which the former keyring stays, less the dead.
pub async fn read_again(state: &AppState, now: Timestamp) -> Result<(), ReadError> {
    let rows = keys::list(state.db.read()).await?;
    Ok(state.keyring.replace(&rows, now)?)
}

/// How the next key begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Everyone has learnt of it before it signs; tokens of the former are believed until they end.
    Announced,
    /// At once, and no token of a former key is believed any more.
    Now,
    /// The same, and no refresh token either: they are derived under another key from now on.
    All,
}

impl Rotation {
    #[must_use]
    pub fn signs_from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Announced => now.plus(PUBLISHED_FOR),
            Self::Now | Self::All => now,
        }
    }
}

/// What a rotation came to.
#[derive(Debug)]
pub struct Rotated {
    pub kid: String,
    pub signs_from: Timestamp,
    /// The keys that are dead by it.
    pub dead: Vec<String>,
}

/// Makes the next key to sign with, sealed with this auth secret, which has to open the keys there are: the nodes would
/// not open the new one otherwise.
///
/// # Errors
/// When the auth secret is missing or another, the database has no keys yet, or it can't be read or written.
pub async fn rotate(
    config: &Config,
    db: &Db,
    rng: &Rng,
    (rotation, mut by): (Rotation, By),
) -> Result<Rotated, StartError> {
    let now = by.entry.at;
    let opener = opener(config, db, (true, rng.bytes())).await?;
    Keyring::open(&keys::list(db.read()).await?, &opener, now)?;
    let signs_from = rotation.signs_from(now);
    let mut new = vec![sealed_keys::signing((&opener.sealer, rng), config.keys.algorithm, (now, signs_from))];
    let kid = new[0].kid.clone();
    if rotation == Rotation::All {
        new.push(sealed_keys::deriving((&opener.sealer, rng), now));
    }
    by.detail["kid"] = json!(kid);
    by.detail["signs_from"] = json!(signs_from.0);
    by.detail["now"] = json!(rotation != Rotation::Announced);
    by.detail["refresh_tokens"] = json!(rotation == Rotation::All);
    let dead = db.write(move |tx| Box::pin(async move { put_in_place(tx, &new, rotation, by).await })).await?;
    Ok(Rotated { kid, signs_from, dead })
}

/// One transaction with what tells the nodes.
async fn put_in_place(tx: &mut Tx, new: &[SealedKey], rotation: Rotation, by: By) -> StoreResult<Vec<String>> {
    guards::hold(tx, Guard::Keys).await?;
    let mut dead = Vec::new();
    for key in new {
        keys::insert(tx, key).await?;
        match rotation {
            Rotation::Announced => keys::retire_former(tx, key).await?,
            Rotation::Now | Rotation::All => dead.extend(keys::kill_former(tx, key, by.entry.at).await?),
        }
    }
    for subject in dead.iter().cloned().map(Subject::Key).chain([Subject::Keys]) {
        tx.revoke(Revocation { subject, reason: EndReason::None, until: by.last_end });
    }
    audit::append(tx, &Entry { detail: Some(by.detail.to_string()), ..by.entry }).await?;
    Ok(dead)
}
