//! Values that must not be printed: `Debug` says nothing, and the memory is wiped on drop.

use zeroize::Zeroizing;

/// A password as it was typed, in NFC (NIST SP 800-63B-4 section 3.1.1.2), never trimmed or folded.
pub struct Password(Zeroizing<String>);

impl Password {
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(typed: String) -> Self {
        use unicode_normalization::UnicodeNormalization as _;
        let typed = Zeroizing::new(typed);
        // Over the longest it is refused anyway; no work is done over a megabyte of it.
        if typed.len() > crate::domain::password_policy::LONGEST_BYTES * 4 {
            return Self(typed);
        }
        Self(Zeroizing::new(typed.nfc().collect()))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Bytes from the keyring or the auth secret.
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        let shown = format!("{:?} {:?}", Password::from("hunter2".to_owned()), SecretBytes::new(b"hunter2".to_vec()));
        assert!(!shown.contains("hunter2") && !shown.contains("104"), "{shown}");
    }

    #[test]
    fn two_spellings_of_one_password_are_one() {
        assert_eq!(Password::from("e\u{301}".to_owned()).expose(), Password::from("é".to_owned()).expose());
        assert_ne!(Password::from(" é".to_owned()).expose(), Password::from("é".to_owned()).expose());
    }
}
