//! The one form of an e-mail address that is stored, looked up and throttled.
//!
//! It is made before anything is checked, so that two spellings can never be two accounts: NFKC, trimmed, lower
//! case, the domain as its registered ASCII name. A local part with letters outside ASCII is refused: look-alikes
//! of other alphabets would make accounts that people cannot tell apart.

/// An address in its canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Octets of an address (RFC 5321 section 4.5.3.1, errata 1690).
const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;

impl Email {
    /// Checks an address that [`crate::server::canonical::email`] has brought to its form. `None` is "not an address".
    #[must_use]
    pub fn parse_canonical(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let fits = text.len() <= LONGEST && local.len() <= LONGEST_LOCAL;
        (fits && is_local(local) && is_domain(domain)).then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the at sign.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

/// RFC 5322 dot-atom.
fn is_local(local: &str) -> bool {
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom))
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    labels.len() >= 2 && labels.iter().all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_address_is_taken_and_what_is_not_one_is_refused() {
        assert!(Email::parse_canonical("a.b+c@example.com").is_some());
        let long = format!("{}@example.com", "a".repeat(65));
        for other in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@b",
            "a@b@example.com",
            "a b@example.com",
            "a@exa mple.com",
            "a..b@example.com",
            "a@-example.com",
            "a@example..com",
            "a\r\nbcc:x@example.com",
            "pаul@example.com",
            long.as_str(),
        ] {
            assert!(Email::parse_canonical(other).is_none(), "{other}");
        }
    }
}
