//! The keys in use: one that signs access tokens, those that still verify, and those refresh tokens are derived under.
//!
//! One key, one purpose, one algorithm. Rows are sealed; a keyring is what they are when opened.

use std::collections::HashMap;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest as _, Sha256};

use super::seal::Sealer;
use crate::{
    domain::time::Timestamp,
    server::{rng::Rng, secret::SecretBytes, store::keys::SealedKey},
};

const SIGN: &str = "sign";
const MAC: &str = "mac";
const ED25519: &str = "EdDSA";
const HMAC: &str = "HS256";

pub struct Keyring {
    signing: (String, EncodingKey),
    verifying: HashMap<String, DecodingKey>,
    deriving: (String, SecretBytes),
    macs: HashMap<String, SecretBytes>,
    jwks: String,
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
    /// The keys of a fresh database: one to sign, one to derive.
    #[must_use]
    pub fn make(sealer: &Sealer, rng: &Rng, now: Timestamp) -> Vec<SealedKey> {
        [(SIGN, ED25519), (MAC, HMAC)]
            .into_iter()
            .map(|(purpose, algorithm)| {
                let secret = SecretBytes::new(rng.bytes::<32>().to_vec());
                let kid = BASE64_URL_SAFE_NO_PAD.encode(rng.bytes::<9>());
                let sealed = sealer.seal(&secret, &label(&kid, purpose, algorithm), rng.bytes());
                let (purpose, algorithm) = (purpose.to_owned(), algorithm.to_owned());
                SealedKey { kid, purpose, algorithm, sealed, created_at: now.0, retired_at: None }
            })
            .collect()
    }

    /// Opens rows, newest first, with the auth secret. `previous` opens what the current one doesn't; the second
    /// value is what to store in place of such rows.
    ///
    /// # Errors
    /// When a row doesn't open or a purpose has no key.
    pub fn open(
        rows: &[SealedKey],
        sealer: &Sealer,
        previous: Option<&Sealer>,
        rng: &Rng,
    ) -> Result<(Self, Vec<SealedKey>), KeyringError> {
        let mut opened = Opened::default();
        let mut resealed = Vec::new();
        for row in rows {
            let label = label(&row.kid, &row.purpose, &row.algorithm);
            let secret = match (sealer.open(&row.sealed, &label), previous) {
                (Some(secret), _) => secret,
                (None, Some(previous)) => {
                    let secret =
                        previous.open(&row.sealed, &label).ok_or(KeyringError::WrongSecret(row.kid.clone()))?;
                    resealed.push(SealedKey {
                        kid: row.kid.clone(),
                        purpose: row.purpose.clone(),
                        algorithm: row.algorithm.clone(),
                        sealed: sealer.seal(&secret, &label, rng.bytes()),
                        created_at: row.created_at,
                        retired_at: row.retired_at,
                    });
                    secret
                }
                (None, None) => return Err(KeyringError::WrongSecret(row.kid.clone())),
            };
            opened.add(row, secret)?;
        }
        Ok((opened.finish()?, resealed))
    }

    #[must_use]
    pub fn signing(&self) -> (&str, &EncodingKey) {
        (&self.signing.0, &self.signing.1)
    }

    #[must_use]
    pub fn verifying(&self, kid: &str) -> Option<&DecodingKey> {
        self.verifying.get(kid)
    }

    /// The key refresh tokens of new sessions are derived under.
    #[must_use]
    pub fn deriving(&self) -> (&str, &SecretBytes) {
        (&self.deriving.0, &self.deriving.1)
    }

    #[must_use]
    pub fn mac(&self, kid: &str) -> Option<&SecretBytes> {
        self.macs.get(kid)
    }

    /// The public keys as a JSON Web Key Set (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
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
    signing: Option<(String, EncodingKey)>,
    verifying: HashMap<String, DecodingKey>,
    deriving: Option<(String, SecretBytes)>,
    macs: HashMap<String, SecretBytes>,
    jwks: Vec<serde_json::Value>,
}

impl Opened {
    fn add(&mut self, row: &SealedKey, secret: SecretBytes) -> Result<(), KeyringError> {
        let unknown = || KeyringError::Unknown(row.kid.clone());
        let current = row.retired_at.is_none();
        match (row.purpose.as_str(), row.algorithm.as_str()) {
            (SIGN, ED25519) => {
                let key = SigningKey::from_bytes(secret.expose().try_into().map_err(|_| unknown())?);
                let public = key.verifying_key();
                let der = key.to_pkcs8_der().map_err(|_| unknown())?;
                if current && self.signing.is_none() {
                    self.signing = Some((row.kid.clone(), EncodingKey::from_ed_der(der.as_bytes())));
                }
                self.verifying.insert(row.kid.clone(), DecodingKey::from_ed_der(public.as_bytes()));
                self.jwks.push(serde_json::json!({
                    "kty": "OKP", "crv": "Ed25519", "alg": ED25519, "use": "sig", "kid": row.kid,
                    "x": BASE64_URL_SAFE_NO_PAD.encode(public.as_bytes()),
                }));
            }
            (MAC, HMAC) => {
                if current && self.deriving.is_none() {
                    self.deriving = Some((row.kid.clone(), secret.clone()));
                }
                self.macs.insert(row.kid.clone(), secret);
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    fn finish(self) -> Result<Keyring, KeyringError> {
        Ok(Keyring {
            signing: self.signing.ok_or(KeyringError::Missing("signing"))?,
            verifying: self.verifying,
            deriving: self.deriving.ok_or(KeyringError::Missing("refresh tokens"))?,
            macs: self.macs,
            jwks: serde_json::json!({ "keys": self.jwks }).to_string(),
        })
    }
}

fn label(kid: &str, purpose: &str, algorithm: &str) -> String {
    format!("{kid} {purpose} {algorithm}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&SecretBytes::new(vec![byte; 32]))
    }

    #[test]
    fn a_changed_secret_reads_the_former_keys_and_seals_them_anew() {
        let rng = Rng::seeded(1);
        let rows = Keyring::make(&sealer(1), &rng, Timestamp(0));
        assert!(matches!(Keyring::open(&rows, &sealer(2), None, &rng), Err(KeyringError::WrongSecret(_))));
        let (before, _) = Keyring::open(&rows, &sealer(1), None, &rng).unwrap();
        let (after, resealed) = Keyring::open(&rows, &sealer(2), Some(&sealer(1)), &rng).unwrap();
        assert_eq!(before.jwks(), after.jwks());
        assert_eq!(resealed.len(), 2);
        assert!(Keyring::open(&resealed, &sealer(2), None, &rng).is_ok());
    }

    #[test]
    fn the_published_set_has_public_members_only() {
        let rng = Rng::seeded(1);
        let (ring, _) = Keyring::open(&Keyring::make(&sealer(1), &rng, Timestamp(0)), &sealer(1), None, &rng).unwrap();
        let set: serde_json::Value = serde_json::from_str(ring.jwks()).unwrap();
        let key = set["keys"][0].as_object().unwrap();
        let mut names: Vec<_> = key.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(set["keys"].as_array().unwrap().len(), 1);
    }
}
