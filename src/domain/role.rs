//! Who may do what: roles, and one table of (role, action) that API, pages and CLI share.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    User,
    Support,
    Admin,
}

/// What the admin pages and endpoints do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    ViewOverview,
    ViewUsers,
    ExportUsers,
    ViewInvites,
    ViewAudit,
    ExportAudit,
    KickSessions,
    WriteNotes,
    /// Those of others; one's own anybody deletes who may write any.
    DeleteNotes,
    ManageAccounts,
    /// Their addresses may hold secrets of the receivers.
    ViewWebhooks,
    ManageWebhooks,
}

impl Action {
    /// Whether a recent proof of the password is asked for. Not for a kick: that must be quick at night, and undoes nothing
    /// but a sign-in.
    #[must_use]
    pub fn needs_proof(self) -> bool {
        match self {
            Self::ManageAccounts | Self::ManageWebhooks => true,
            Self::ViewOverview
            | Self::ViewUsers
            | Self::ExportUsers
            | Self::ViewInvites
            | Self::ViewAudit
            | Self::ExportAudit
            | Self::KickSessions
            | Self::WriteNotes
            | Self::DeleteNotes
            | Self::ViewWebhooks => false,
        }
    }
}

impl Role {
    pub const ALL: [Self; 3] = [Self::User, Self::Support, Self::Admin];

    #[must_use]
    pub fn may(self, action: Action) -> bool {
        match self {
            Self::User => false,
            Self::Support => !matches!(
                action,
                Action::ManageAccounts
                    | Action::ExportAudit
                    | Action::ExportUsers
                    | Action::DeleteNotes
                    | Action::ViewWebhooks
                    | Action::ManageWebhooks
            ),
            Self::Admin => true,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Support => "support",
            Self::Admin => "admin",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_kicks_but_manages_no_accounts() {
        assert!(Role::Support.may(Action::KickSessions));
        assert!(!Role::Support.may(Action::ManageAccounts));
        assert!(Role::Admin.may(Action::ManageAccounts));
        for export in [Action::ExportAudit, Action::ExportUsers] {
            assert!(!Role::Support.may(export) && Role::Admin.may(export));
        }
        assert!(Role::Support.may(Action::ViewInvites) && !Role::User.may(Action::ViewInvites));
        assert!(Role::Support.may(Action::WriteNotes) && !Role::Support.may(Action::DeleteNotes));
        assert!(!Role::User.may(Action::ViewUsers) && !Role::User.may(Action::WriteNotes));
    }

    #[test]
    fn webhooks_are_for_admins_alone() {
        for action in [Action::ViewWebhooks, Action::ManageWebhooks] {
            assert_eq!(Role::ALL.map(|role| role.may(action)), [false, false, true], "{action:?}");
        }
    }

    #[test]
    fn only_what_changes_an_account_or_sends_word_elsewhere_needs_a_recent_proof() {
        assert!(Action::ManageAccounts.needs_proof() && Action::ManageWebhooks.needs_proof());
        for quick in [
            Action::ViewOverview,
            Action::ViewUsers,
            Action::ViewInvites,
            Action::ViewAudit,
            Action::KickSessions,
            Action::ViewWebhooks,
        ] {
            assert!(!quick.needs_proof(), "{quick:?}");
        }
    }

    #[test]
    fn every_role_reads_back_from_its_own_text() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("Admin"), None);
    }
}
