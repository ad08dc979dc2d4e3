//! What other services are told of revocations: a signed list (JWS, RFC 7515) that is good for ten seconds, so that nobody
//! who holds it back or plays an old one again can keep anybody in.
//!
//! Sessions and users are named by SHA-256: whoever reads the list learns of nobody they don't know already.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::keyring::Keyring;
use crate::domain::{
    revocation::{Revocation, Subject},
    time::Timestamp,
};

pub const TYP: &str = "revocations+jwt";
/// Seconds a list may be used.
pub const GOOD_FOR: i64 = 10;

/// The claims of a list.
#[derive(Debug, Serialize)]
pub struct RevocationList<'a> {
    pub iss: &'a str,
    /// Seconds (RFC 7519 section 2); `exp` is ten later.
    pub iat: i64,
    pub exp: i64,
    /// The entries after this number are told. Where it isn't the number that was asked for, the list stands in place of
    /// all that was told before.
    pub since: i64,
    /// The number of the newest entry told, to be asked with the next time.
    pub seq: i64,
    /// There are more after `seq`: what ends with it is not the whole yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    pub entries: Vec<Entry>,
}

/// A token is refused that any entry names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    #[serde(flatten)]
    pub named: Named,
    /// Seconds; from then on no token it names can be unexpired.
    pub until: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Named {
    /// Base64url of the SHA-256 of claim `sid`.
    Session { sid: String },
    /// Base64url of the SHA-256 of claim `sub`: tokens whose claim `uv` is lower.
    User { sub: String, uv: i64 },
    /// Tokens signed with this key.
    Key { kid: String },
}

impl Entry {
    /// What others are told of a revocation; nothing of one that ends no token. Whom it lets renew, they refuse too:
    /// their next token comes with the renewal.
    #[must_use]
    pub fn of(revocation: &Revocation) -> Option<Self> {
        let named = match &revocation.subject {
            Subject::Session(sid) => Named::Session { sid: hashed(sid.as_str()) },
            Subject::User { user, below, .. } | Subject::Stale { user, below } => {
                Named::User { sub: hashed(user.as_str()), uv: *below }
            }
            Subject::Key(kid) => Named::Key { kid: kid.clone() },
            Subject::Keys => return None,
        };
        // Rounded up: it must not be forgotten before the last of its tokens has ended.
        Some(Self { named, until: revocation.until.as_secs() + 1 })
    }
}

fn hashed(id: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(id.as_bytes()))
}

impl RevocationList<'_> {
    /// Signs it with the key of this moment.
    ///
    /// # Errors
    /// When it can't be written as JSON.
    pub fn sign(&self, keyring: &Keyring) -> Result<String, jsonwebtoken::errors::Error> {
        keyring.signing(Timestamp::from_secs(self.iat)).jws(TYP, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{access_claims::tests::claims, session::EndReason};

    fn told(subject: Subject) -> serde_json::Value {
        let revocation = Revocation { subject, reason: EndReason::Kicked, until: Timestamp(1_500) };
        serde_json::to_value(Entry::of(&revocation)).unwrap()
    }

    #[test]
    fn an_entry_names_by_hash_what_its_reader_must_know_already() {
        let sid = hashed(claims().sid.as_str());
        assert_eq!(told(Subject::Session(claims().sid)), serde_json::json!({ "sid": sid, "until": 2 }));
        let sub = hashed(claims().sub.as_str());
        let user = serde_json::json!({ "sub": sub, "uv": 3, "until": 2 });
        assert_eq!(told(Subject::User { user: claims().sub, below: 3, except: Some(claims().sid) }), user);
        assert_eq!(told(Subject::Stale { user: claims().sub, below: 3 }), user);
        assert_eq!(told(Subject::Key("k".into())), serde_json::json!({ "kid": "k", "until": 2 }));
        assert_eq!(told(Subject::Keys), serde_json::Value::Null);
        assert!(!format!("{sid}{sub}").contains(claims().sub.as_str()));
    }
}
