//! What the system lets this program have.

use super::{Finding, Verdict};
use crate::server::open_files::{ENOUGH, Room};

/// `highest` is what the server can ask for, and it does.
pub fn open_files(highest: usize) -> Finding {
    let check = "open files";
    let Room { connections, streams, .. } = Room::within(highest);
    if highest < ENOUGH {
        let text = format!(
            "a process may have {highest} open, which leaves room for {connections} connections, {streams} of them pages that stay open"
        );
        return Finding::new(check, Verdict::Warn, text)
            .hint(format!("raise the hard limit to {ENOUGH} or more: LimitNOFILE= in the unit, or ulimit -Hn"));
    }
    Finding::ok(check, format!("there is room for {connections} connections, {streams} of them pages that stay open"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_limit_is_told_with_what_it_leaves_room_for() {
        let low = open_files(1_024);
        assert!(low.verdict == Verdict::Warn && low.text.contains("896 connections"), "{}", low.text);
        assert_eq!(open_files(ENOUGH).verdict, Verdict::Ok);
    }
}
