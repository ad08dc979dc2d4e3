//! What of a text can be seen. Characters that can't are no part of what people type here: they reorder or hide what stands
//! beside them (Unicode Technical Report 36, section 2.6; UAX 9).

/// Control and format characters, those that turn the direction of text among them.
#[must_use]
pub fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// A text as it came in an address, for a sentence: without what can't be seen.
#[must_use]
pub fn shown(text: &str) -> String {
    text.chars().filter(|char| !is_invisible(*char)).collect()
}

/// A text as one line, which is how names are kept and found: one space between words, nothing that can't be seen.
#[must_use]
pub fn line(text: &str) -> String {
    let visible: String = text.chars().filter(|char| char.is_whitespace() || !is_invisible(*char)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_one_space_between_words_whatever_parted_them() {
        assert_eq!(line("  山田\t\u{2028} 花子 \u{202e}<i>\u{0}"), "山田 花子 <i>");
    }

    #[test]
    fn what_turns_or_hides_text_is_left_out_and_the_rest_stays() {
        let turned = "a\u{202e}b\u{2066}c\u{2069}\u{61c}\u{200f}d\u{2028}\n\u{0}\u{9b}e";
        assert_eq!(shown(turned), "abcde");
        assert_eq!(shown("山田 花子 <é> שלום 👋"), "山田 花子 <é> שלום 👋");
    }
}
