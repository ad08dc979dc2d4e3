//! How long a proof of the password counts for acts that ask for a recent one (`Action::needs_proof`).
//!
//! Sign-in is such a proof, and so is a step-up (`POST /api/step_up`). What was proved once is not proved for the life
//! of the session: a page left open, or a copied cookie, manages no accounts.

use std::time::Duration;

use super::time::Timestamp;

/// Long enough to work through a list of people, shorter than the default idle timeout.
pub const PROOF_HOLDS: Duration = Duration::from_secs(10 * 60);

/// Whether a proof given at `proved_at` still counts.
#[must_use]
pub fn is_recent(proved_at: Timestamp, now: Timestamp) -> bool {
    now.since(proved_at) <= PROOF_HOLDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_counts_for_ten_minutes_and_not_a_millisecond_longer() {
        let proved_at = Timestamp::from_secs(1_000);
        let end = Timestamp::from_secs(1_600);
        assert!(is_recent(proved_at, proved_at));
        assert!(is_recent(proved_at, end));
        assert!(!is_recent(proved_at, Timestamp(end.0 + 1)));
    }

    #[test]
    fn a_session_that_never_proved_anything_is_not_trusted() {
        assert!(!is_recent(Timestamp::default(), Timestamp::from_secs(1_780_000_000)));
    }
}
