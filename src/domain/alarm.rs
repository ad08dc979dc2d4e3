//! A credential that came twice: what is known of both uses, and what people say it was.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// A token came back that should no longer exist; its session was ended.
    Reuse,
    /// Three generations in a row were repeated late, as if two devices shared a session; it lives on.
    Late,
}

impl AlarmKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reuse => "reuse",
            Self::Late => "late",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Reuse, Self::Late].into_iter().find(|kind| kind.as_str() == text)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The person says that both uses were theirs.
    Mine,
    /// They say that one was not: everything of theirs ends.
    NotMine,
    /// Somebody at the desk has dealt with it.
    Admin,
}

impl Answer {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::NotMine => "not_mine",
            Self::Admin => "admin",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Mine, Self::NotMine, Self::Admin].into_iter().find(|answer| answer.as_str() == text)
    }

    /// What the person themselves may say.
    #[must_use]
    pub fn parse_own(text: &str) -> Option<Self> {
        Self::parse(text).filter(|answer| *answer != Self::Admin)
    }
}

/// One use of a token. Instants are Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    pub at: i64,
    pub address: String,
    pub user_agent: String,
}

/// Both uses: the one that was given a successor, and the one that came after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub first: Use,
    pub second: Use,
}

impl Evidence {
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_answers_read_back_from_their_own_texts() {
        for kind in [AlarmKind::Reuse, AlarmKind::Late] {
            assert_eq!(AlarmKind::parse(kind.as_str()), Some(kind));
        }
        for answer in [Answer::Mine, Answer::NotMine, Answer::Admin] {
            assert_eq!(Answer::parse(answer.as_str()), Some(answer));
        }
    }

    #[test]
    fn nobody_answers_for_the_desk() {
        assert_eq!(Answer::parse_own("admin"), None);
        assert_eq!(Answer::parse_own("not_mine"), Some(Answer::NotMine));
    }
}
