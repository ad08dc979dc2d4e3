//! The three ways to keep someone signed in, behind one key. All end in the same actor; what differs is what the
//! server keeps, what a request costs, and what can be ended at once.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The cookie is one signed JWT of life `max_age`, signed again every `update_age`. The server keeps nothing; a
    /// request costs a signature check. No device list, kick, limit or immediate role change.
    Jwt,
    /// The cookie is an opaque id of life `max_age`, extended every `update_age`. The server keeps a row; a request
    /// costs one indexed read, and a kick bites at the next one.
    Database,
    /// The cookies are an access JWT of life `access_ttl` and a refresh token of life `max_age`. The server keeps a
    /// row; a request costs a signature check and a look in memory, and a kick bites at the next one.
    Hybrid,
}

impl Strategy {
    pub const ALL: [Self; 3] = [Self::Jwt, Self::Database, Self::Hybrid];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Database => "database",
            Self::Hybrid => "hybrid",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.as_str() == text)
    }

    /// Whether a sign-in leaves a row that can be listed, counted and ended.
    #[must_use]
    pub fn keeps_sessions(self) -> bool {
        !matches!(self, Self::Jwt)
    }

    /// Whether a refresh token renews the session, in generations; otherwise a request does, every `update_age`.
    #[must_use]
    pub fn rotates(self) -> bool {
        matches!(self, Self::Hybrid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_reads_back_from_its_own_text_and_is_the_same_on_the_wire() {
        for strategy in Strategy::ALL {
            assert_eq!(Strategy::parse(strategy.as_str()), Some(strategy));
            assert_eq!(serde_json::to_value(strategy).unwrap(), strategy.as_str());
        }
        assert_eq!(Strategy::parse("JWT"), None);
    }

    #[test]
    fn only_a_jwt_alone_leaves_nothing_to_end() {
        assert_eq!(Strategy::ALL.map(Strategy::keeps_sessions), [false, true, true]);
        assert_eq!(Strategy::ALL.map(Strategy::rotates), [false, false, true]);
    }
}
