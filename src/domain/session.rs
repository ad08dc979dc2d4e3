//! What state a session is in, and what ended it.
//!
//! Revocation (someone ended it), expiry (time did) and sign-out (the user did) are three things and stay three.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// Why a session ended, as the row keeps it and as the person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// There is no session: never signed in, or the credential is unknown.
    None,
    /// Its life or the absolute timeout ran out.
    Expired,
    /// No human act for the idle timeout.
    Idle,
    /// The user ended it, here or from another device.
    Revoked,
    /// An administrator ended it.
    Kicked,
    /// The device limit ended it.
    Limit,
    /// The password was changed elsewhere.
    Password,
    /// The account was locked or deleted.
    Locked,
    /// A refresh token came back that should no longer exist.
    Reuse,
    /// Its owner signed out, or in again in the same browser. The row's word, and the admin pages': whoever presents what is left
    /// of such a session is [told](Self::told) that there is none.
    SignedOut,
}

impl EndReason {
    pub const ALL: [Self; 10] = [
        Self::None,
        Self::Expired,
        Self::Idle,
        Self::Revoked,
        Self::Kicked,
        Self::Limit,
        Self::Password,
        Self::Locked,
        Self::Reuse,
        Self::SignedOut,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Expired => "expired",
            Self::Idle => "idle",
            Self::Revoked => "revoked",
            Self::Kicked => "kicked",
            Self::Limit => "limit",
            Self::Password => "password",
            Self::Locked => "locked",
            Self::Reuse => "reuse",
            Self::SignedOut => "signed_out",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }

    /// What the row of a session that somebody ended says. Before sign-out had a word of its own it was kept as `none`.
    #[must_use]
    pub fn of_row(text: &str) -> Option<Self> {
        Self::parse(text).map(|reason| if reason == Self::None { Self::SignedOut } else { reason })
    }

    /// The reason as whoever presents a credential of the session is told it.
    #[must_use]
    pub fn told(self) -> Self {
        if self == Self::SignedOut { Self::None } else { self }
    }
}

/// The instants that decide whether a session lives. "Never" is [`Timestamp::NEVER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// End of its life since the last renewal (`max_age`).
    pub expires_at: Timestamp,
    /// End of the current stretch without a human act.
    pub idle_end_at: Timestamp,
    /// Hard end since sign-in; nothing moves it.
    pub absolute_end_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    Live,
    Ended(EndReason),
}

impl Ends {
    /// The state at `now`, as it is told. An explicit end wins over time; of the ends by time the earlier one names the reason.
    #[must_use]
    pub fn state(&self, ended: Option<EndReason>, now: Timestamp) -> SessionState {
        if let Some(reason) = ended {
            return SessionState::Ended(reason.told());
        }
        let hard = self.expires_at.min(self.absolute_end_at);
        if now >= self.idle_end_at && self.idle_end_at <= hard {
            SessionState::Ended(EndReason::Idle)
        } else if now >= hard {
            SessionState::Ended(EndReason::Expired)
        } else {
            SessionState::Live
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: Ends =
        Ends { expires_at: Timestamp(300), idle_end_at: Timestamp(100), absolute_end_at: Timestamp(200) };

    #[test]
    fn a_session_lives_until_the_first_of_its_ends() {
        assert_eq!(ENDS.state(None, Timestamp(99)), SessionState::Live);
        assert_eq!(ENDS.state(None, Timestamp(100)), SessionState::Ended(EndReason::Idle));
        let awake = Ends { idle_end_at: Timestamp(250), ..ENDS };
        assert_eq!(awake.state(None, Timestamp(199)), SessionState::Live);
        assert_eq!(awake.state(None, Timestamp(200)), SessionState::Ended(EndReason::Expired));
        assert_eq!(awake.state(None, Timestamp(999)), SessionState::Ended(EndReason::Expired));
    }

    #[test]
    fn being_ended_by_someone_wins_over_time() {
        assert_eq!(ENDS.state(Some(EndReason::Kicked), Timestamp(999)), SessionState::Ended(EndReason::Kicked));
    }

    #[test]
    fn a_sign_out_is_kept_as_one_and_told_as_no_session() {
        assert_eq!(EndReason::of_row("signed_out"), Some(EndReason::SignedOut));
        assert_eq!(EndReason::of_row("none"), Some(EndReason::SignedOut), "as it was kept before");
        assert_eq!(EndReason::of_row("kicked"), Some(EndReason::Kicked));
        assert_eq!(ENDS.state(Some(EndReason::SignedOut), Timestamp(0)), SessionState::Ended(EndReason::None));
    }

    #[test]
    fn every_reason_reads_back_from_its_own_text() {
        for reason in EndReason::ALL {
            assert_eq!(EndReason::parse(reason.as_str()), Some(reason));
        }
    }
}
