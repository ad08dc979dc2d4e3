//! What is written down: who did what to whom, and how it came out.

/// An event of the audit log. Its text is stable: people filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    Register,
    SignIn,
    SignOut,
    /// A refresh token came back that should no longer exist; the session was ended.
    RefreshReuse,
    /// A refresh token was repeated later than the grace.
    RefreshRepeatedLate,
    SessionRevoke,
    SessionsRevokeOthers,
    /// The device limit ended a session for a new one.
    SessionEvict,
    /// Someone said what it was that a token came twice.
    AlarmAnswer,
    Kick,
    KickSession,
    /// The operator ended everybody's sessions, or those that began since a moment.
    KickAll,
    PasswordChange,
    /// Someone changed what their account says of them.
    AccountUpdate,
    /// The password was proved once more, for what needs a recent proof.
    StepUp,
    RoleChange,
    /// An act refused by the role table.
    Forbidden,
    /// A write refused because it came from another site.
    CrossSite,
    UserCreate,
    /// Someone may make an account by a link.
    InviteCreate,
    InviteRevoke,
    UserLock,
    UserUnlock,
    UserDelete,
    /// The account asks for another password at the next sign-in.
    PasswordRequire,
    NoteAdd,
    NoteDelete,
    /// Another key signs, or will.
    KeyRotate,
    /// Rows past use were deleted.
    Cleanup,
    /// The database was replaced by a copy of it.
    Restore,
    /// The list of users was taken out.
    UsersExport,
    /// The audit log was taken out as a whole, or what a search found of it.
    AuditExport,
    /// The audit log is sealed under another key from here on.
    AuditKey,
    WebhookCreate,
    WebhookUpdate,
    WebhookDelete,
    /// A webhook was given another secret.
    WebhookRotate,
    /// A delivery was asked for: a test, or one once more.
    WebhookSend,
    /// A webhook was switched off, because its receiver said that it is gone, or took nothing for days.
    WebhookDisable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Refused,
}

impl Event {
    /// All there are, as they are offered to choose from.
    pub const ALL: [Self; 39] = [
        Self::Register,
        Self::SignIn,
        Self::SignOut,
        Self::StepUp,
        Self::PasswordChange,
        Self::AccountUpdate,
        Self::SessionRevoke,
        Self::SessionsRevokeOthers,
        Self::SessionEvict,
        Self::RefreshReuse,
        Self::RefreshRepeatedLate,
        Self::AlarmAnswer,
        Self::Kick,
        Self::KickSession,
        Self::KickAll,
        Self::RoleChange,
        Self::UserCreate,
        Self::InviteCreate,
        Self::InviteRevoke,
        Self::UserLock,
        Self::UserUnlock,
        Self::UserDelete,
        Self::PasswordRequire,
        Self::NoteAdd,
        Self::NoteDelete,
        Self::Forbidden,
        Self::CrossSite,
        Self::KeyRotate,
        Self::Cleanup,
        Self::Restore,
        Self::UsersExport,
        Self::AuditExport,
        Self::AuditKey,
        Self::WebhookCreate,
        Self::WebhookUpdate,
        Self::WebhookDelete,
        Self::WebhookRotate,
        Self::WebhookSend,
        Self::WebhookDisable,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign_in",
            Self::SignOut => "sign_out",
            Self::RefreshReuse => "refresh_reuse",
            Self::RefreshRepeatedLate => "refresh_repeated_late",
            Self::SessionRevoke => "session_revoke",
            Self::SessionsRevokeOthers => "sessions_revoke_others",
            Self::SessionEvict => "session_evict",
            Self::AlarmAnswer => "alarm_answer",
            Self::Kick => "kick_user",
            Self::KickSession => "kick_session",
            Self::KickAll => "kick_all",
            Self::PasswordChange => "password_change",
            Self::AccountUpdate => "account_update",
            Self::StepUp => "step_up",
            Self::RoleChange => "role_change",
            Self::Forbidden => "forbidden",
            Self::CrossSite => "cross_site",
            Self::UserCreate => "user_create",
            Self::InviteCreate => "invite_create",
            Self::InviteRevoke => "invite_revoke",
            Self::UserLock => "user_lock",
            Self::UserUnlock => "user_unlock",
            Self::UserDelete => "user_delete",
            Self::PasswordRequire => "password_require",
            Self::NoteAdd => "note_add",
            Self::NoteDelete => "note_delete",
            Self::KeyRotate => "key_rotate",
            Self::Cleanup => "cleanup",
            Self::Restore => "restore",
            Self::UsersExport => "users_export",
            Self::AuditExport => "audit_export",
            Self::AuditKey => "audit_key",
            Self::WebhookCreate => "webhook_create",
            Self::WebhookUpdate => "webhook_update",
            Self::WebhookDelete => "webhook_delete",
            Self::WebhookRotate => "webhook_rotate",
            Self::WebhookSend => "webhook_send",
            Self::WebhookDisable => "webhook_disable",
        }
    }

    /// Of a row that another version wrote it may be none that is known here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == text)
    }
}

impl Outcome {
    pub const ALL: [Self; 2] = [Self::Done, Self::Refused];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_event_has_a_name_can_be_chosen() {
        let texts: serde_json::Value = serde_json::from_str(include_str!("../../locales/en.json")).unwrap();
        let mut named: Vec<_> = texts["event"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut offered = Event::ALL.map(Event::as_str);
        named.sort_unstable();
        offered.sort_unstable();
        assert_eq!(named, offered);
    }
}
