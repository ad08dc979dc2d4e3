//! The canonical form of what people type to name themselves; made before anything is checked.

use unicode_normalization::UnicodeNormalization as _;

use crate::domain::{
    email::Email,
    plain_text::{self, is_invisible},
};

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
    line(typed, 64)
}

/// What an admin has someone told, in the same form; `None` over 200 code points.
#[must_use]
pub fn message(typed: &str) -> Option<String> {
    line(typed, 200)
}

/// What a webhook is for, in the same form; `None` over 200 code points.
#[must_use]
pub fn description(typed: &str) -> Option<String> {
    line(typed, 200)
}

fn line(typed: &str, longest: usize) -> Option<String> {
    if typed.len() > 16 * longest {
        return None;
    }
    let line = plain_text::line(&typed.nfc().collect::<String>());
    (line.chars().count() <= longest).then_some(line)
}

/// A text of several lines: NFC, `\n` between lines, nothing that can't be seen, nothing empty around it. `None` over
/// `longest` code points.
#[must_use]
pub fn text(typed: &str, longest: usize) -> Option<String> {
    if typed.len() > 16 * longest {
        return None;
    }
    let text = typed.replace("\r\n", "\n").split('\n').map(plain_line).collect::<Vec<_>>();
    let text = text.join("\n").trim_matches('\n').to_owned();
    (text.chars().count() <= longest).then_some(text)
}

fn plain_line(typed: &str) -> String {
    let visible = typed.nfc().filter(|char| char.is_whitespace() || !is_invisible(*char));
    let line: String = visible.map(|char| if char.is_whitespace() { ' ' } else { char }).collect();
    line.trim_end().to_owned()
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

    #[test]
    fn a_message_is_one_line_and_a_text_keeps_its_lines() {
        assert_eq!(message(" call\r\n the\u{202e} desk\u{0} ").unwrap(), "call the desk");
        assert_eq!(message(&"字".repeat(200)).map(|message| message.chars().count()), Some(200));
        assert!(message(&"字".repeat(201)).is_none());
        assert_eq!(text("\r\n one \r\n\r\ntwo\u{7}\u{200b}\n", 2000).unwrap(), " one\n\ntwo");
        assert!(text(&"x".repeat(2001), 2000).is_none());
    }
}
