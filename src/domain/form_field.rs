//! Which fields of a form may be kept for the person who filled them in: as a draft, and while they sign in again.

/// What a person doesn't type.
const UNTYPED: [&str; 5] = ["hidden", "submit", "image", "reset", "button"];

/// Whether what stands in a field may be kept: never a secret, and not what the person didn't type.
#[must_use]
pub fn is_kept(name: &str, kind: &str, autocomplete: &str) -> bool {
    !name.is_empty() && !UNTYPED.contains(&kind) && !is_secret(name, kind, autocomplete)
}

/// Whether a field asks for a password (also one that is shown in the clear), a code, a card's number or a file.
#[must_use]
pub fn is_secret(name: &str, kind: &str, autocomplete: &str) -> bool {
    let secret_purpose = |purpose: &str| {
        let purpose = purpose.to_ascii_lowercase();
        purpose.ends_with("-password") || purpose.starts_with("cc-") || purpose == "one-time-code"
    };
    let lower = name.to_ascii_lowercase();
    matches!(kind, "password" | "file")
        || lower.contains("password")
        || lower.split(['_', '-']).any(|word| word == "code" || word == "otp")
        || autocomplete.split_ascii_whitespace().any(secret_purpose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_types_into_plain_controls_is_kept() {
        for (name, kind, autocomplete) in [
            ("display_name", "text", "nickname"),
            ("about", "textarea", ""),
            ("email", "email", "email"),
            ("language", "select-one", ""),
            ("newsletter", "checkbox", ""),
            ("address", "text", "shipping street-address"),
            ("decoder", "text", "off"),
        ] {
            assert!(is_kept(name, kind, autocomplete), "{name} {kind} {autocomplete}");
            assert!(!is_secret(name, kind, autocomplete), "{name} {kind} {autocomplete}");
        }
    }

    #[test]
    fn no_password_code_or_file_is_kept_however_it_is_shown() {
        for (name, kind, autocomplete) in [
            ("anything", "password", ""),
            ("anything", "text", "current-password"),
            ("anything", "text", "section-a new-password"),
            ("anything", "text", "Current-Password"),
            ("anything", "text", "one-time-code"),
            ("anything", "text", "cc-number"),
            ("new_password", "text", ""),
            ("Password2", "text", ""),
            ("code", "text", ""),
            ("recovery_code", "text", ""),
            ("otp", "text", ""),
            ("photo", "file", ""),
        ] {
            assert!(!is_kept(name, kind, autocomplete), "{name} {kind} {autocomplete}");
            assert!(is_secret(name, kind, autocomplete), "{name} {kind} {autocomplete}");
        }
    }

    #[test]
    fn what_a_person_has_not_typed_is_no_secret_and_not_kept() {
        for (name, kind) in [("page", "hidden"), ("go", "submit"), ("", "text")] {
            assert!(!is_kept(name, kind, ""), "{name} {kind}");
            assert!(!is_secret(name, kind, ""), "{name} {kind}");
        }
    }
}
