//! What an access token says (RFC 9068, typ `at+jwt`), and the checks on it that need no I/O.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    ids::{SessionId, UserId},
    role::Role,
    session::Ends,
    strategy::Strategy,
    time::Timestamp,
};

/// The claims of an access token. Instants are `NumericDate`s in seconds (RFC 7519 section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    pub iss: String,
    pub aud: String,
    pub sub: UserId,
    pub client_id: String,
    pub sid: SessionId,
    /// Generation of the refresh token it was minted with.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// The user's version when it was minted; a kick, lock, password or role change raises it.
    pub uv: i64,
    pub jti: String,
    pub iat: i64,
    pub exp: i64,
    /// The session's idle end as known when it was minted.
    pub idle_end: i64,
    /// When the person signed in; the absolute end counts from it.
    pub auth_time: i64,
    /// When they last proved their password: at sign-in, or by a step-up since. In tokens that don't tell, never.
    #[serde(default)]
    pub proved_at: i64,
    pub amr: Vec<String>,
    pub role: Role,
    /// The strategy it was minted under; no other one's check takes it. Tokens from before there were several are `hybrid`.
    #[serde(default = "hybrid")]
    pub strategy: Strategy,
    /// Whether the sign-in asked to be remembered: it has its own idle timeout.
    #[serde(default, rename = "rem", skip_serializing_if = "std::ops::Not::not")]
    pub remembered: bool,
}

fn hybrid() -> Strategy {
    Strategy::Hybrid
}

/// What time says of a token whose signature verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    Fresh,
    /// It ended, or the idle end it knows has come: a refresh tells whether the session goes on.
    Ended,
}

impl AccessClaims {
    /// Clocks of several nodes may differ by this much before a token counts as issued in the future.
    pub const SKEW: Duration = Duration::from_secs(10);

    /// `longest_life` is today's: a token minted to live longer than that is no longer taken, so that every
    /// revocation may be forgotten that long after it was made.
    #[must_use]
    pub fn freshness(&self, now: Timestamp, longest_life: Duration) -> Freshness {
        let issued = Timestamp::from_secs(self.iat);
        let ended = now >= Timestamp::from_secs(self.exp)
            || now >= Timestamp::from_secs(self.idle_end)
            || issued > now.plus(Self::SKEW)
            || Timestamp::from_secs(self.exp) > issued.plus(longest_life).plus(Duration::from_secs(1));
        if ended { Freshness::Ended } else { Freshness::Fresh }
    }

    /// The ends of a session of which nothing is known but its token (`jwt`).
    #[must_use]
    pub fn ends(&self, absolute_timeout: Duration) -> Ends {
        let signed_in_at = Timestamp::from_secs(self.auth_time);
        Ends {
            expires_at: Timestamp::from_secs(self.exp),
            idle_end_at: Timestamp::from_secs(self.idle_end),
            absolute_end_at: if absolute_timeout.is_zero() {
                Timestamp::NEVER
            } else {
                signed_in_at.plus(absolute_timeout)
            },
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The claims that tests begin from.
    ///
    /// # Panics
    /// Never: the ids are well-formed.
    pub fn claims() -> AccessClaims {
        AccessClaims {
            iss: "http://localhost:3000".into(),
            aud: "http://localhost:3000".into(),
            sub: UserId::parse("0192a5c0-7d3e-7b21-9f00-0123456789ab").unwrap(),
            client_id: "sekisho".into(),
            sid: SessionId::parse("0192a5c0-7d3e-7b21-9f00-0123456789ac").unwrap(),
            generation: 1,
            uv: 0,
            jti: "j".into(),
            iat: 1_000,
            exp: 1_900,
            idle_end: 1_600,
            auth_time: 1_000,
            proved_at: 1_000,
            amr: vec!["pwd".into()],
            role: Role::User,
            strategy: Strategy::Hybrid,
            remembered: false,
        }
    }

    const TTL: Duration = Duration::from_secs(900);

    #[test]
    fn a_token_is_fresh_until_its_end_or_the_idle_end_whichever_comes_first() {
        assert_eq!(claims().freshness(Timestamp::from_secs(1_599), TTL), Freshness::Fresh);
        assert_eq!(claims().freshness(Timestamp::from_secs(1_600), TTL), Freshness::Ended);
        let awake = AccessClaims { idle_end: 9_999, ..claims() };
        assert_eq!(awake.freshness(Timestamp::from_secs(1_899), TTL), Freshness::Fresh);
        assert_eq!(awake.freshness(Timestamp::from_secs(1_900), TTL), Freshness::Ended);
    }

    #[test]
    fn a_token_from_the_future_or_with_a_longer_life_than_today_is_not_taken() {
        assert_eq!(claims().freshness(Timestamp::from_secs(980), TTL), Freshness::Ended);
        assert_eq!(claims().freshness(Timestamp::from_secs(995), TTL), Freshness::Fresh);
        assert_eq!(claims().freshness(Timestamp::from_secs(1_100), Duration::from_secs(300)), Freshness::Ended);
    }
}
