//! What a new password must be: long enough, not a common one, not the name of the product or of its owner.
//!
//! NIST SP 800-63B-4 section 3.1.1.2: length counts code points, any character is allowed, nothing expires by age
//! and nothing about its composition is asked.

/// Why a password is refused, as the wire says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    TooShort,
    TooLong,
    /// On a list of common passwords, or as quickly guessed as one that is.
    Common,
    /// Made of the product's name, the host's or the person's own.
    Personal,
}

/// No configuration asks for less: the password is the only factor.
pub const LEAST_MIN_LENGTH: usize = 15;
/// Longer ones are refused before anything is computed over them.
pub const LONGEST_CODE_POINTS: usize = 256;
pub const LONGEST_BYTES: usize = 1024;

impl Weakness {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Common => "common",
            Self::Personal => "personal",
        }
    }
}

/// Judges a password. `names` are the product's, the host's and the person's, in any case; `is_common` is the
/// look-up in the list, asked last.
///
/// # Errors
/// The first weakness found.
pub fn check(
    password: &str,
    min_length: usize,
    names: &[&str],
    is_common: impl FnOnce(&str) -> bool,
) -> Result<(), Weakness> {
    let length = password.chars().count();
    if length < min_length {
        return Err(Weakness::TooShort);
    }
    if length > LONGEST_CODE_POINTS || password.len() > LONGEST_BYTES {
        return Err(Weakness::TooLong);
    }
    if is_personal(password, names) {
        return Err(Weakness::Personal);
    }
    if is_common(password) {
        return Err(Weakness::Common);
    }
    Ok(())
}

/// Whether nothing but names, digits and punctuation is in it: what is left after taking the names out is under
/// a third of it.
fn is_personal(password: &str, names: &[&str]) -> bool {
    let mut rest = password.to_lowercase();
    let whole = rest.chars().filter(|char| char.is_alphanumeric()).count();
    let mut found = false;
    for name in names.iter().map(|name| name.to_lowercase()).filter(|name| name.chars().count() >= 3) {
        found |= rest.contains(&name);
        rest = rest.replace(&name, " ");
    }
    let left = rest.chars().filter(|char| char.is_alphabetic()).count();
    found && left * 3 < whole
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["sekisho", "hanako.yamada", "Hanako"];

    fn judge(password: &str) -> Result<(), Weakness> {
        check(password, 15, &NAMES, |password| password == "correcthorsebattery")
    }

    #[test]
    fn length_counts_code_points_and_not_bytes() {
        assert_eq!(judge(&"🗝".repeat(14)), Err(Weakness::TooShort));
        assert_eq!(judge(&"🗝".repeat(15)), Ok(()));
        assert_eq!(judge(&"a".repeat(257)), Err(Weakness::TooLong));
        assert_eq!(judge(&"🗝".repeat(256)), Ok(()));
    }

    #[test]
    fn names_with_digits_around_them_are_personal() {
        for password in ["sekishosekisho1", "Sekisho-2026-2026", "hanako.yamada123", "HANAKOhanako!!!!!"] {
            assert_eq!(judge(password), Err(Weakness::Personal), "{password}");
        }
        assert_eq!(judge("hanako likes quiet mountains"), Ok(()));
    }

    #[test]
    fn what_the_list_knows_is_common() {
        assert_eq!(judge("correcthorsebattery"), Err(Weakness::Common));
    }

    #[test]
    fn no_composition_is_asked_for() {
        for password in ["lower case words only", "482915730162849", "ひらがなだけのながいあいことばです"]
        {
            assert_eq!(judge(password), Ok(()), "{password}");
        }
    }
}
