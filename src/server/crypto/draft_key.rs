//! The key of one person's drafts of one day: derived, not stored, so that every node gives the same one.
//!
//! `HMAC-SHA256(key of the keyring, "…" ‖ user ‖ day)`, used as a key derivation function (NIST SP 800-108r1): 256 bits
//! that tell nothing about the key above them, about another user or about another day.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::{domain::ids::UserId, server::secret::SecretBytes};

/// Of no other derivation's text the beginning, so that no other derivation gives these keys.
const PURPOSE: &[u8] = b"sekisho drafts v1";

#[must_use]
pub fn derive(key: &SecretBytes, user: &UserId, day: i64) -> [u8; 32] {
    // HMAC takes keys of any length.
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key.expose())
        .unwrap_or_else(|_| unreachable!("HMAC takes any key"));
    mac.update(PURPOSE);
    // Of one length each, so that no two pairs make one text.
    mac.update(uuid::Uuid::try_parse(user.as_str()).unwrap_or_default().as_bytes());
    mac.update(&day.to_be_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_its_user_its_day_and_the_key_above_it_alone() {
        let user = |last: char| UserId::parse(&format!("0192a5c0-7d3e-7b21-9f00-0123456789a{last}")).unwrap();
        let above = |byte| SecretBytes::new(vec![byte; 32]);
        let key = derive(&above(1), &user('a'), 20_000);
        assert_eq!(key, derive(&above(1), &user('a'), 20_000));
        assert_ne!(key, derive(&above(2), &user('a'), 20_000));
        assert_ne!(key, derive(&above(1), &user('b'), 20_000));
        assert_ne!(key, derive(&above(1), &user('a'), 20_001));
    }
}
