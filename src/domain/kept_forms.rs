//! For whom, and how long, the forms of a page outlive the session they were filled in.
//!
//! Instants are milliseconds of the browser's clock. They are compared, not counted by a timer: a laptop that slept for
//! an hour has kept nothing when it wakes.

use super::session::EndReason;

/// From the end of the session on.
pub const KEPT_FOR_MS: i64 = 15 * 60 * 1_000;
/// A clock may be corrected a little. One that is set back further says nothing about the time that has passed.
const CORRECTED_MS: i64 = 5_000;

/// Whether what was kept at `ended_at` may still be there.
#[must_use]
pub fn still_kept(ended_at: i64, now: i64) -> bool {
    (-CORRECTED_MS..KEPT_FOR_MS).contains(&now.saturating_sub(ended_at))
}

/// Whether the person may go on where they were by signing in again. Nobody was signed in, or the account is closed: then
/// there is nothing to go on with.
#[must_use]
pub fn may_go_on(reason: EndReason) -> bool {
    match reason {
        EndReason::None | EndReason::Locked | EndReason::SignedOut => false,
        EndReason::Expired
        | EndReason::Idle
        | EndReason::Revoked
        | EndReason::Kicked
        | EndReason::Limit
        | EndReason::Password
        | EndReason::Reuse => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDED: i64 = 1_000_000;

    #[test]
    fn forms_are_kept_for_less_than_a_quarter_of_an_hour() {
        assert!(still_kept(ENDED, ENDED));
        assert!(still_kept(ENDED, ENDED + KEPT_FOR_MS - 1));
        assert!(!still_kept(ENDED, ENDED + KEPT_FOR_MS));
        assert!(!still_kept(ENDED, ENDED + 60 * 60 * 1_000));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_lengthen_it() {
        assert!(still_kept(ENDED, ENDED - 1_000));
        assert!(!still_kept(ENDED, ENDED - 60_000));
        assert!(!still_kept(i64::MAX, i64::MIN));
    }

    #[test]
    fn nobody_goes_on_with_a_closed_account_or_with_none() {
        let refused: Vec<_> = EndReason::ALL.into_iter().filter(|reason| !may_go_on(*reason)).collect();
        assert_eq!(refused, [EndReason::None, EndReason::Locked, EndReason::SignedOut]);
    }
}
