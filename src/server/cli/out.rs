//! What a command prints: a table or a sentence for people, JSON for scripts.

use std::io::{self, Write};

use serde::Serialize;

use crate::{domain::device_label::DeviceLabel, server::log_writer};

/// A row of a table. As JSON it is an object in an array.
pub trait Row: Serialize {
    const HEAD: &'static [&'static str];

    /// One text per column of [`Self::HEAD`]. The last column is not padded: names of any width go there.
    fn cells(&self) -> Vec<String>;
}

#[derive(Clone, Copy, Debug)]
pub struct Out {
    pub json: bool,
}

impl Out {
    /// Prints all rows, or an empty array; a table has its head also without rows.
    pub fn table<R: Row>(self, rows: &[R]) {
        print(if self.json { json(&rows) } else { aligned(R::HEAD, rows.iter().map(Row::cells).collect()) });
    }

    /// Prints how it came out: `text` or `value`.
    pub fn done(self, text: &str, value: &serde_json::Value) {
        print(if self.json { value.to_string() } else { text.to_owned() });
    }
}

/// Prints lines that are whole already; whether anybody reads on.
pub fn lines(text: &str) -> bool {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_ok()
}

/// A line on stderr, at the latest when the command ends.
pub fn complain(line: &str) {
    // Nobody is left to be told when stderr is gone.
    let _ = log_writer::stderr().write_all(format!("sekisho: {line}\n").as_bytes());
}

fn print(text: String) {
    // A reader who has closed the pipe, as `head` does, has seen enough.
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| unreachable!("rows are texts, numbers and options of them"))
}

/// What a device is called.
#[must_use]
pub fn device(label: &DeviceLabel) -> String {
    let browser = label.browser.as_deref().unwrap_or("unknown browser");
    label.system.as_ref().map_or_else(|| browser.to_owned(), |system| format!("{browser} on {system}"))
}

/// A table; its last column is not padded.
#[must_use]
pub fn aligned(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let head: Vec<String> = head.iter().map(|&text| text.to_owned()).collect();
    let all: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let columns = all.first().map_or(0, Vec::len);
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_heads() {
        let rows = vec![vec!["a".to_owned(), "1".to_owned()], vec!["abc".to_owned(), String::new()]];
        assert_eq!(aligned(&["X", "Y"], rows), "X    Y\na    1\nabc");
        assert_eq!(aligned(&["X", "Y"], vec![]), "X  Y");
    }
}
