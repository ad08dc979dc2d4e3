//! Links and seals of the audit log: SHA-256, and HMAC-SHA256 under a key derived (HKDF, RFC 5869) from the auth secret.
//!
//! The key is stored nowhere: who changes the database can make links, and no seals. A seal names its key and the number
//! it was made for: `name of the key ‖ number ‖ HMAC(key, "…" ‖ number ‖ link ‖ SHA-256(content))`. Checkpoints and proofs
//! of a change of key are sealed likewise, each with a text of its own in the MAC, so that none passes for another.

use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::{
    domain::audit_chain::{Head, Judged, KeyName, Link, Seal},
    server::secret::SecretBytes,
};

const NAME: usize = size_of::<KeyName>();
const NUMBER: usize = 8;
const ROW: &[u8] = b"sekisho audit row 1";
const LINK: &[u8] = b"sekisho audit link 1";
const SEAL: &[u8] = b"sekisho audit seal 1";
const CHECKPOINT: &[u8] = b"sekisho audit checkpoint 1";
const CHANGE: &[u8] = b"sekisho audit key change 1";

/// What a row is sealed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub head: Head,
    pub seal: Vec<u8>,
}

/// A row as it lies in the database.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    pub head: Head,
    pub seal: &'a [u8],
    /// As `Content::canonical` makes it.
    pub content: &'a [u8],
}

/// A change of key, as the holder of both keys found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The last row under the former key.
    pub former: Head,
    pub key: KeyName,
    pub checkpoint: Option<Head>,
}

struct Key {
    name: KeyName,
    key: SecretBytes,
}

/// Seals under one key, and knows the seals of the former one too while the auth secret is being changed.
pub struct AuditSeals {
    own: Key,
    former: Option<Key>,
}

impl AuditSeals {
    #[must_use]
    pub fn new(auth_secret: &SecretBytes, previous: Option<&SecretBytes>) -> Self {
        Self { own: Key::of(auth_secret), former: previous.map(Key::of) }
    }

    /// Numbers, links and seals the next row.
    #[must_use]
    pub fn next(&self, former: &Head, content: &[u8]) -> Sealed {
        let digest = digest(content);
        let seq = former.seq.saturating_add(1);
        let head = Head { seq, link: link(&former.link, seq, &digest) };
        Sealed { head, seal: self.own.seal(SEAL, &head, &digest) }
    }

    /// Seals that rows up to here have gone as they should.
    #[must_use]
    pub fn checkpoint(&self, head: &Head) -> Vec<u8> {
        self.own.seal(CHECKPOINT, head, &[])
    }

    #[must_use]
    pub fn judge_checkpoint(&self, head: &Head, seal: &[u8]) -> Seal {
        if *head == Head::NONE { Seal::Good } else { self.verdict(CHECKPOINT, head, (seal, &[])) }
    }

    /// Says under this key that a change to it was verified. Only who has the key can say so; a row can be put in by
    /// anybody who writes to the database, and would be sealed like any other.
    #[must_use]
    pub fn prove(&self, change: &KeyChange) -> Vec<u8> {
        self.own.seal(CHANGE, &change.former, &change.digest())
    }

    /// Whether that was said, under a key that is known here.
    #[must_use]
    pub fn is_proved(&self, change: &KeyChange, proof: &[u8]) -> bool {
        self.verdict(CHANGE, &change.former, (proof, &change.digest())) == Seal::Good
    }

    /// What a row's seal and link say of it; `last` is the place in the chain before it.
    #[must_use]
    pub fn judge(&self, last: &Link, found: &Found<'_>) -> Judged {
        let digest = digest(found.content);
        let Head { seq, link: has } = found.head;
        let seal = self.verdict(SEAL, &found.head, (found.seal, &digest));
        Judged { seq, link: has, follows: link(last, seq, &digest), seal, change: None }
    }

    /// The former key, if it is what a seal names. That alone proves nothing.
    #[must_use]
    pub fn former_of(&self, seal: &[u8]) -> Option<KeyName> {
        self.former.as_ref().map(|former| former.name).filter(|name| seal.starts_with(name) && *name != self.own.name)
    }

    fn verdict(&self, purpose: &[u8], head: &Head, (seal, digest): (&[u8], &[u8])) -> Seal {
        let Some((name, rest)) = seal.split_first_chunk::<NAME>() else { return Seal::Bad };
        let Some((number, mac)) = rest.split_first_chunk::<NUMBER>() else { return Seal::Bad };
        let Some(key) = [Some(&self.own), self.former.as_ref()].into_iter().flatten().find(|key| key.name == *name)
        else {
            return Seal::Unknown(*name);
        };
        let was = i64::from_be_bytes(*number);
        match key.mac(purpose, &Head { seq: was, ..*head }, digest).verify_slice(mac) {
            Ok(()) if was == head.seq => Seal::Good,
            Ok(()) => Seal::OfNumber(was),
            Err(_) => Seal::Bad,
        }
    }
}

impl Key {
    fn of(auth_secret: &SecretBytes) -> Self {
        let derived = Hkdf::<Sha256>::new(None, auth_secret.expose());
        let (mut key, mut name) = (vec![0; 32], [0; NAME]);
        // Both are valid lengths for SHA-256.
        let _ = derived.expand(b"sekisho audit seal 1", &mut key);
        let _ = derived.expand(b"sekisho audit seal name 1", &mut name);
        Self { name, key: SecretBytes::new(key) }
    }

    fn mac(&self, purpose: &[u8], head: &Head, digest: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(self.key.expose())
            .unwrap_or_else(|_| unreachable!("HMAC takes any key"));
        for part in [purpose, &head.seq.to_be_bytes(), &head.link, digest] {
            mac.update(part);
        }
        mac
    }

    fn seal(&self, purpose: &[u8], head: &Head, digest: &[u8]) -> Vec<u8> {
        let mac = self.mac(purpose, head, digest).finalize().into_bytes();
        [self.name.as_slice(), &head.seq.to_be_bytes(), &mac].concat()
    }
}

impl KeyChange {
    fn digest(&self) -> Vec<u8> {
        let Head { seq, link } = self.checkpoint.unwrap_or(Head::NONE);
        [self.key.as_slice(), &seq.to_be_bytes(), &link].concat()
    }
}

fn digest(content: &[u8]) -> Link {
    Sha256::new().chain_update(ROW).chain_update(content).finalize().into()
}

fn link(former: &Link, seq: i64, digest: &Link) -> Link {
    Sha256::new()
        .chain_update(LINK)
        .chain_update(former)
        .chain_update(seq.to_be_bytes())
        .chain_update(digest)
        .finalize()
        .into()
}

#[cfg(test)]
#[path = "audit_seal_tests.rs"]
mod tests;
