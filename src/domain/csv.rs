//! Lines of a CSV file (RFC 4180), made so that no spreadsheet takes a person's name for a formula.
//!
//! What begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets an apostrophe before it (OWASP, CSV injection).

const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Stands at the beginning of a file: without it spreadsheets read UTF-8 as something else, and names as nonsense.
pub const MARK: char = '\u{feff}';

/// One record, with its end.
#[must_use]
pub fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    cells.join(",") + "\r\n"
}

fn cell(text: &str) -> String {
    let defused = if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() };
    if defused.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", defused.replace('"', "\"\"")) } else { defused }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_cell_is_quoted() {
        assert_eq!(
            line(&["a", "", "山田, 花子", "say \"so\"", "a\nb"]),
            "a,,\"山田, 花子\",\"say \"\"so\"\"\",\"a\nb\"\r\n"
        );
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+81", "'+81"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("a=1", "a=1"),
            ("'=1", "'=1"),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }
}
