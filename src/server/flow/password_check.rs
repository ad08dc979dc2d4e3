//! The password policy with what it needs to know: the names of product, host and person, and the common ones.

use crate::{
    api::{ApiError, ApiResult},
    domain::{email::Email, password_policy},
    server::{config::Config, secret::Password},
};

/// Judges a new password.
///
/// # Errors
/// `invalid` (`password`) with the reason.
pub fn check(config: &Config, email: &Email, display_name: &str, password: &Password) -> ApiResult<()> {
    let host = config.host();
    // The longest first: a name inside another must not break it up.
    let mut names = vec![email.as_str(), "sekisho", display_name, email.local()];
    names.extend(host.split('.').filter(|label| label.len() > 3));
    names.extend(display_name.split_whitespace());
    names.extend(email.local().split(['.', '+', '-', '_']));
    password_policy::check(password.expose(), config.password_min_length, &names, |password| {
        is_common(password, &names)
    })
    .map_err(|weakness| ApiError::invalid("password", weakness.as_str()))
}

/// The same where the field is called `new_password`.
///
/// # Errors
/// `invalid` (`new_password`) with the reason.
pub fn check_new(config: &Config, email: &Email, display_name: &str, password: &Password) -> ApiResult<()> {
    check(config, email, display_name, password).map_err(|error| match error {
        ApiError::Invalid { reason, .. } => ApiError::invalid("new_password", &reason),
        other => other,
    })
}

/// Whether a dictionary attack on lists of leaked passwords, keyboard walks, repeats and dates finds it in under ten
/// thousand million guesses.
fn is_common(password: &str, names: &[&str]) -> bool {
    zxcvbn::zxcvbn(password, names).guesses_log10() < 10.0
}

#[cfg(test)]
mod tests {
    use super::is_common;

    #[test]
    fn lists_walks_and_repeats_are_common_and_phrases_are_not() {
        for password in [
            "passwordpassword",
            "123456789012345",
            "qwertyuiopasdfgh",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "iloveyouiloveyou",
            "password12345678",
            "111111111111111111",
        ] {
            assert!(is_common(password, &[]), "{password}");
        }
        for password in [
            "lower case words only",
            "482915730162849",
            "ひらがなだけのながいあいことばです",
            "wallpaper teapot river 9",
        ] {
            assert!(!is_common(password, &[]), "{password}");
        }
    }
}
