//! What is written down: who did what to whom, and how it came out.

/// An event of the audit log. Its text is stable: people filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Kick,
    KickSession,
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
    UserLock,
    UserUnlock,
    UserDelete,
    /// Another key signs, or will.
    KeyRotate,
    /// Rows past use were deleted.
    Cleanup,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Refused,
}

impl Event {
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
            Self::Kick => "kick_user",
            Self::KickSession => "kick_session",
            Self::PasswordChange => "password_change",
            Self::AccountUpdate => "account_update",
            Self::StepUp => "step_up",
            Self::RoleChange => "role_change",
            Self::Forbidden => "forbidden",
            Self::CrossSite => "cross_site",
            Self::UserCreate => "user_create",
            Self::UserLock => "user_lock",
            Self::UserUnlock => "user_unlock",
            Self::UserDelete => "user_delete",
            Self::KeyRotate => "key_rotate",
            Self::Cleanup => "cleanup",
        }
    }
}

impl Outcome {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}
