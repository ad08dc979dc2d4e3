//! The canonical form of what people type to name themselves; made before anything is checked.

use unicode_normalization::UnicodeNormalization as _;

use crate::domain::email::Email;

/// NFKC, trimmed, lower case, the domain in its registered ASCII form (UTS 46); `None` if that is no address.
#[must_use]
pub fn email(typed: &str) -> Option<Email> {
    if typed.len() > 1024 {
        return None;
    }
    let folded: String = typed.trim().nfkc().collect::<String>().to_lowercase();
    let (local, domain) = folded.rsplit_once('@')?;
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    Email::parse_canonical(&format!("{local}@{domain}"))
}

/// A name as it is shown: NFC, one space between words, nothing that can't be seen. `None` over 64 code points.
#[must_use]
pub fn display_name(typed: &str) -> Option<String> {
    if typed.len() > 1024 {
        return None;
    }
    let visible = typed.nfc().filter(|char| char.is_whitespace() || !is_invisible(*char)).collect::<String>();
    let name = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    (name.chars().count() <= 64).then_some(name)
}

/// Control and format characters: they reorder or hide what stands beside them.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        for typed in
            [" Hanako@Example.COM ", "ｈａｎａｋｏ@example.com", "hanako@ＥＸＡＭＰＬＥ.com", "HANAKO@example.com\n"]
        {
            assert_eq!(email(typed).unwrap().as_str(), "hanako@example.com", "{typed}");
        }
        assert_eq!(email("a@日本語.jp").unwrap().as_str(), "a@xn--wgv71a119e.jp");
    }

    #[test]
    fn look_alike_letters_are_not_taken_for_latin_ones() {
        assert!(email("pаul@example.com").is_none(), "a Cyrillic letter");
        assert!(email("a@b@example.com").is_none());
    }

    #[test]
    fn a_name_keeps_what_can_be_seen() {
        assert_eq!(display_name("  山田\t花子 \u{202e}").unwrap(), "山田 花子");
        assert!(display_name(&"x".repeat(65)).is_none());
    }
}
