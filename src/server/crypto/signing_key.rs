//! The keys that sign access tokens: Ed25519 (RFC 8037) by default, or P-256 (RFC 7518 section 3.4) where those who verify
//! know no other. A key has one algorithm for its whole life, and what a token's header says of it decides nothing.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::Signer as _;
use jsonwebtoken::{Algorithm, DecodingKey, Header, errors::Error};
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use serde::Serialize;
use serde_json::{Value, json};

use crate::server::{rng::Rng, secret::SecretBytes};

/// With what new keys sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningAlgorithm {
    EdDsa,
    /// The first sight of such a token costs several times as much.
    Es256,
}

impl SigningAlgorithm {
    pub const ALL: [Self; 2] = [Self::EdDsa, Self::Es256];

    /// Its name in JOSE headers, in key sets and in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// The secret part of a new key.
    #[must_use]
    pub fn new_secret(self, rng: &Rng) -> SecretBytes {
        loop {
            let secret = SecretBytes::new(rng.bytes::<32>().to_vec());
            // Not every number is one of the curve's, though nobody has drawn one that isn't.
            if self == Self::EdDsa || p256::SecretKey::from_slice(secret.expose()).is_ok() {
                return secret;
            }
        }
    }
}

/// The secret part of a key, ready to sign: parsed and multiplied out once, which `jsonwebtoken` does at each signature
/// and which costs as much as that.
#[derive(Clone)]
pub enum Signer {
    EdDsa(Box<ed25519_dalek::SigningKey>),
    Es256(Box<p256::ecdsa::SigningKey>),
}

impl Signer {
    /// Signs claims under a header, as a compact JWS (RFC 7515 section 7.1).
    ///
    /// # Errors
    /// When they can't be written as JSON.
    pub fn jws(&self, header: &Header, claims: &impl Serialize) -> Result<String, Error> {
        let mut token = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(header)?);
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
        let signature = match self {
            Self::EdDsa(key) => key.sign(token.as_bytes()).to_bytes(),
            Self::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(token.as_bytes());
                signature.to_bytes().into()
            }
        };
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// A key, opened.
pub struct SigningKey {
    pub algorithm: Algorithm,
    pub signer: Signer,
    pub decoding: DecodingKey,
    /// Its public part, as a JSON Web Key.
    pub jwk: Value,
}

impl SigningKey {
    /// The key with this secret part, unless that is none of its algorithm.
    #[must_use]
    pub fn open(kid: &str, algorithm: SigningAlgorithm, secret: &SecretBytes) -> Option<Self> {
        let base64 = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let alg = algorithm.as_str();
        match algorithm {
            SigningAlgorithm::EdDsa => {
                let key = ed25519_dalek::SigningKey::from_bytes(secret.expose().try_into().ok()?);
                let public = key.verifying_key();
                Some(Self {
                    algorithm: Algorithm::EdDSA,
                    decoding: DecodingKey::from_ed_der(public.as_bytes()),
                    jwk: json!({
                        "kty": "OKP", "crv": "Ed25519", "alg": alg, "use": "sig", "kid": kid,
                        "x": base64(public.as_bytes()),
                    }),
                    signer: Signer::EdDsa(Box::new(key)),
                })
            }
            SigningAlgorithm::Es256 => {
                let key = p256::SecretKey::from_slice(secret.expose()).ok()?;
                let public = key.public_key().to_encoded_point(false);
                let (x, y) = (base64(public.x()?), base64(public.y()?));
                Some(Self {
                    algorithm: Algorithm::ES256,
                    signer: Signer::Es256(Box::new(key.into())),
                    decoding: DecodingKey::from_ec_components(&x, &y).ok()?,
                    jwk: json!({ "kty": "EC", "crv": "P-256", "alg": alg, "use": "sig", "kid": kid, "x": x, "y": y }),
                })
            }
        }
    }
}
