//! Keeps each line of the log one line: what was sent to us, and stands in it, can't begin another one, move a terminal's
//! cursor or turn the direction of what follows (OWASP ASVS 5.0 V16.4.1).

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
};

use tracing_subscriber::fmt::MakeWriter;

use crate::domain::plain_text::is_invisible;

/// Writers of whole lines, as the subscriber makes them, over those that it had before.
pub struct LogLines<M> {
    lines: M,
    /// The lines have colours, which stay.
    coloured: bool,
}

impl<M> LogLines<M> {
    #[must_use]
    pub fn over(lines: M, coloured: bool) -> Self {
        Self { lines, coloured }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for LogLines<M> {
    type Writer = LogLine<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        LogLine { line: self.lines.make_writer(), coloured: self.coloured }
    }
}

/// What takes one line, whole.
pub struct LogLine<W> {
    line: W,
    coloured: bool,
}

impl<W: Write> Write for LogLine<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.line.write_all(one_line(&text, self.coloured).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.line.flush()
    }
}

/// The line with its end, and what can't be seen in it written as JSON writes it.
fn one_line(line: &str, coloured: bool) -> Cow<'_, str> {
    let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
    let is_odd = |(at, char): (usize, char)| is_invisible(char) && !(coloured && is_colour(&text[at..]));
    if !text.char_indices().any(is_odd) {
        return line.into();
    }
    let mut plain = String::with_capacity(line.len() + 16);
    for (at, char) in text.char_indices() {
        if is_odd((at, char)) {
            // Writing to a string can't fail.
            let _ = write!(plain, "\\u{:04x}", u32::from(char));
        } else {
            plain.push(char);
        }
    }
    (plain + end).into()
}

/// Whether a colour is chosen here (ECMA-48, SGR), which moves and erases nothing.
fn is_colour(text: &str) -> bool {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return false };
    parameters.trim_start_matches(|char: char| char.is_ascii_digit() || char == ';').starts_with('m')
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const HOSTILE: &str = "a\r\n2026-01-01 ERROR forged\u{1b}[2J\u{85}\u{9b}31m\u{202e}\u{2066}\u{2028}z";

    fn told(json: bool, coloured: bool) -> String {
        let kept = Kept::default();
        let to = kept.clone();
        let logger = tracing_subscriber::fmt().with_writer(LogLines::over(move || to.clone(), coloured));
        let tell = || {
            tracing::warn!(shown = %HOSTILE, text = HOSTILE, seen = ?HOSTILE, "said {HOSTILE}");
        };
        if json {
            tracing::subscriber::with_default(logger.json().finish(), tell);
        } else {
            tracing::subscriber::with_default(logger.with_ansi(coloured).finish(), tell);
        }
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn whatever_is_told_stays_one_line_that_can_be_seen() {
        for json in [false, true] {
            let line = told(json, false);
            let text = line.strip_suffix('\n').unwrap();
            assert!(!text.contains(is_invisible), "{text:?}");
            assert!(text.contains("forged") && text.ends_with(if json { "}" } else { "z\"" }), "{text}");
        }
    }

    #[test]
    fn a_line_of_json_stays_one() {
        let line: serde_json::Value = serde_json::from_str(&told(true, false)).unwrap();
        assert!(line["fields"]["text"].as_str().unwrap().contains("forged"));
    }

    #[test]
    fn of_what_a_terminal_obeys_only_colours_are_left() {
        let line = told(false, true);
        assert_eq!(line.lines().count(), 1, "{line:?}");
        assert!(line.contains("\u{1b}[") && !line.contains("\u{1b}[2J") && !line.contains('\u{202e}'), "{line:?}");
    }
}
