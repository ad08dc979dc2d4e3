//! What an invitation is worth once time has passed since it was given.

use super::role::{Action, Role};

/// Who gave it, as they are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inviter {
    /// The machine's operator, by the command line.
    Operator,
    User {
        role: Role,
        locked: bool,
    },
    /// Their account was deleted.
    Gone,
}

/// Whether an invitation to this role still counts. One to a role above the lowest is worth what its giver may do by now: it is
/// no way for an admin who was shut out to come back, or to have let others in.
#[must_use]
pub fn counts(role: Role, inviter: Inviter) -> bool {
    match inviter {
        _ if role == Role::User => true,
        Inviter::Operator => true,
        Inviter::User { role, locked } => !locked && role.may(Action::ManageAccounts),
        Inviter::Gone => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_above_the_lowest_role_is_worth_what_its_giver_still_may() {
        let admin = Inviter::User { role: Role::Admin, locked: false };
        let locked = Inviter::User { role: Role::Admin, locked: true };
        let demoted = Inviter::User { role: Role::Support, locked: false };
        for role in [Role::Support, Role::Admin] {
            let worth = [Inviter::Operator, admin, locked, demoted, Inviter::Gone].map(|inviter| counts(role, inviter));
            assert_eq!(worth, [true, true, false, false, false], "{role:?}");
        }
    }

    #[test]
    fn an_invitation_to_the_lowest_role_outlasts_its_giver() {
        for inviter in [Inviter::Operator, Inviter::User { role: Role::User, locked: true }, Inviter::Gone] {
            assert!(counts(Role::User, inviter));
        }
    }
}
