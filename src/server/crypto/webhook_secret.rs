//! The secret that a webhook's messages are signed with, and the signature (Standard Webhooks, scheme `v1`):
//! `base64(HMAC-SHA256(secret, id ‖ "." ‖ seconds ‖ "." ‖ body))`.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::sealed_keys::Opener;
use crate::{
    domain::time::Timestamp,
    server::{rng::Rng, secret::SecretBytes},
};

const PREFIX: &str = "whsec_";

#[derive(Clone, Debug)]
pub struct WebhookSecret(SecretBytes);

impl WebhookSecret {
    #[must_use]
    pub fn generate(rng: &Rng) -> Self {
        Self(SecretBytes::new(rng.bytes::<32>().to_vec()))
    }

    /// Opens the secret of a webhook. `None` where the auth secret has become another.
    #[must_use]
    pub fn open(opener: &Opener, webhook: &str, sealed: &[u8]) -> Option<Self> {
        opener.unseal(sealed, &label(webhook)).map(Self)
    }

    /// As it lies in the database: bound to its webhook, so that the row of another can't lend it.
    #[must_use]
    pub fn seal(&self, opener: &Opener, webhook: &str, rng: &Rng) -> Vec<u8> {
        opener.sealer.seal(&self.0, &label(webhook), rng.bytes())
    }

    /// What to store in place of what only the previous auth secret opens; `None` where nothing is to be done, or can be.
    #[must_use]
    pub fn reseal(opener: &Opener, webhook: &str, (sealed, rng): (&[u8], &Rng)) -> Option<Vec<u8>> {
        if opener.sealer.open(sealed, &label(webhook)).is_some() {
            return None;
        }
        Self::open(opener, webhook, sealed).map(|secret| secret.seal(opener, webhook, rng))
    }

    /// As its receiver is given it, once.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{PREFIX}{}", BASE64_STANDARD.encode(self.0.expose()))
    }

    /// One signature of a message that is sent at a moment.
    #[must_use]
    pub fn sign(&self, id: &str, at: Timestamp, body: &str) -> String {
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(self.0.expose())
            .unwrap_or_else(|_| unreachable!("HMAC takes any key"));
        mac.update(format!("{id}.{}.{body}", at.as_secs()).as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

fn label(webhook: &str) -> String {
    format!("webhook {webhook}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::crypto::seal::Sealer;

    fn opener(byte: u8, previous: Option<u8>) -> Opener {
        let sealer = |byte| Sealer::new(&SecretBytes::new(vec![byte; 32]));
        let token_life = std::time::Duration::ZERO;
        Opener { sealer: sealer(byte), previous: previous.map(sealer), token_life, vouchers_end: Timestamp(0) }
    }

    /// The example that the specification's own libraries are tested with.
    #[test]
    fn the_signature_is_that_of_the_published_example() {
        let secret = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let secret = WebhookSecret(SecretBytes::new(secret));
        assert_eq!(secret.shown(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", Timestamp::from_secs(1_614_265_330), r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_opens_for_its_own_webhook_and_is_sealed_anew_when_the_auth_secret_changes() {
        let rng = Rng::seeded(1);
        let secret = WebhookSecret::generate(&rng);
        let sealed = secret.seal(&opener(1, None), "a", &rng);
        let open = |opener: &Opener, webhook, sealed: &[u8]| {
            WebhookSecret::open(opener, webhook, sealed).map(|secret| secret.shown())
        };
        assert_eq!(open(&opener(1, None), "a", &sealed), Some(secret.shown()));
        assert_eq!(open(&opener(1, None), "b", &sealed), None);
        assert_eq!(open(&opener(2, None), "a", &sealed), None);
        let changing = opener(2, Some(1));
        let anew = WebhookSecret::reseal(&changing, "a", (&sealed, &rng)).unwrap();
        assert_eq!(open(&opener(2, None), "a", &anew), Some(secret.shown()));
        assert_eq!(WebhookSecret::reseal(&changing, "a", (&anew, &rng)), None);
        assert_eq!(WebhookSecret::reseal(&opener(3, None), "a", (&sealed, &rng)), None);
        assert!(!format!("{secret:?}").contains("whsec"));
    }
}
