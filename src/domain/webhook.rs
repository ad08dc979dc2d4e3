//! What receivers of webhooks are told: the types of messages, and which of them a row of the audit log makes.
//!
//! Messages are thin: ids and reasons, no secret, no e-mail, no address. What ends by time alone, idle or expired,
//! has no row and makes no message. Refusals make none either, or whoever guesses passwords would set the pace of
//! receivers; a token that was used twice is the one exception, since it ends a session.

use serde_json::{Map, Value, json};

use super::{
    alarm::Answer,
    audit::{Event, Outcome},
    session::EndReason,
};

/// The type of a message. Its text is stable: receivers choose by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
    SessionCreated,
    /// One session, `session_id`, was ended by someone, with `reason`.
    SessionEnded,
    SessionReuseDetected,
    UserCreated,
    UserUpdated,
    UserDeleted,
    UserLocked,
    UserUnlocked,
    UserRoleChanged,
    UserPasswordChanged,
    /// All sessions of a user were ended, but for `except_session_id` where it is not null.
    UserSessionsEnded,
    /// Asked for by an admin, to see whether messages arrive; sent to whoever it was asked for.
    Test,
}

impl MessageType {
    /// Those that are subscribed to.
    pub const ALL: [Self; 11] = [
        Self::SessionCreated,
        Self::SessionEnded,
        Self::SessionReuseDetected,
        Self::UserCreated,
        Self::UserUpdated,
        Self::UserDeleted,
        Self::UserLocked,
        Self::UserUnlocked,
        Self::UserRoleChanged,
        Self::UserPasswordChanged,
        Self::UserSessionsEnded,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SessionCreated => "session.created",
            Self::SessionEnded => "session.ended",
            Self::SessionReuseDetected => "session.reuse_detected",
            Self::UserCreated => "user.created",
            Self::UserUpdated => "user.updated",
            Self::UserDeleted => "user.deleted",
            Self::UserLocked => "user.locked",
            Self::UserUnlocked => "user.unlocked",
            Self::UserRoleChanged => "user.role_changed",
            Self::UserPasswordChanged => "user.password_changed",
            Self::UserSessionsEnded => "user.sessions_ended",
            Self::Test => "webhook.test",
        }
    }

    /// One that can be subscribed to.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }
}

/// Which messages a webhook wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription(Vec<MessageType>);

impl Subscription {
    /// Reads types, each perhaps several with spaces or commas between. None is all there are, also those to come.
    ///
    /// # Errors
    /// The first that is unknown.
    pub fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, &'t str> {
        let words = texts.into_iter().flat_map(|text| text.split([' ', ','])).filter(|word| !word.is_empty());
        let mut wanted = words.map(|word| MessageType::parse(word).ok_or(word)).collect::<Result<Vec<_>, _>>()?;
        wanted.sort_by_key(|kind| MessageType::ALL.iter().position(|known| known == kind));
        wanted.dedup();
        Ok(Self(wanted))
    }

    #[must_use]
    pub fn wants(&self, kind: MessageType) -> bool {
        self.0.is_empty() || self.0.contains(&kind)
    }

    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|kind| kind.as_str()).collect()
    }
}

/// What of an audit row messages are made of.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'r> {
    pub event: Event,
    pub outcome: Outcome,
    pub actor: Option<&'r str>,
    pub target: Option<&'r str>,
    pub session: Option<&'r str>,
    pub detail: &'r Value,
}

/// A message, but for when it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub kind: MessageType,
    pub data: Map<String, Value>,
}

/// The messages that a row makes. An event that is added must decide here whether it is told.
#[must_use]
pub fn messages(row: &Happened) -> Vec<Message> {
    if row.outcome == Outcome::Refused && row.event != Event::RefreshReuse {
        return Vec::new();
    }
    let named = row.detail["ended_session"].as_str();
    match row.event {
        Event::SignIn => began(row).chain(replaced(row)).collect(),
        Event::Register => of_user(row, MessageType::UserCreated).chain(began(row)).chain(replaced(row)).collect(),
        Event::SignOut => ended(row, row.session, "signed_out").collect(),
        Event::SessionRevoke => ended(row, named, EndReason::Revoked.as_str()).collect(),
        Event::KickSession => ended(row, named, EndReason::Kicked.as_str()).collect(),
        Event::SessionEvict => ended(row, row.session, EndReason::Limit.as_str()).collect(),
        Event::RefreshReuse => {
            let session = [("session_id", json!(row.session))];
            let detected = message(row, MessageType::SessionReuseDetected, session);
            detected.into_iter().chain(ended(row, row.session, EndReason::Reuse.as_str())).collect()
        }
        Event::SessionsRevokeOthers => all_ended(row, row.session, EndReason::Revoked).collect(),
        Event::Kick | Event::PasswordRequire => all_ended(row, None, EndReason::Kicked).collect(),
        Event::PasswordChange => of_user(row, MessageType::UserPasswordChanged)
            .chain(all_ended(row, row.session, EndReason::Password))
            .collect(),
        // Closed by the desk, or known as one's own: nothing ended.
        Event::AlarmAnswer if row.detail["answer"] == Answer::NotMine.as_str() => {
            all_ended(row, None, EndReason::Revoked).collect()
        }
        Event::AccountUpdate => of_user(row, MessageType::UserUpdated).collect(),
        Event::RoleChange => {
            let roles = ["from", "to"].map(|side| (side, row.detail[side].clone()));
            message(row, MessageType::UserRoleChanged, roles).into_iter().collect()
        }
        Event::UserCreate => of_user(row, MessageType::UserCreated).collect(),
        Event::UserLock => {
            of_user(row, MessageType::UserLocked).chain(all_ended(row, None, EndReason::Locked)).collect()
        }
        Event::UserUnlock => of_user(row, MessageType::UserUnlocked).collect(),
        Event::UserDelete => {
            of_user(row, MessageType::UserDeleted).chain(all_ended(row, None, EndReason::Locked)).collect()
        }
        Event::AlarmAnswer
        | Event::InviteCreate
        | Event::InviteRevoke
        | Event::NoteAdd
        | Event::NoteDelete
        | Event::UsersExport
        | Event::RefreshRepeatedLate
        | Event::StepUp
        | Event::Forbidden
        | Event::CrossSite
        | Event::KickAll
        | Event::KeyRotate
        | Event::Cleanup
        | Event::Restore
        | Event::AuditExport
        | Event::AuditKey
        | Event::WebhookCreate
        | Event::WebhookUpdate
        | Event::WebhookDelete
        | Event::WebhookRotate
        | Event::WebhookSend
        | Event::WebhookDisable => Vec::new(),
    }
}

/// Whom it is about and who did it, besides what else there is to say.
fn message<const N: usize>(row: &Happened, kind: MessageType, more: [(&str, Value); N]) -> Option<Message> {
    // Whoever signs out with a token that has ended is known by no row, and it is their session that counts.
    let user = row.target.or(row.actor);
    if user.is_none() && kind != MessageType::SessionEnded {
        return None;
    }
    let data = [("user_id", json!(user)), ("actor_id", json!(row.actor))].into_iter().chain(more);
    Some(Message { kind, data: data.map(|(name, value)| (name.to_owned(), value)).collect() })
}

fn of_user(row: &Happened, kind: MessageType) -> impl Iterator<Item = Message> + use<> {
    message(row, kind, []).into_iter()
}

fn began(row: &Happened) -> impl Iterator<Item = Message> + use<> {
    message(row, MessageType::SessionCreated, [("session_id", json!(row.session))]).into_iter()
}

fn ended(row: &Happened, session: Option<&str>, reason: &str) -> impl Iterator<Item = Message> + use<> {
    message(row, MessageType::SessionEnded, [("session_id", json!(session)), ("reason", json!(reason))]).into_iter()
}

/// A sign-in ends the session whose cookies came with it, which may be somebody else's.
fn replaced(row: &Happened) -> impl Iterator<Item = Message> + use<> {
    let row_of_nobody = Happened { target: None, actor: None, ..*row };
    let former = row.detail["replaced_sessions"].as_array().into_iter().flatten().filter_map(Value::as_str);
    former.flat_map(|session| ended(&row_of_nobody, Some(session), "signed_out")).collect::<Vec<_>>().into_iter()
}

fn all_ended(row: &Happened, except: Option<&str>, reason: EndReason) -> impl Iterator<Item = Message> + use<> {
    let more = [("except_session_id", json!(except)), ("reason", json!(reason))];
    message(row, MessageType::UserSessionsEnded, more).into_iter()
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
