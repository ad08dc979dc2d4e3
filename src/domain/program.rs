//! The programs that a browser may be given. Each has all that the one before it has, so where one will do, so will the next.

use super::role::{Action, Role};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// What comes before a session. It watches over none.
    Guest,
    /// One's own session and settings, and the few sign-ins that wait for more than a password.
    Person,
    /// The admin's desk too.
    Staff,
}

impl Program {
    const ALL: [Self; 3] = [Self::Guest, Self::Person, Self::Staff];

    /// The least that runs a page, also where it only says that one may not be there.
    #[must_use]
    pub fn of_page(path: &str) -> Self {
        let mut parts = path.split('/').skip(1);
        match (parts.next(), parts.next()) {
            (Some("settings"), _) | (Some("login"), Some(_)) => Self::Person,
            (Some("admin"), _) => Self::Staff,
            _ => Self::Guest,
        }
    }

    /// The least in which somebody finds all that they may use, so that they go from page to page without a load.
    #[must_use]
    pub fn of_role(role: Option<Role>) -> Self {
        match role {
            None => Self::Guest,
            Some(role) if role.may(Action::ViewUsers) => Self::Staff,
            Some(_) => Self::Person,
        }
    }

    /// The least that will do of those that are there; the last one always is.
    #[must_use]
    pub fn or_next(self, is_there: impl Fn(Self) -> bool) -> Self {
        Self::ALL.into_iter().find(|program| *program >= self && is_there(*program)).unwrap_or(Self::Staff)
    }

    /// Under this name the site has it.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Guest => "pkg/guest",
            Self::Person => "pkg/person",
            Self::Staff => "pkg/sekisho",
        }
    }

    #[must_use]
    pub const fn has(self, part: Self) -> bool {
        self as u8 >= part as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_run_by_the_least_that_has_it() {
        for (path, program) in [
            ("/", Program::Guest),
            ("/login", Program::Guest),
            ("/login/choose", Program::Person),
            ("/register", Program::Guest),
            ("/nowhere", Program::Guest),
            ("/settings", Program::Person),
            ("/settings/devices", Program::Person),
            ("/settingsandmore", Program::Guest),
            ("/admin", Program::Staff),
            ("/admin/users/1", Program::Staff),
        ] {
            assert_eq!(Program::of_page(path), program, "{path}");
        }
    }

    #[test]
    fn whoever_may_see_the_desk_has_it() {
        assert_eq!(Program::of_role(None), Program::Guest);
        assert_eq!(Program::of_role(Some(Role::User)), Program::Person);
        assert_eq!(Program::of_role(Some(Role::Support)), Program::Staff);
        assert_eq!(Program::of_role(Some(Role::Admin)), Program::Staff);
    }

    #[test]
    fn where_one_was_not_built_the_next_one_does() {
        assert_eq!(Program::Guest.or_next(|_| true), Program::Guest);
        assert_eq!(Program::Guest.or_next(|program| program != Program::Guest), Program::Person);
        assert_eq!(Program::Person.or_next(|program| program == Program::Guest), Program::Staff);
        assert_eq!(Program::Guest.or_next(|_| false), Program::Staff);
    }

    #[test]
    fn each_has_what_the_one_before_it_has() {
        for program in Program::ALL {
            for part in Program::ALL {
                assert_eq!(program.has(part), program >= part);
            }
        }
    }
}
