//! Whatever is done to a sealed log without the key is found, and what is not touched is not accused.

use proptest::prelude::*;

use super::*;
use crate::domain::audit_chain::{Accepted, Chain, Change, Finding, Given, Report};

#[derive(Clone, Debug)]
struct Row {
    head: Head,
    seal: Vec<u8>,
    content: Vec<u8>,
}

fn secret(byte: u8) -> SecretBytes {
    SecretBytes::new(vec![byte; 32])
}

fn seals(byte: u8) -> AuditSeals {
    AuditSeals::new(&secret(byte), None)
}

/// Goes on with a log, sealed under the key of `byte`.
fn grow(rows: &mut Vec<Row>, byte: u8, many: usize) {
    for _ in 0..many {
        let former = rows.last().map_or(Head::NONE, |row| row.head);
        let content = format!("row {}", rows.len() + 1).into_bytes();
        let Sealed { head, seal } = seals(byte).next(&former, &content);
        rows.push(Row { head, seal, content });
    }
}

fn log(many: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    grow(&mut rows, 1, many);
    rows
}

fn verify(rows: &[Row], seals: &AuditSeals, expected: Option<Head>) -> Report {
    go_along(rows, seals, Chain::from(Head::NONE, Seal::Good, expected))
}

fn go_along(rows: &[Row], seals: &AuditSeals, mut chain: Chain) -> Report {
    for row in rows {
        let found = Found { head: row.head, seal: &row.seal, content: &row.content };
        chain.next(&seals.judge(&chain.last().link, &found));
    }
    let head = chain.last();
    chain.finish(Some(head))
}

fn findings(rows: &[Row]) -> Vec<Finding> {
    verify(rows, &seals(1), None).findings
}

#[test]
fn a_log_as_it_was_sealed_is_clean_and_its_head_is_found_again() {
    let rows = log(5);
    for head in [Some(rows[4].head), Some(rows[2].head), Some(Head::NONE)] {
        let report = verify(&rows, &seals(1), head);
        assert_eq!((report.findings, report.given), (vec![], Given::Found));
        assert_eq!((report.head, report.sealed, report.covered), (rows[4].head, 5, 0));
    }
}

#[test]
fn each_fault_is_called_by_its_name_and_number_and_nothing_beside_it() {
    let mut edited = log(6);
    edited[2].content = b"something else".to_vec();
    assert_eq!(findings(&edited), [Finding::Edited { seq: 3 }]);

    let mut gap = log(6);
    gap.drain(1..3);
    assert_eq!(findings(&gap), [Finding::Missing { from: 2, to: 3 }]);

    let mut swapped = log(6);
    (swapped[2].head.seq, swapped[4].head.seq) = (5, 3);
    swapped.swap(2, 4);
    assert_eq!(findings(&swapped), [Finding::Reordered { seq: 3, was: 5 }, Finding::Reordered { seq: 5, was: 3 }]);

    let cut = &log(6)[..4];
    assert_eq!(findings(cut), []);
    let report = verify(cut, &seals(1), Some(log(6)[5].head));
    assert_eq!((report.findings, report.given), (vec![Finding::CutTail { from: 5, to: 6 }], Given::NotFound));
}

#[test]
fn a_tail_that_was_written_anew_is_not_the_one_that_was_written_down() {
    let known = log(6)[5].head;
    let mut rows = log(4);
    for content in [b"another", b"history"] {
        let Sealed { head, seal } = seals(1).next(&rows[rows.len() - 1].head, content);
        rows.push(Row { head, seal, content: content.to_vec() });
    }
    assert_eq!(findings(&rows), []);
    assert_eq!(verify(&rows, &seals(1), Some(known)).findings, [Finding::OtherHead { seq: 6 }]);
}

const UNKNOWN_1_TO_4: Finding = Finding::UnknownKey { from: 1, to: 4, before: Some(5) };

/// The same, where rows with these numbers tell of a change of key.
fn go_along_telling(rows: &[Row], seals: &AuditSeals, told: &[(i64, Change)]) -> Report {
    go_on_telling(rows, seals, told, Chain::from(Head::NONE, Seal::Good, None))
}

fn go_on_telling(rows: &[Row], seals: &AuditSeals, told: &[(i64, Change)], mut chain: Chain) -> Report {
    for row in rows {
        let found = Found { head: row.head, seal: &row.seal, content: &row.content };
        let change = told.iter().find(|(seq, _)| *seq == row.head.seq).map(|(_, change)| *change);
        chain.next(&Judged { change, ..seals.judge(&chain.last().link, &found) });
    }
    let head = chain.last();
    chain.finish(Some(head))
}

#[test]
fn rows_of_a_key_that_is_gone_are_believed_where_the_change_is_proved_and_only_there() {
    let mut rows = log(4);
    grow(&mut rows, 2, 3);
    let (changed, changing) = (seals(2), AuditSeals::new(&secret(2), Some(&secret(1))));
    let former = UNKNOWN_1_TO_4;
    assert_eq!(verify(&rows, &changed, None).findings, [former], "a later seal alone proves nothing");
    let report = verify(&rows, &changing, None);
    assert_eq!((report.findings, report.covered), (vec![], 0));
    let end = Finding::UnknownKey { from: 5, to: 7, before: None };
    assert_eq!(verify(&rows, &seals(1), None).findings, [end]);
    let change = KeyChange { former: rows[3].head, key: seals(1).own.name, checkpoint: None };
    let tell = |proof: &[u8]| {
        let proved = changed.is_proved(&change, proof);
        let KeyChange { former, key, checkpoint } = change;
        go_along_telling(&rows, &changed, &[(5, Change::Verified { former, key, checkpoint, proved })])
    };
    let proof = changing.prove(&change);
    let report = tell(&proof);
    assert_eq!((report.findings, report.covered), (vec![], 4));
    assert_eq!(tell(&seals(3).prove(&change)).findings, [former], "a proof under a key that nobody knows");
    assert_eq!(tell(&rows[4].seal).findings, [former], "the seal of a row is none");
    let other = KeyChange { former: rows[2].head, ..change };
    assert!(!changed.is_proved(&other, &proof), "of another place");
}

/// A change of the key of `byte` after a row, proved or not.
fn change_after(row: &Row, byte: u8, proved: bool) -> Change {
    Change::Verified { former: row.head, key: seals(byte).own.name, checkpoint: None, proved }
}

#[test]
fn a_genuine_proof_of_other_rows_or_another_key_stands_for_none() {
    let mut rows = log(4);
    grow(&mut rows, 2, 3);
    let told = |change| go_along_telling(&rows, &seals(2), &[(5, change)]).findings;
    assert_eq!(told(change_after(&rows[3], 1, true)), []);
    assert_eq!(told(change_after(&rows[2], 1, true)), [UNKNOWN_1_TO_4], "of a place before");
    assert_eq!(told(change_after(&rows[3], 3, true)), [UNKNOWN_1_TO_4], "of another key");
}

#[test]
fn of_two_unknown_keys_the_first_is_believed_where_the_second_tells_of_it() {
    let mut rows = log(4);
    grow(&mut rows, 2, 2);
    grow(&mut rows, 3, 2);
    let last = (7, change_after(&rows[5], 2, true));
    let told = |between: &[(i64, Change)]| {
        let report = go_along_telling(&rows, &seals(3), &[between, &[last]].concat());
        (report.findings, report.covered)
    };
    assert_eq!(told(&[(5, change_after(&rows[3], 1, false))]), (vec![], 6));
    assert_eq!(told(&[]), (vec![UNKNOWN_1_TO_4], 2));
    assert_eq!(told(&[(5, change_after(&rows[2], 1, false))]), (vec![UNKNOWN_1_TO_4], 2));
}

#[test]
fn a_proof_covers_the_checkpoint_that_it_names_and_no_other() {
    let mut rows = log(4);
    grow(&mut rows, 2, 3);
    let at = rows[1].head;
    let told = |named: Head| {
        let begin = Chain::from(at, seals(2).judge_checkpoint(&at, &seals(1).checkpoint(&at)), None);
        let (former, key) = (rows[3].head, seals(1).own.name);
        let change = Change::Verified { former, key, checkpoint: Some(named), proved: true };
        go_on_telling(&rows[2..], &seals(2), &[(5, change)], begin).findings
    };
    assert_eq!(told(at), []);
    assert_eq!(told(rows[0].head), [Finding::Checkpoint { seq: 2 }]);
}

/// Both were sealed by us: of two databases, or of one that was restored.
#[test]
fn the_end_of_one_log_does_not_follow_the_beginning_of_another() {
    let mut other = log(1);
    let Sealed { head, seal } = seals(1).next(&other[0].head, b"another second row");
    other.push(Row { head, seal, content: b"another second row".to_vec() });
    grow(&mut other, 1, 3);
    let spliced = [&log(3)[..], &other[3..]].concat();
    assert_eq!(findings(&spliced), [Finding::Unlinked { seq: 4 }]);
}

/// Links are no secret: whoever writes to the database can make them anew, but for the first that is sealed.
#[test]
fn links_made_anew_after_an_edit_end_where_the_known_key_begins() {
    let mut rows = log(4);
    grow(&mut rows, 2, 3);
    rows[1].content = b"something else".to_vec();
    for at in 1..7 {
        let link = link(&rows[at - 1].head.link, rows[at].head.seq, &digest(&rows[at].content));
        rows[at].head.link = link;
    }
    let told = verify(&rows, &seals(2), None).findings;
    let unknown = Finding::UnknownKey { from: 1, to: 4, before: None };
    assert!(told.contains(&unknown) && told.contains(&Finding::Edited { seq: 5 }), "{told:?}");
    for row in &mut rows {
        row.seal[..NAME].copy_from_slice(b"nobody");
    }
    assert_eq!(verify(&rows, &seals(2), None).findings, [Finding::UnknownKey { from: 1, to: 7, before: None }]);
}

#[test]
fn a_checkpoint_begins_a_log_and_is_nobody_elses_to_make() {
    let rows = log(6);
    let at = rows[2].head;
    let seal = seals(1).checkpoint(&at);
    let begin = |seal: &[u8], head: Head| Chain::from(head, seals(1).judge_checkpoint(&head, seal), None);
    let clean = go_along(&rows[3..], &seals(1), begin(&seal, at));
    assert_eq!((clean.findings, clean.checkpoint, clean.sealed), (vec![], 3, 3));
    let moved = go_along(&rows[4..], &seals(1), begin(&seal, rows[3].head));
    assert_eq!(moved.findings, [Finding::Checkpoint { seq: 4 }]);
    let of_a_row = go_along(&rows[4..], &seals(1), begin(&rows[3].seal, rows[3].head));
    assert_eq!(of_a_row.findings, [Finding::Checkpoint { seq: 4 }]);
    assert_eq!(go_along(&rows[4..], &seals(1), begin(&seal, at)).findings, [Finding::Missing { from: 4, to: 4 }]);
    let past = go_along(&rows[3..], &seals(1), Chain::from(at, Seal::Good, Some(rows[0].head)));
    assert_eq!((past.findings, past.given), (vec![], Given::Past));
    let other_key = Chain::from(at, seals(2).judge_checkpoint(&at, &seal), None);
    assert_eq!(go_along(&rows[3..3], &seals(2), other_key).findings, [Finding::Checkpoint { seq: 3 }]);
    let accepted = Chain::from(at, seals(2).judge_checkpoint(&at, &seal), None);
    let by_number = accepted.accepting(&[Accepted { seq: 3, link: None }]);
    assert_eq!(go_along(&rows[3..3], &seals(2), by_number).findings, []);
}

#[test]
fn a_seal_that_names_another_key_is_no_seal() {
    let mut rows = log(4);
    rows[1].seal[0] ^= 1;
    assert_eq!(findings(&rows), [Finding::UnknownKey { from: 2, to: 2, before: Some(3) }]);
    rows[1].content = b"something else".to_vec();
    assert!(findings(&rows).contains(&Finding::Edited { seq: 2 }));
    let mut rows = log(4);
    rows[3].seal[0] ^= 1;
    assert_eq!(findings(&rows), [Finding::UnknownKey { from: 4, to: 4, before: None }]);
}

/// What someone may do who owns the database and not the key.
#[derive(Clone, Debug)]
enum Tamper {
    Content(usize, Vec<u8>),
    Link(usize, [u8; 32]),
    Seal(usize, usize, u8),
    Number(usize, i64),
    Drop(usize),
    Swap(usize, usize),
    SwapContent(usize, usize),
    Insert(usize, Vec<u8>),
}

fn tamper() -> impl Strategy<Value = Tamper> {
    let (at, other) = (0..12_usize, 0..12_usize);
    prop_oneof![
        (at.clone(), any::<Vec<u8>>()).prop_map(|(at, content)| Tamper::Content(at, content)),
        (at.clone(), any::<[u8; 32]>()).prop_map(|(at, link)| Tamper::Link(at, link)),
        (at.clone(), 0..46_usize, 1..=255_u8).prop_map(|(at, byte, change)| Tamper::Seal(at, byte, change)),
        (at.clone(), 1..40_i64).prop_map(|(at, seq)| Tamper::Number(at, seq)),
        // All but the last: a tail that is cut shows with the head only.
        (0..11_usize).prop_map(Tamper::Drop),
        (at.clone(), other.clone()).prop_map(|(one, other)| Tamper::Swap(one, other)),
        (at.clone(), other).prop_map(|(one, other)| Tamper::SwapContent(one, other)),
        (at, any::<Vec<u8>>()).prop_map(|(at, content)| Tamper::Insert(at, content)),
    ]
}

/// Does it; `false` where it changes nothing.
fn apply(rows: &mut Vec<Row>, tamper: Tamper) -> bool {
    let before = rows.clone();
    match tamper {
        Tamper::Content(at, content) => rows[at].content = content,
        Tamper::Link(at, link) => rows[at].head.link = link,
        Tamper::Seal(at, byte, change) => rows[at].seal[byte] ^= change,
        Tamper::Number(at, seq) => rows[at].head.seq = seq,
        Tamper::Drop(at) => drop(rows.remove(at)),
        Tamper::Swap(one, other) => {
            let (a, b) = (rows[one].head.seq, rows[other].head.seq);
            (rows[one].head.seq, rows[other].head.seq) = (b, a);
        }
        Tamper::SwapContent(one, other) => {
            let (a, b) = (rows[one].content.clone(), rows[other].content.clone());
            (rows[one].content, rows[other].content) = (b, a);
        }
        Tamper::Insert(at, content) => {
            for row in &mut rows[at..] {
                row.head.seq += 1;
            }
            let former = if at == 0 { Head::NONE } else { rows[at - 1].head };
            let Sealed { head, seal } = seals(9).next(&former, &content);
            rows.insert(at, Row { head, seal, content });
        }
    }
    rows.sort_by_key(|row| row.head.seq);
    let same = |(a, b): (&Row, &Row)| a.head == b.head && a.seal == b.seal && a.content == b.content;
    rows.len() != before.len() || !rows.iter().zip(&before).all(same)
}

proptest! {
    #[test]
    fn any_single_change_of_sealed_rows_is_found(tamper in tamper()) {
        let mut rows = log(12);
        prop_assume!(apply(&mut rows, tamper));
        prop_assert!(!findings(&rows).is_empty());
    }

    #[test]
    fn a_cut_tail_is_found_with_the_head_and_only_with_it(left in 0..12_usize) {
        let rows = log(12);
        let cut = &rows[..left];
        prop_assert!(findings(cut).is_empty());
        let told = verify(cut, &seals(1), Some(rows[11].head)).findings;
        prop_assert_eq!(told, vec![Finding::CutTail { from: i64::try_from(left).unwrap() + 1, to: 12 }]);
    }
}
