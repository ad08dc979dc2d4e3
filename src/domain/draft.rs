//! What was typed into a form and not sent: for how long it may be kept, and how it is written down.
//!
//! A draft is encrypted under a key of its day, which the server gives to its owner on that day and the next. Nothing
//! in here encrypts; it says what goes in and what it is bound to.

use super::time::Timestamp;

const DAY_MS: i64 = 86_400_000;
/// How long a draft is kept after it was saved.
pub const HOLDS_MS: i64 = DAY_MS;
/// More than this is not kept, in bytes: what a browser stores is for all of a site.
pub const LONGEST: usize = 64 * 1024;

/// The day of an instant: days since the epoch, in UTC.
#[must_use]
pub fn day_of(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY_MS)
}

#[must_use]
pub fn begin_of(day: i64) -> Timestamp {
    Timestamp(day.saturating_mul(DAY_MS))
}

/// Texts in a row, each behind its length, so that no two rows make the same bytes.
#[must_use]
pub fn pack<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut packed = Vec::new();
    for text in texts {
        packed.extend_from_slice(text.len().to_string().as_bytes());
        packed.push(b':');
        packed.extend_from_slice(text.as_bytes());
    }
    packed
}

/// The texts again; `None` for what [`pack`] has not made.
#[must_use]
pub fn unpack(packed: &[u8]) -> Option<Vec<String>> {
    let (mut texts, mut rest) = (Vec::new(), packed);
    while !rest.is_empty() {
        let colon = rest.iter().position(|byte| *byte == b':')?;
        let length: usize = std::str::from_utf8(&rest[..colon]).ok()?.parse().ok()?;
        let (text, after) = rest[colon + 1..].split_at_checked(length)?;
        texts.push(std::str::from_utf8(text).ok()?.to_owned());
        rest = after;
    }
    Some(texts)
}

/// What a draft is bound to: read by anyone else, for another form or with another age, it does not open.
#[must_use]
pub fn bound_to((user_id, form, version): (&str, &str, u32), saved_at: i64) -> Vec<u8> {
    pack([user_id, form, &version.to_string(), &saved_at.to_string()])
}

/// A draft as it lies in the browser's storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Of its key.
    pub day: i64,
    /// By the browser's clock, which also judges its age.
    pub saved_at: i64,
    pub nonce: Vec<u8>,
    pub sealed: Vec<u8>,
}

const FORMAT: &str = "1";

impl Envelope {
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{FORMAT}.{}.{}.{}.{}", self.day, self.saved_at, hex(&self.nonce), hex(&self.sealed))
    }

    /// `None` for anything that isn't of the form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut next = || parts.next();
        let format = next()?;
        let (day, saved_at) = (next()?.parse().ok()?, next()?.parse().ok()?);
        let (nonce, sealed) = (unhex(next()?)?, unhex(next()?)?);
        (format == FORMAT && next().is_none()).then_some(Self { day, saved_at, nonce, sealed })
    }

    /// Whether it is young enough to be offered. A clock that was set back makes it no younger than that either way.
    #[must_use]
    pub fn is_live(&self, now: i64) -> bool {
        now.saturating_sub(self.saved_at).saturating_abs() < HOLDS_MS
    }
}

#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    odd.is_empty().then_some(())?;
    pairs.iter().map(|[high, low]| Some(value(*high)? << 4 | value(*low)?)).collect()
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
