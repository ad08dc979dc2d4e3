//! The password policy with what it needs to know: the names of product, host and person, and the common ones.
//!
//! To find out whether a password is common takes as long as a hash of it, and is paid for like one.

use crate::{
    api::{ApiError, ApiResult},
    domain::{
        email::Email,
        password_policy::{self, Weakness},
    },
    server::{config::Config, flow::throttling::Reserved, secret::Password},
};

/// Whose password it is to be, and the form's field in which it stands.
pub struct NewPassword<'a> {
    pub email: &'a Email,
    pub display_name: &'a str,
    pub field: &'static str,
}

impl NewPassword<'_> {
    /// Refuses what costs nothing to find out.
    ///
    /// # Errors
    /// `invalid` with the field and the reason.
    pub fn glance(&self, config: &Config, password: &Password) -> ApiResult<()> {
        self.told(judge(password, config.password_min_length, &self.names(config), |_, _| false))
    }

    /// Judges it in full, which takes as long as a hash. Gives it back.
    ///
    /// # Errors
    /// `invalid` with the field and the reason, `unavailable`.
    pub async fn judge(&self, config: &Config, password: Password, reserved: &Reserved) -> ApiResult<Password> {
        let (names, min_length) = (self.names(config), config.password_min_length);
        let judging = reserved.work(move || (judge(&password, min_length, &names, is_common), password));
        let (judged, password) = judging.await?;
        self.told(judged).map(|()| password)
    }

    fn told(&self, judged: Result<(), Weakness>) -> ApiResult<()> {
        judged.map_err(|weakness| ApiError::invalid(self.field, weakness.as_str()))
    }

    /// The longest first: a name inside another must not break it up.
    fn names(&self, config: &Config) -> Vec<String> {
        let host = config.host();
        let mut names = vec![self.email.as_str(), "sekisho", self.display_name, self.email.local()];
        names.extend(host.split('.').filter(|label| label.len() > 3));
        names.extend(self.display_name.split_whitespace());
        names.extend(self.email.local().split(['.', '+', '-', '_']));
        names.into_iter().map(str::to_owned).collect()
    }
}

/// Judges a new password at once, for whoever is at the machine itself.
///
/// # Errors
/// `invalid` (`password`) with the reason.
pub fn check(config: &Config, email: &Email, display_name: &str, password: &Password) -> ApiResult<()> {
    let new = NewPassword { email, display_name, field: "password" };
    new.told(judge(password, config.password_min_length, &new.names(config), is_common))
}

fn judge(
    password: &Password,
    min_length: usize,
    names: &[String],
    is_common: impl FnOnce(&str, &[&str]) -> bool,
) -> Result<(), Weakness> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    password_policy::check(password.expose(), min_length, &names, |password| is_common(password, &names))
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
