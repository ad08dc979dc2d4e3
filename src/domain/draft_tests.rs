//! How a draft is written down, and that nothing else is taken for it.

use proptest::prelude::*;

use super::*;

fn envelope() -> Envelope {
    Envelope { day: 20_778, saved_at: 1_795_233_130_000, nonce: vec![0, 255, 16], sealed: b"sealed".to_vec() }
}

#[test]
fn a_day_begins_at_midnight_utc() {
    assert_eq!(day_of(Timestamp(DAY_MS - 1)), 0);
    assert_eq!(day_of(Timestamp(DAY_MS)), 1);
    assert_eq!(day_of(Timestamp(-1)), -1);
    assert_eq!(day_of(begin_of(20_778)), 20_778);
    assert_eq!(day_of(Timestamp(begin_of(20_778).0 - 1)), 20_777);
}

#[test]
fn what_a_draft_is_bound_to_is_told_apart_wherever_one_text_ends_and_the_next_begins() {
    let one = bound_to(("user", "profile", 1), 5);
    for other in [
        bound_to(("use", "rprofile", 1), 5),
        bound_to(("user", "profile1", 1), 5),
        bound_to(("user", "profile", 2), 5),
        bound_to(("user", "profile", 15), 5),
        bound_to(("user", "profile", 1), 6),
        bound_to(("another", "profile", 1), 5),
    ] {
        assert_ne!(one, other);
    }
}

#[test]
fn an_envelope_is_read_as_it_was_written() {
    assert_eq!(envelope().to_text(), "1.20778.1795233130000.00ff10.7365616c6564");
    assert_eq!(Envelope::parse(&envelope().to_text()), Some(envelope()));
}

#[test]
fn what_is_no_envelope_is_read_as_none() {
    for text in
        ["", "1", "1.2.3.00", "2.1.1.00.00", "1.1.1.0.00", "1.1.1.zz.00", "1.x.1.00.00", "1.1.1.00.00.00", "1.1.1.ä.00"]
    {
        assert_eq!(Envelope::parse(text), None, "{text}");
    }
}

#[test]
fn a_draft_is_offered_for_a_day_after_it_was_saved_and_no_longer() {
    let saved_at = envelope().saved_at;
    assert!(envelope().is_live(saved_at));
    assert!(envelope().is_live(saved_at + HOLDS_MS - 1));
    assert!(!envelope().is_live(saved_at + HOLDS_MS));
    assert!(envelope().is_live(saved_at - 60_000), "the clock was put right");
    assert!(!envelope().is_live(saved_at - HOLDS_MS));
    assert!(!envelope().is_live(i64::MIN));
}

proptest! {
    #[test]
    fn texts_come_back_from_their_row(texts: Vec<String>) {
        prop_assert_eq!(unpack(&pack(texts.iter().map(String::as_str))), Some(texts));
    }

    #[test]
    fn bytes_that_are_no_row_are_refused_and_never_panic(bytes: Vec<u8>) {
        if let Some(texts) = unpack(&bytes) {
            prop_assert_eq!(unpack(&pack(texts.iter().map(String::as_str))), Some(texts));
        }
    }

    #[test]
    fn no_text_makes_the_reader_of_envelopes_panic(text: String) {
        let _ = Envelope::parse(&text);
    }
}
