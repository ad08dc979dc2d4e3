//! Keys as they lie in the database: made, sealed with the auth secret, and opened with it.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{keyring::KeyringError, seal::Sealer, signing_key::SigningAlgorithm};
use crate::{
    domain::time::Timestamp,
    server::{rng::Rng, secret::SecretBytes, store::keys::SealedKey},
};

/// Purpose of the keys that sign access tokens.
pub const SIGN: &str = "sign";
/// Purpose of the keys that refresh tokens are derived under.
pub const MAC: &str = "mac";
pub const HMAC: &str = "HS256";

/// Clocks of nodes may differ by this much about when the next key begins to sign.
const MARGIN: Duration = Duration::from_secs(60);

/// The keys of a fresh database: one to sign, one to derive.
#[must_use]
pub fn first(sealer: &Sealer, rng: &Rng, algorithm: SigningAlgorithm, now: Timestamp) -> Vec<SealedKey> {
    vec![signing((sealer, rng), algorithm, (now, now)), deriving((sealer, rng), now)]
}

/// Another key to derive refresh tokens under.
#[must_use]
pub fn deriving((sealer, rng): (&Sealer, &Rng), now: Timestamp) -> SealedKey {
    let secret = SecretBytes::new(rng.bytes::<32>().to_vec());
    seal((sealer, rng), (MAC, HMAC), &secret, (now, now))
}

/// Another key to sign with, made `now` for use from another moment on.
#[must_use]
pub fn signing(
    (sealer, rng): (&Sealer, &Rng),
    algorithm: SigningAlgorithm,
    (now, signs_from): (Timestamp, Timestamp),
) -> SealedKey {
    seal((sealer, rng), (SIGN, algorithm.as_str()), &algorithm.new_secret(rng), (now, signs_from))
}

fn seal(
    (sealer, rng): (&Sealer, &Rng),
    (purpose, algorithm): (&str, &str),
    secret: &SecretBytes,
    (now, signs_from): (Timestamp, Timestamp),
) -> SealedKey {
    let kid = BASE64_URL_SAFE_NO_PAD.encode(rng.bytes::<9>());
    let sealed = sealer.seal(secret, &label(&kid, purpose, algorithm), rng.bytes());
    SealedKey {
        kid,
        purpose: purpose.to_owned(),
        algorithm: algorithm.to_owned(),
        sealed,
        created_at: now.0,
        signs_from: signs_from.0,
        retired_at: None,
        dead_at: None,
    }
}

/// What rows are opened with, and how long a key that has retired is believed.
pub struct Opener {
    pub sealer: Sealer,
    /// Opens what the current auth secret doesn't.
    pub previous: Option<Sealer>,
    /// The longest life of a token that is signed today.
    pub token_life: Duration,
    /// When the last token of another strategy has ended; a moment past where there is none.
    pub vouchers_end: Timestamp,
}

impl Opener {
    pub(super) fn open(&self, row: &SealedKey) -> Result<SecretBytes, KeyringError> {
        let label = label(&row.kid, &row.purpose, &row.algorithm);
        self.unseal(&row.sealed, &label).ok_or(KeyringError::WrongSecret(row.kid.clone()))
    }

    /// Opens what was sealed under a label with this auth secret or with the previous one.
    #[must_use]
    pub fn unseal(&self, sealed: &[u8], label: &str) -> Option<SecretBytes> {
        self.sealer.open(sealed, label).or_else(|| self.previous.as_ref()?.open(sealed, label))
    }

    /// What to store in place of the rows that only the previous auth secret opens.
    ///
    /// # Errors
    /// When a row doesn't open.
    pub fn reseal(&self, rows: &[SealedKey], rng: &Rng) -> Result<Vec<SealedKey>, KeyringError> {
        let mut resealed = Vec::new();
        for row in rows.iter().filter(|row| row.dead_at.is_none()) {
            let label = label(&row.kid, &row.purpose, &row.algorithm);
            if self.sealer.open(&row.sealed, &label).is_none() {
                let sealed = self.sealer.seal(&self.open(row)?, &label, rng.bytes());
                resealed.push(SealedKey { sealed, ..row.clone() });
            }
        }
        Ok(resealed)
    }

    /// Until when tokens of a key are believed, if it is not killed before.
    #[must_use]
    pub fn believed_until(&self, row: &SealedKey) -> Timestamp {
        row.retired_at
            .filter(|_| row.purpose == SIGN)
            .map_or(Timestamp::NEVER, |at| Timestamp(at).plus(self.token_life).plus(MARGIN).max(self.vouchers_end))
    }
}

fn label(kid: &str, purpose: &str, algorithm: &str) -> String {
    format!("{kid} {purpose} {algorithm}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::server::crypto::keyring::Keyring;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&SecretBytes::new(vec![byte; 32]))
    }

    pub(in super::super) fn opener(byte: u8, token_life: Duration) -> Opener {
        Opener { sealer: sealer(byte), previous: None, token_life, vouchers_end: Timestamp(0) }
    }

    #[test]
    fn a_changed_secret_reads_the_former_keys_and_seals_them_anew() {
        let (rng, life) = (Rng::seeded(1), Duration::ZERO);
        let rows = first(&sealer(1), &rng, SigningAlgorithm::EdDsa, Timestamp(0));
        let open = |rows: &[SealedKey], opener: &Opener| Keyring::open(rows, opener, Timestamp(0));
        assert!(matches!(open(&rows, &opener(2, life)), Err(KeyringError::WrongSecret(_))));
        let changing = Opener { previous: Some(sealer(1)), ..opener(2, life) };
        let (before, after) = (open(&rows, &opener(1, life)).unwrap(), open(&rows, &changing).unwrap());
        assert_eq!(before.jwks(), after.jwks());
        let resealed = changing.reseal(&rows, &rng).unwrap();
        assert_eq!(resealed.len(), 2);
        assert!(open(&resealed, &opener(2, life)).is_ok());
        assert!(opener(2, life).reseal(&resealed, &rng).unwrap().is_empty());
    }
}
