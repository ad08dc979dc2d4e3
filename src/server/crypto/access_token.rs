//! Signing and verifying access tokens (RFC 9068, RFC 8725), with a cache of those that verified.
//!
//! The signature is the whole cost of a check. So a token that verified is remembered by its SHA-256; whether it has
//! ended, is revoked or its key still stands is asked on every hit, and a refusal is never remembered.
//! A header's `jwk`, `jku` or `x5u` is never looked at: the key is ours by `kid`, and each key has one algorithm.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use quick_cache::sync::Cache;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::keyring::Keyring;
use crate::domain::{access_claims::AccessClaims, time::Timestamp};

const TYP: &str = "at+jwt";
/// Longer than any of ours; nothing is computed over more.
const LONGEST: usize = 4096;
const CACHED: usize = 16_384;

/// A token whose signature, type, issuer and audience are right.
#[derive(Debug)]
pub struct Verified {
    pub kid: String,
    pub claims: AccessClaims,
}

pub struct AccessTokens {
    issuer: String,
    audience: String,
    cache: Cache<[u8; 32], Arc<Verified>>,
}

/// What a look at a token brought.
pub enum Seen {
    /// Not ours, or changed on its way.
    Invalid,
    /// Verified here before.
    Known(Arc<Verified>),
    /// Verified now for the first time on this node.
    New(Arc<Verified>),
}

impl AccessTokens {
    /// Issuer and audience are the public URL, and no other is taken.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        Self { issuer: public_url.to_owned(), audience: public_url.to_owned(), cache: Cache::new(CACHED) }
    }

    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Signs with the keyring's current key.
    ///
    /// # Errors
    /// When they can't be written as JSON.
    pub fn sign(&self, keyring: &Keyring, claims: &AccessClaims) -> Result<String, jsonwebtoken::errors::Error> {
        keyring.signing(Timestamp::from_secs(claims.iat)).jws(TYP, claims)
    }

    /// Whether a token says that it is ours: that we issued it, or that a key of ours signed it. Nothing is verified: this tells
    /// what is to be judged from what was never meant for us.
    #[must_use]
    pub fn claims_to_be_ours(&self, keyring: &Keyring, token: &str) -> bool {
        let mut parts = token.split('.').map(json);
        let (Some(header), Some(payload)) = (parts.next(), parts.next()) else { return false };
        let text = |part: &Option<Value>, name: &str| Some(part.as_ref()?.get(name)?.as_str()?.to_owned());
        let by_key = text(&header, "kid").is_some_and(|kid| keyring.verifying(&kid).is_some());
        by_key || text(&payload, "iss").is_some_and(|issuer| issuer == self.issuer)
    }

    #[must_use]
    pub fn look(&self, keyring: &Keyring, token: &str) -> Seen {
        if token.len() > LONGEST {
            return Seen::Invalid;
        }
        let name: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(verified) = self.cache.get(&name) {
            return if keyring.verifying(&verified.kid).is_some() { Seen::Known(verified) } else { Seen::Invalid };
        }
        match self.verify(keyring, token) {
            Some(verified) => {
                let verified = Arc::new(verified);
                self.cache.insert(name, Arc::clone(&verified));
                Seen::New(verified)
            }
            None => Seen::Invalid,
        }
    }

    fn verify(&self, keyring: &Keyring, token: &str) -> Option<Verified> {
        if !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return None;
        }
        let header = decode_header(token).ok()?;
        let typed = header.typ.as_deref().is_some_and(|typ| typ == TYP || typ == "application/at+jwt");
        if !typed {
            return None;
        }
        let kid = header.kid?;
        let verifying = keyring.verifying(&kid)?;
        let claims = decode::<AccessClaims>(token, &verifying.key, &self.validation(verifying.algorithm)).ok()?.claims;
        Some(Verified { kid, claims })
    }

    /// Times are judged by `AccessClaims::freshness`, with the clock handed in; here only what never changes.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.set_audience(&[&self.audience]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        validation
    }
}

/// A part of a token as what it says.
fn json(part: &str) -> Option<Value> {
    if part.len() > LONGEST {
        return None;
    }
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jsonwebtoken::Header;

    use super::*;
    use crate::{
        domain::access_claims::tests::claims,
        server::{
            crypto::{keyring::Signing, seal::Sealer, sealed_keys, signing_key::SigningAlgorithm},
            rng::Rng,
            secret::SecretBytes,
        },
    };

    fn keyring(seed: u64) -> Keyring {
        keyring_of(seed, SigningAlgorithm::EdDsa)
    }

    fn keyring_of(seed: u64, algorithm: SigningAlgorithm) -> Keyring {
        let (rng, sealer) = (Rng::seeded(seed), Sealer::new(&SecretBytes::new(vec![1; 32])));
        let rows = sealed_keys::first(&sealer, &rng, algorithm, Timestamp(0));
        Keyring::open(&rows, &sealed_keys::tests::opener(1, Duration::ZERO), Timestamp(0)).unwrap()
    }

    fn tokens() -> AccessTokens {
        AccessTokens::new("http://localhost:3000")
    }

    fn taken(token: &str) -> bool {
        !matches!(tokens().look(&keyring(1), token), Seen::Invalid)
    }

    #[test]
    fn a_token_is_new_once_and_known_from_then_on() {
        let (ring, tokens) = (keyring(1), tokens());
        let token = tokens.sign(&ring, &claims()).unwrap();
        assert!(matches!(tokens.look(&ring, &token), Seen::New(verified) if verified.claims == claims()));
        assert!(matches!(tokens.look(&ring, &token), Seen::Known(_)));
        assert!(matches!(tokens.look(&keyring(2), &token), Seen::Invalid), "a key that is gone takes its tokens along");
    }

    #[test]
    fn each_algorithm_signs_and_verifies_and_neither_takes_the_others() {
        for algorithm in SigningAlgorithm::ALL {
            let ring = keyring_of(1, algorithm);
            let token = tokens().sign(&ring, &claims()).unwrap();
            let header = decode_header(&token).unwrap();
            assert_eq!(format!("{:?}", header.alg).to_uppercase(), algorithm.as_str().to_uppercase());
            assert!(matches!(tokens().look(&ring, &token), Seen::New(_)), "{algorithm:?}");
            // The same name of a key, and another algorithm.
            let (_, rest) = token.split_once('.').unwrap();
            let kid = &ring.signing(Timestamp(0)).kid;
            for other in ["EdDSA", "ES256", "HS256", "none"].into_iter().filter(|name| *name != algorithm.as_str()) {
                let header = format!(r#"{{"alg":"{other}","typ":"at+jwt","kid":"{kid}"}}"#);
                let token = format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(header));
                assert!(matches!(tokens().look(&ring, &token), Seen::Invalid), "{algorithm:?} as {other}");
            }
        }
    }

    #[test]
    fn a_token_is_ours_to_judge_by_its_issuer_or_its_key_and_no_other_is() {
        let token = |header: &str, payload: &str| {
            let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
            format!("{}.{}.c2ln", part(header), part(payload))
        };
        let ring = keyring(1);
        let kid = ring.signing(Timestamp(0)).kid.clone();
        let (by_key, by_no_key) = (format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#), r#"{"alg":"EdDSA","kid":"1"}"#);
        let (of_us, of_others) = (r#"{"iss":"http://localhost:3000"}"#, r#"{"iss":"https://other.example"}"#);
        for (token, ours) in [
            (tokens().sign(&ring, &claims()).unwrap(), true),
            (token(&by_key, of_others), true),
            (token(by_no_key, of_us), true),
            (token(by_no_key, of_others), false),
            (token("{}", "{}"), false),
            (token("[1]", "\"iss\""), false),
            ("sk-live-0123456789".to_owned(), false),
            ("a.b.c".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(tokens().claims_to_be_ours(&ring, &token), ours, "{token}");
        }
    }

    #[test]
    fn no_byte_of_a_token_can_be_changed() {
        let token = tokens().sign(&keyring(1), &claims()).unwrap();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert!(!taken(&String::from_utf8(bytes).unwrap()), "byte {at}");
        }
        for cut in [0, 1, token.len() - 1] {
            assert!(!taken(&token[..cut]));
        }
    }

    #[test]
    fn the_header_decides_nothing() {
        let ring = keyring(1);
        let token = tokens().sign(&ring, &claims()).unwrap();
        let (_, rest) = token.split_once('.').unwrap();
        let kid = &ring.signing(Timestamp(0)).kid;
        for header in [
            format!(r#"{{"alg":"none","typ":"at+jwt","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{kid}"}}"#),
            r#"{"alg":"EdDSA","typ":"at+jwt"}"#.to_owned(),
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"../../etc/passwd"}"#.to_owned(),
            "[]".to_owned(),
        ] {
            assert!(!taken(&format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(&header))), "{header}");
        }
    }

    #[test]
    fn our_key_alone_makes_no_access_token() {
        let ring = keyring(1);
        let Signing { kid, key, .. } = ring.signing(Timestamp(0));
        let signed = |typ: Option<&str>, kid: Option<&str>| {
            let (typ, kid) = (typ.map(str::to_owned), kid.map(str::to_owned));
            key.jws(&Header { typ, kid, ..Header::new(Algorithm::EdDSA) }, &claims()).unwrap()
        };
        assert!(taken(&signed(Some("at+jwt"), Some(kid))) && taken(&signed(Some("application/at+jwt"), Some(kid))));
        for typ in [None, Some(""), Some("JWT"), Some("logout+jwt"), Some("at+jwt2")] {
            assert!(!taken(&signed(typ, Some(kid))), "typ {typ:?}");
        }
        for other in [None, Some(""), Some("another")] {
            assert!(!taken(&signed(Some(TYP), other)), "kid {other:?}");
        }
    }

    #[test]
    fn another_issuer_or_audience_is_not_ours() {
        for wrong in [
            AccessClaims { aud: "http://localhost".into(), ..claims() },
            AccessClaims { iss: "http://localhost:3000/".into(), ..claims() },
        ] {
            assert!(!taken(&tokens().sign(&keyring(1), &wrong).unwrap()));
        }
    }

    #[test]
    fn claims_of_the_wrong_type_do_not_slip_through() {
        let ring = keyring(1);
        let whole = serde_json::to_value(claims()).unwrap();
        for (claim, value) in [
            ("exp", serde_json::json!("1900")),
            ("exp", serde_json::json!(1900.5)),
            ("exp", serde_json::Value::Null),
            ("iat", serde_json::json!([])),
            ("uv", serde_json::json!("0")),
            ("gen", serde_json::json!(-1)),
            ("aud", serde_json::json!([])),
            ("sub", serde_json::json!(7)),
        ] {
            let mut changed = whole.clone();
            changed[claim] = value.clone();
            let signing = ring.signing(Timestamp(0));
            let kid = Some(signing.kid.clone());
            let header = Header { typ: Some(TYP.into()), kid, ..Header::new(signing.algorithm) };
            assert!(!taken(&signing.key.jws(&header, &changed).unwrap()), "{claim} = {value}");
        }
    }
}
