//! The token of an invitation's link: 256 random bits. The row keeps its SHA-256 and nothing else knows it, but for the minutes
//! in which a page without scripts is yet to show it: then it lies there sealed.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::sealed_keys::Opener;
use crate::{
    domain::ids::InviteId,
    server::{rng::Rng, secret::SecretBytes},
};

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

    /// As it waits to be shown: bound to its invitation.
    #[must_use]
    pub fn seal(&self, opener: &Opener, invite: &InviteId, rng: &Rng) -> Vec<u8> {
        opener.sealer.seal(&self.0, &label(invite), rng.bytes())
    }

    /// `None` for what was not sealed for this invitation, or with another auth secret.
    #[must_use]
    pub fn open(opener: &Opener, invite: &InviteId, sealed: &[u8]) -> Option<Self> {
        opener.unseal(sealed, &label(invite)).map(Self)
    }

    #[must_use]
    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.expose()).into()
    }
}

fn label(invite: &InviteId) -> String {
    format!("invite {invite}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::server::crypto::sealed_keys::tests::opener;

    #[test]
    fn a_sealed_token_opens_for_its_own_invitation() {
        let id = |last: char| InviteId::parse(&format!("0192a5c0-7d3e-7b21-9f00-0123456789a{last}")).unwrap();
        let (opener, rng) = (opener(1, Duration::ZERO), Rng::seeded(1));
        let token = InviteToken::new([7; 32]);
        let sealed = token.seal(&opener, &id('a'), &rng);
        assert_eq!(InviteToken::open(&opener, &id('a'), &sealed).unwrap().hash(), token.hash());
        assert!(InviteToken::open(&opener, &id('b'), &sealed).is_none());
    }

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
