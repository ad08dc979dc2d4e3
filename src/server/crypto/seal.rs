//! Sealing of the keyring with the auth secret: HKDF-SHA256 (RFC 5869) and XChaCha20-Poly1305.
//!
//! A database that leaks without the auth secret gives nobody a key.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;

use crate::server::secret::SecretBytes;

const NONCE: usize = 24;

/// Opens and closes what lies in the database.
pub struct Sealer(XChaCha20Poly1305);

impl Sealer {
    #[must_use]
    pub fn new(auth_secret: &SecretBytes) -> Self {
        let mut key = chacha20poly1305::Key::default();
        // 32 bytes are always a valid length for SHA-256.
        let _ = Hkdf::<Sha256>::new(None, auth_secret.expose()).expand(b"sekisho keyring seal 1", &mut key);
        Self(XChaCha20Poly1305::new(&key))
    }

    /// `label` is bound to what is sealed and must be given again to open it.
    #[must_use]
    pub fn seal(&self, secret: &SecretBytes, label: &str, nonce: [u8; NONCE]) -> Vec<u8> {
        let payload = Payload { msg: secret.expose(), aad: label.as_bytes() };
        let sealed = self.0.encrypt(XNonce::from_slice(&nonce), payload).unwrap_or_default();
        [nonce.as_slice(), &sealed].concat()
    }

    /// `None` when the auth secret or the label is another, or the bytes were changed.
    #[must_use]
    pub fn open(&self, sealed: &[u8], label: &str) -> Option<SecretBytes> {
        let (nonce, msg) = sealed.split_at_checked(NONCE)?;
        let payload = Payload { msg, aad: label.as_bytes() };
        self.0.decrypt(XNonce::from_slice(nonce), payload).ok().map(SecretBytes::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_secret_and_label_only() {
        let sealer = Sealer::new(&SecretBytes::new(vec![1; 32]));
        let sealed = sealer.seal(&SecretBytes::new(b"key".to_vec()), "kid sign", [7; NONCE]);
        assert_eq!(sealer.open(&sealed, "kid sign").unwrap().expose(), b"key");
        assert!(sealer.open(&sealed, "kid mac").is_none());
        assert!(sealer.open(&sealed[..10], "kid sign").is_none());
        assert!(Sealer::new(&SecretBytes::new(vec![2; 32])).open(&sealed, "kid sign").is_none());
    }
}
