//! Rows of the audit log on a change of the key of its seals: what they say, and how they are read again.
//!
//! Only a proof makes such a row say anything of what is before it: whoever writes to the database can put in a row that
//! looks like one, and has it sealed with the others.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    domain::{
        audit::Event,
        audit_chain::{Change, Head},
    },
    server::{
        crypto::audit_seal::{AuditSeals, KeyChange},
        store::audit_chain::Row,
    },
};

/// Why what was found is not vouched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is sealed under a key that is neither the auth secret's nor the previous one's.
    UnknownKey,
    /// The last row has no seal that verifies.
    BadSeal,
    /// The end that is written down is missing, or isn't where the rows end.
    Head,
    /// It is not what this node had sealed, or had seen sealed.
    Rewritten,
}

impl Why {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown_key",
            Self::BadSeal => "bad_seal",
            Self::Head => "head",
            Self::Rewritten => "rewritten",
        }
    }
}

/// Evidence that the former key was at hand, and that all was as it had been sealed.
#[must_use]
pub fn verified(seals: &AuditSeals, change: &KeyChange) -> Value {
    json!({
        "by": "schedule",
        "verified": true,
        "former_key": BASE64_URL_SAFE_NO_PAD.encode(change.key),
        "former_head": change.former.to_string(),
        "checkpoint": change.checkpoint.map(|checkpoint| checkpoint.to_string()),
        "proof": BASE64_URL_SAFE_NO_PAD.encode(seals.prove(change)),
    })
}

/// Evidence that it was not: what was found, and what was expected where that is known.
#[must_use]
pub fn unverified(why: Why, (found, expected): (Head, Option<Head>), checkpoint: Option<Head>) -> Value {
    json!({
        "by": "schedule",
        "verified": false,
        "why": why.as_str(),
        "found": found.to_string(),
        "expected": expected.map(|expected| expected.to_string()),
        "checkpoint": checkpoint.map(|checkpoint| checkpoint.to_string()),
    })
}

/// What a row says of a change of key, if it is one on that. What can't be read says that something is wrong.
#[must_use]
pub fn read(seals: &AuditSeals, row: &Row) -> Option<Change> {
    if row.action != Event::AuditKey.as_str() {
        return None;
    }
    let detail: Value = row.detail.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let checkpoint = head(&detail["checkpoint"]);
    Some(match (&detail["verified"], detail["why"].as_str()) {
        (Value::Bool(true), _) => read_verified(seals, &detail, checkpoint).unwrap_or(Change::Broken),
        (Value::Bool(false), Some(why)) if why == Why::UnknownKey.as_str() => Change::UnknownKey { checkpoint },
        // As it was written before there were proofs.
        (Value::Null, None) if detail["by"] == "schedule" => Change::UnknownKey { checkpoint: None },
        _ => Change::Broken,
    })
}

fn read_verified(seals: &AuditSeals, detail: &Value, checkpoint: Option<Head>) -> Option<Change> {
    let bytes = |value: &Value| BASE64_URL_SAFE_NO_PAD.decode(value.as_str()?).ok();
    let (former, key) = (head(&detail["former_head"])?, bytes(&detail["former_key"])?.try_into().ok()?);
    let proved = seals.is_proved(&KeyChange { former, key, checkpoint }, &bytes(&detail["proof"])?);
    Some(Change::Verified { former, key, checkpoint, proved })
}

fn head(value: &Value) -> Option<Head> {
    Head::parse(value.as_str()?)
}
