//! The refresh token of generation *n*: derived, not stored.
//!
//! `base64url(sid ‖ n ‖ HMAC-SHA256(key, "…" ‖ session secret ‖ sid ‖ n))`. The key lies sealed in the keyring, the
//! session secret in the session's row; a database that leaks gives neither token, and the same successor can be
//! given again.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::{domain::ids::SessionId, server::secret::SecretBytes};

const LENGTH: usize = 16 + 8 + 32;
const PURPOSE: &[u8] = b"sekisho refresh 1";

/// 256 random bits of one session.
#[derive(Clone)]
pub struct SessionSecret([u8; 32]);

impl SessionSecret {
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionSecret(..)")
    }
}

/// A token as it was presented: it names a session and a generation, and proves nothing yet.
pub struct RefreshToken {
    pub sid: SessionId,
    pub generation: u64,
    mac: [u8; 32],
}

impl RefreshToken {
    /// Derives the token of a session's generation.
    #[must_use]
    pub fn derive(key: &SecretBytes, secret: &SessionSecret, sid: &SessionId, generation: u64) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(&sid_bytes(sid));
        bytes.extend_from_slice(&generation.to_be_bytes());
        bytes.extend_from_slice(&derive_bytes(PURPOSE, key, secret, (sid, generation)));
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `None` for anything that isn't of the form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != LENGTH.div_ceil(3) * 4 - 1 {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (sid, rest) = bytes.split_first_chunk::<16>()?;
        let (generation, mac) = rest.split_first_chunk::<8>()?;
        Some(Self {
            sid: SessionId::parse(&uuid::Uuid::from_bytes(*sid).to_string())?,
            generation: u64::from_be_bytes(*generation),
            mac: mac.try_into().ok()?,
        })
    }

    /// Whether it was derived under this key for the session with this secret. Constant time.
    #[must_use]
    pub fn verifies(&self, key: &SecretBytes, secret: &SessionSecret) -> bool {
        let mut bytes = sid_bytes(&self.sid).to_vec();
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        keyed(PURPOSE, key, secret, &bytes).verify_slice(&self.mac).is_ok()
    }
}

/// The MAC over what a derived token stands for, under a purpose of its own.
#[must_use]
pub fn derive_bytes(
    purpose: &[u8],
    key: &SecretBytes,
    secret: &SessionSecret,
    (sid, generation): (&SessionId, u64),
) -> [u8; 32] {
    let mut bytes = sid_bytes(sid).to_vec();
    bytes.extend_from_slice(&generation.to_be_bytes());
    keyed(purpose, key, secret, &bytes).finalize().into_bytes().into()
}

fn keyed(purpose: &[u8], key: &SecretBytes, secret: &SessionSecret, named: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key.expose())
        .unwrap_or_else(|_| unreachable!("HMAC takes any key"));
    mac.update(purpose);
    mac.update(secret.expose());
    mac.update(named);
    mac
}

fn sid_bytes(sid: &SessionId) -> [u8; 16] {
    // A SessionId is a UUID by construction.
    uuid::Uuid::try_parse(sid.as_str()).unwrap_or_default().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sid() -> SessionId {
        SessionId::parse("0192a5c0-7d3e-7b21-9f00-0123456789ab").unwrap()
    }

    #[test]
    fn a_token_verifies_for_its_own_key_session_and_generation_only() {
        let (key, secret) = (SecretBytes::new(vec![1; 32]), SessionSecret::new([2; 32]));
        let text = RefreshToken::derive(&key, &secret, &sid(), 7);
        let token = RefreshToken::parse(&text).unwrap();
        assert_eq!((&token.sid, token.generation), (&sid(), 7));
        assert!(token.verifies(&key, &secret));
        assert!(!token.verifies(&SecretBytes::new(vec![9; 32]), &secret));
        assert!(!token.verifies(&key, &SessionSecret::new([9; 32])));
        assert!(!RefreshToken { generation: 8, ..token }.verifies(&key, &secret));
    }

    #[test]
    fn the_same_generation_gives_the_same_token_again() {
        let (key, secret) = (SecretBytes::new(vec![1; 32]), SessionSecret::new([2; 32]));
        assert_eq!(RefreshToken::derive(&key, &secret, &sid(), 1), RefreshToken::derive(&key, &secret, &sid(), 1));
        assert_ne!(RefreshToken::derive(&key, &secret, &sid(), 1), RefreshToken::derive(&key, &secret, &sid(), 2));
    }

    #[test]
    fn a_session_secret_prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", SessionSecret::new([207; 32])), "SessionSecret(..)");
    }

    #[test]
    fn what_is_not_of_the_form_is_no_token() {
        for text in ["", "a", "eyJhbGciOiJFZERTQSJ9.e30.x", &"A".repeat(76), &"=".repeat(75), &"ä".repeat(40)] {
            assert!(RefreshToken::parse(text).is_none(), "{text}");
        }
    }
}
