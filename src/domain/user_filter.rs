//! Which users are listed and in which order, as it stands in an address.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{plain_text, role::Role, time::Timestamp};

/// What a list of users is narrowed to. Fields that say nothing narrow nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The beginning of an e-mail or a name, in lower case.
    pub prefix: String,
    pub role: Option<Role>,
    pub locked: Option<bool>,
    /// With, or without, a live session.
    pub live: Option<bool>,
    pub seen: Option<Seen>,
}

/// When someone last acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    Day,
    Week,
    Month,
    /// Not within a month.
    Longer,
    Never,
}

/// In which order. People are found by what they are called, and looked at as they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    #[default]
    Email,
    Name,
    /// Last seen first.
    Seen,
    /// Newest first.
    Created,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Seen {
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Longer, Self::Never];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Longer => "longer",
            Self::Never => "never",
        }
    }

    /// From when (inclusive) and before when they were last seen. Never is 0.
    #[must_use]
    pub fn between(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let since = |length| (now.minus(length), Timestamp::NEVER);
        match self {
            Self::Day => since(DAY),
            Self::Week => since(DAY * 7),
            Self::Month => since(DAY * 30),
            Self::Longer => (Timestamp(1), now.minus(DAY * 30)),
            Self::Never => (Timestamp(0), Timestamp(1)),
        }
    }
}

impl Sort {
    pub const ALL: [Self; 4] = [Self::Email, Self::Name, Self::Seen, Self::Created];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Name => "name",
            Self::Seen => "seen",
            Self::Created => "created",
        }
    }

    /// By e-mail when nothing is asked for; `None` for what is no order.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        Self::ALL.into_iter().find(|sort| sort.as_str() == text)
    }
}

impl Filter {
    /// Reads what was asked for.
    ///
    /// # Errors
    /// The name of the field that says what is not known.
    pub fn parse(asked: &Asked) -> Result<Self, &'static str> {
        let role = |text: &str| Role::parse(text);
        // PostgreSQL's text holds none.
        if asked.query.contains('\0') {
            return Err("query");
        }
        let seen = |text: &str| Seen::ALL.into_iter().find(|seen| seen.as_str() == text);
        Ok(Self {
            // As names are kept, and e-mail addresses can only be.
            prefix: plain_text::line(&asked.query).to_lowercase(),
            role: optional(&asked.role, role).ok_or("role")?,
            locked: optional(&asked.locked, yes_or_no).ok_or("locked")?,
            live: optional(&asked.live, yes_or_no).ok_or("live")?,
            seen: optional(&asked.seen, seen).ok_or("seen")?,
        })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is asked for, as it is chosen and as it stands in the address. What is empty asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    pub query: String,
    pub role: String,
    /// `yes` or `no`.
    pub locked: String,
    /// `yes` or `no`.
    pub live: String,
    pub seen: String,
    pub sort: String,
}

impl Asked {
    /// Names and values, in the order of the form.
    #[must_use]
    pub fn pairs(&self) -> [(&'static str, &str); 6] {
        [
            ("query", &self.query),
            ("role", &self.role),
            ("locked", &self.locked),
            ("live", &self.live),
            ("seen", &self.seen),
            ("sort", &self.sort),
        ]
    }

    /// Reads what has those names.
    #[must_use]
    pub fn read(value: impl Fn(&str) -> String) -> Self {
        Self {
            query: value("query"),
            role: value("role"),
            locked: value("locked"),
            live: value("live"),
            seen: value("seen"),
            sort: value("sort"),
        }
    }
}

/// `Some(None)` for what is not asked for, `None` for what is not understood.
#[expect(clippy::option_option, reason = "not asked for and not understood are two things")]
fn optional<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { read(text).map(Some) }
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_asked_for_narrows_nothing() {
        let filter = Filter::parse(&Asked::default()).unwrap();
        assert!(filter.is_empty());
        assert_eq!(Sort::parse(""), Some(Sort::Email));
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let said = ["query", " HANA ", "role", "support", "locked", "no", "live", "yes", "seen", "longer", "sort", ""];
        let asked = Asked::read(|name| said.chunks(2).find(|pair| pair[0] == name).unwrap()[1].to_owned());
        let filter = Filter::parse(&asked).unwrap();
        let wanted = Filter {
            prefix: "hana".to_owned(),
            role: Some(Role::Support),
            locked: Some(false),
            live: Some(true),
            seen: Some(Seen::Longer),
        };
        assert_eq!(filter, wanted);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for field in ["role", "locked", "live", "seen"] {
            let asked = Asked::read(|name| if name == field { "maybe".to_owned() } else { String::new() });
            assert_eq!(Filter::parse(&asked), Err(field));
        }
        assert_eq!(Sort::parse("random"), None);
    }

    #[test]
    fn times_of_last_sight_leave_no_gap_and_never_is_apart() {
        let now = Timestamp(1_795_233_127_000);
        let (longer, month) = (Seen::Longer.between(now), Seen::Month.between(now));
        assert_eq!(longer.1, month.0);
        assert_eq!((Seen::Never.between(now).1, longer.0), (Timestamp(1), Timestamp(1)));
    }
}
