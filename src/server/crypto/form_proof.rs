//! The proof that an address says what a form came to, for whoever sent that form:
//! `HMAC-SHA256(key of the keyring, "…" ‖ holder ‖ endpoint ‖ kind ‖ result)`, each with its length before it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::server::secret::SecretBytes;

/// Of no other derivation's text the beginning.
const PURPOSE: &[u8] = b"sekisho form 1";

/// Who sent a form.
#[derive(Clone, Copy, Debug)]
pub enum Holder<'a> {
    /// A session, by its public id.
    Session(&'a str),
    /// A browser without one, by what its cookie holds.
    Browser(&'a str),
}

/// What an address says: the endpoint, whether an error or an output follows, and that.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    pub endpoint: &'a str,
    pub kind: &'a str,
    pub result: &'a str,
}

#[must_use]
pub fn prove(key: &SecretBytes, holder: Holder<'_>, claim: Claim<'_>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(mac(key, holder, claim).finalize().into_bytes())
}

/// Whether a proof is of this holder and claim. Constant time.
#[must_use]
pub fn is_proved(key: &SecretBytes, holder: Holder<'_>, claim: Claim<'_>, proof: &str) -> bool {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(proof);
    bytes.is_ok_and(|bytes| mac(key, holder, claim).verify_slice(&bytes).is_ok())
}

fn mac(key: &SecretBytes, holder: Holder<'_>, claim: Claim<'_>) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key.expose())
        .unwrap_or_else(|_| unreachable!("HMAC takes any key"));
    mac.update(PURPOSE);
    let (of, holder) = match holder {
        Holder::Session(sid) => ("session", sid),
        Holder::Browser(value) => ("browser", value),
    };
    for part in [of, holder, claim.endpoint, claim.kind, claim.result] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_of_one_holder_one_result_and_one_key() {
        let key = |byte| SecretBytes::new(vec![byte; 32]);
        let claim = Claim { endpoint: "/api/x", kind: "__done", result: "{}" };
        let proof = prove(&key(1), Holder::Session("a"), claim);
        assert!(is_proved(&key(1), Holder::Session("a"), claim, &proof));
        assert!(!is_proved(&key(2), Holder::Session("a"), claim, &proof));
        assert!(!is_proved(&key(1), Holder::Session("b"), claim, &proof));
        assert!(!is_proved(&key(1), Holder::Browser("a"), claim, &proof));
        for other in [
            Claim { endpoint: "/api/y", ..claim },
            Claim { kind: "__err", ..claim },
            Claim { result: "{ }", ..claim },
            Claim { endpoint: "/api/", kind: "x__done", ..claim },
        ] {
            assert!(!is_proved(&key(1), Holder::Session("a"), other, &proof), "{other:?}");
        }
        for none in ["", "x", &proof[1..], "é"] {
            assert!(!is_proved(&key(1), Holder::Session("a"), claim, none), "{none}");
        }
    }
}
