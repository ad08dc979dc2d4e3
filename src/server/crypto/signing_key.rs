//! The keys that sign access tokens: Ed25519 (RFC 8037) by default, or P-256 (RFC 7518 section 3.4) where those who verify
//! know no other. A key has one algorithm for its whole life, and what a token's header says of it decides nothing.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
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

/// A key, opened.
pub struct SigningKey {
    pub algorithm: Algorithm,
    pub encoding: EncodingKey,
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
                    encoding: EncodingKey::from_ed_der(key.to_pkcs8_der().ok()?.as_bytes()),
                    decoding: DecodingKey::from_ed_der(public.as_bytes()),
                    jwk: json!({
                        "kty": "OKP", "crv": "Ed25519", "alg": alg, "use": "sig", "kid": kid,
                        "x": base64(public.as_bytes()),
                    }),
                })
            }
            SigningAlgorithm::Es256 => {
                let key = p256::SecretKey::from_slice(secret.expose()).ok()?;
                let public = key.public_key().to_encoded_point(false);
                let (x, y) = (base64(public.x()?), base64(public.y()?));
                Some(Self {
                    algorithm: Algorithm::ES256,
                    encoding: EncodingKey::from_ec_der(key.to_pkcs8_der().ok()?.as_bytes()),
                    decoding: DecodingKey::from_ec_components(&x, &y).ok()?,
                    jwk: json!({ "kty": "EC", "crv": "P-256", "alg": alg, "use": "sig", "kid": kid, "x": x, "y": y }),
                })
            }
        }
    }
}
