//! The keys in use: those that sign access tokens, each from its time on, those that still verify, and those refresh
//! tokens are derived under.
//!
//! One key, one purpose, one algorithm. Rows are sealed; a keyring is what they are when opened. It never changes:
//! when the rows do, another takes its place in the [`Ring`], while who has begun with the former goes on with it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::{ArcSwap, Guard};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Header, errors::Error};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    sealed_keys::{HMAC, MAC, Opener, SIGN},
    signing_key::{Signer, SigningAlgorithm, SigningKey},
};
use crate::{
    domain::time::Timestamp,
    server::{secret::SecretBytes, store::keys::SealedKey},
};

/// How long others may keep the set of public keys.
pub const CACHED_FOR: Duration = Duration::from_secs(5 * 60);
/// How long before its first use a key is published: whoever keeps a set has asked again by then.
pub const PUBLISHED_FOR: Duration = Duration::from_secs(2 * CACHED_FOR.as_secs());
/// The keyring of a running node.
pub struct Ring {
    current: ArcSwap<Keyring>,
    opener: Opener,
}

impl Ring {
    #[must_use]
    pub fn new(keyring: Keyring, opener: Opener) -> Self {
        Self { current: ArcSwap::from_pointee(keyring), opener }
    }

    /// The keyring at this moment.
    #[must_use]
    pub fn now(&self) -> Guard<Arc<Keyring>> {
        self.current.load()
    }

    /// What opens the rows, and seals whatever else is a secret.
    #[must_use]
    pub fn opener(&self) -> &Opener {
        &self.opener
    }

    /// Puts what the rows say now into the place of the keyring. Where they don't open, the former stays, but for the
    /// keys that are dead.
    ///
    /// # Errors
    /// When a row doesn't open or a purpose has no key.
    pub fn replace(&self, rows: &[SealedKey], now: Timestamp) -> Result<(), KeyringError> {
        let opened = Keyring::open(rows, &self.opener, now);
        let failure = match opened {
            Ok(keyring) => {
                self.current.store(Arc::new(keyring));
                return Ok(());
            }
            Err(failure) => failure,
        };
        let mut left = Keyring::clone(&self.now());
        let is_dead = |kid: &String| rows.iter().any(|row| row.kid == *kid && row.dead_at.is_some());
        left.verifying.retain(|kid, _| !is_dead(kid));
        left.macs.retain(|kid, _| !is_dead(kid));
        self.current.store(Arc::new(left));
        Err(failure)
    }
}

#[derive(Clone)]
pub struct Keyring {
    /// What begins last comes first.
    signing: Vec<Signing>,
    verifying: HashMap<String, Verifying>,
    deriving: (String, SecretBytes),
    macs: HashMap<String, Mac>,
    jwks: String,
    changes_at: Timestamp,
}

/// A key as it signs.
#[derive(Clone)]
pub struct Signing {
    pub kid: String,
    pub algorithm: Algorithm,
    pub key: Signer,
    from: Timestamp,
}

impl Signing {
    /// Claims of a type (header `typ`), signed.
    ///
    /// # Errors
    /// When they can't be written as JSON.
    pub fn jws(&self, typ: &str, claims: &impl Serialize) -> Result<String, Error> {
        let (typ, kid) = (Some(typ.to_owned()), Some(self.kid.clone()));
        self.key.jws(&Header { typ, kid, ..Header::new(self.algorithm) }, claims)
    }
}

/// A key to derive under.
#[derive(Clone)]
struct Mac {
    key: SecretBytes,
    from: Timestamp,
}

/// A key as it verifies.
#[derive(Clone)]
pub struct Verifying {
    pub algorithm: Algorithm,
    pub key: DecodingKey,
}

/// Why the rows make no keyring.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("auth_secret: does not open key {0} of this database (was it changed? set auth_secret_previous)")]
    WrongSecret(String),
    #[error("key {0} is of a kind this binary does not know")]
    Unknown(String),
    #[error("the database holds no key for {0}")]
    Missing(&'static str),
}

impl Keyring {
    /// Opens rows, newest first, less those that are believed no more at `now`.
    ///
    /// # Errors
    /// When a row doesn't open or a purpose has no key.
    pub fn open(rows: &[SealedKey], opener: &Opener, now: Timestamp) -> Result<Self, KeyringError> {
        let mut opened = Opened::default();
        let mut changes_at = Timestamp::NEVER;
        for row in rows.iter().filter(|row| row.dead_at.is_none()) {
            let until = opener.believed_until(row);
            if until > now {
                changes_at = changes_at.min(until);
                opened.add(row, opener.open(row)?)?;
            }
        }
        opened.finish(changes_at)
    }

    /// The key that signs at `now`: the one that began last. Where the clock says that none has begun, the first.
    #[must_use]
    pub fn signing(&self, now: Timestamp) -> &Signing {
        let begun = self.signing.iter().find(|key| key.from <= now);
        begun.unwrap_or_else(|| &self.signing[self.signing.len() - 1])
    }

    #[must_use]
    pub fn verifying(&self, kid: &str) -> Option<&Verifying> {
        self.verifying.get(kid)
    }

    /// The key refresh tokens of new sessions are derived under.
    #[must_use]
    pub fn deriving(&self) -> (&str, &SecretBytes) {
        (&self.deriving.0, &self.deriving.1)
    }

    #[must_use]
    pub fn mac(&self, kid: &str) -> Option<&SecretBytes> {
        self.macs.get(kid).map(|mac| &mac.key)
    }

    /// The key that what belongs to a past moment is derived under: the newest that had begun by then. A key that begins
    /// later changes nothing about it, on no node. Before the first key of all, that one.
    #[must_use]
    pub fn deriving_at(&self, at: Timestamp) -> &SecretBytes {
        let age = |mac: &(&String, &Mac)| (mac.1.from, mac.0.clone());
        let newest = self.macs.iter().filter(|(_, mac)| mac.from <= at).max_by_key(age);
        newest.or_else(|| self.macs.iter().min_by_key(age)).map_or(&self.deriving.1, |(_, mac)| &mac.key)
    }

    /// The public keys as a JSON Web Key Set (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// When a key is no longer believed, and the rows make another keyring.
    #[must_use]
    pub fn changes_at(&self) -> Timestamp {
        self.changes_at
    }

    /// A short name of this keyring's auth secret for `config show`: tells two apart, gives neither away.
    #[must_use]
    pub fn fingerprint(secret: &SecretBytes) -> String {
        let hash = Sha256::digest([b"sekisho fingerprint".as_slice(), secret.expose()].concat());
        BASE64_URL_SAFE_NO_PAD.encode(&hash[..6])
    }
}

#[derive(Default)]
struct Opened {
    signing: Vec<Signing>,
    verifying: HashMap<String, Verifying>,
    deriving: Option<(String, SecretBytes)>,
    macs: HashMap<String, Mac>,
    jwks: Vec<serde_json::Value>,
}

impl Opened {
    fn add(&mut self, row: &SealedKey, secret: SecretBytes) -> Result<(), KeyringError> {
        let unknown = || KeyringError::Unknown(row.kid.clone());
        match (row.purpose.as_str(), row.algorithm.as_str()) {
            (SIGN, name) => {
                let algorithm = SigningAlgorithm::parse(name).ok_or_else(unknown)?;
                let key = SigningKey::open(&row.kid, algorithm, &secret).ok_or_else(unknown)?;
                let (kid, algorithm, from) = (row.kid.clone(), key.algorithm, Timestamp(row.signs_from));
                self.signing.push(Signing { kid: kid.clone(), algorithm, key: key.signer, from });
                self.verifying.insert(kid, Verifying { algorithm, key: key.decoding });
                self.jwks.push(key.jwk);
            }
            (MAC, HMAC) => {
                if row.retired_at.is_none() && self.deriving.is_none() {
                    self.deriving = Some((row.kid.clone(), secret.clone()));
                }
                self.macs.insert(row.kid.clone(), Mac { key: secret, from: Timestamp(row.signs_from) });
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    fn finish(mut self, changes_at: Timestamp) -> Result<Keyring, KeyringError> {
        // Stable: of two that begin at once the newer signs.
        self.signing.sort_by_key(|key| std::cmp::Reverse(key.from));
        if self.signing.is_empty() {
            return Err(KeyringError::Missing("signing"));
        }
        Ok(Keyring {
            signing: self.signing,
            verifying: self.verifying,
            deriving: self.deriving.ok_or(KeyringError::Missing("refresh tokens"))?,
            macs: self.macs,
            jwks: serde_json::json!({ "keys": self.jwks }).to_string(),
            changes_at,
        })
    }
}

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
