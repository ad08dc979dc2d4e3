//! The session token of the database strategy: 128 opaque bits, derived from the session's secret and its generation, so
//! that the same successor can be given again. The row keeps its SHA-256; neither row nor key alone gives a token.

use sha2::{Digest as _, Sha256};
use tower_sessions::session::Id;

use super::refresh_token::{SessionSecret, derive_bytes};
use crate::{domain::ids::SessionId, server::secret::SecretBytes};

const PURPOSE: &[u8] = b"sekisho session 1";

/// What a row is found by.
pub type TokenHash = [u8; 32];

/// The token of a session's generation.
#[must_use]
pub fn derive(key: &SecretBytes, secret: &SessionSecret, sid: &SessionId, generation: u64) -> Id {
    let mac = derive_bytes(PURPOSE, key, secret, (sid, generation));
    let (first, _) = mac.split_first_chunk::<16>().unwrap_or_else(|| unreachable!("a MAC has 32 bytes"));
    Id(i128::from_le_bytes(*first))
}

#[must_use]
pub fn hash(token: &Id) -> TokenHash {
    Sha256::digest(token.0.to_le_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_its_session_and_generation_alone() {
        let sid = SessionId::parse("0192a5c0-7d3e-7b21-9f00-0123456789ab").unwrap();
        let (key, secret) = (SecretBytes::new(vec![1; 32]), SessionSecret::new([2; 32]));
        let token = derive(&key, &secret, &sid, 1);
        assert_eq!(token, derive(&key, &secret, &sid, 1));
        assert_ne!(token, derive(&key, &secret, &sid, 2));
        assert_ne!(token, derive(&key, &SessionSecret::new([3; 32]), &sid, 1));
        assert_ne!(token, derive(&SecretBytes::new(vec![3; 32]), &secret, &sid, 1));
        assert_eq!(token.to_string().parse::<Id>().unwrap(), token);
    }
}
