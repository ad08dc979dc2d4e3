//! The token of an invitation's link: 256 random bits. The row keeps its SHA-256 and nothing else knows it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::server::secret::SecretBytes;

#[derive(Clone, Debug)]
pub struct InviteToken(SecretBytes);

/// What a row is found by.
pub type TokenHash = [u8; 32];

impl InviteToken {
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBytes::new(bytes.to_vec()))
    }

    /// `None` for what is no token of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.as_bytes()).ok()?;
        Some(Self::new(bytes.try_into().ok()?))
    }

    /// As it stands in the link.
    #[must_use]
    pub fn expose(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.expose())
    }

    #[must_use]
    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.expose()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_its_own_text_and_from_no_other() {
        let token = InviteToken::new([7; 32]);
        assert_eq!(InviteToken::parse(&token.expose()).unwrap().hash(), token.hash());
        assert_ne!(InviteToken::new([8; 32]).hash(), token.hash());
        for odd in ["", "a", "not a token", &token.expose()[1..], &format!("{}A", token.expose()), "é"] {
            assert!(InviteToken::parse(odd).is_none(), "{odd}");
        }
        assert!(!format!("{token:?}").contains('7'));
    }
}
