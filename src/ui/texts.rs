//! Codes to words: the one place that knows what an error, a reason, a role or an event is called.
//!
//! Every match over a type of ours is exhaustive, so that a new code without a text does not compile.

use std::borrow::Cow;

use crate::{
    api::ApiError,
    domain::{
        audit::Event,
        device_label::{DeviceForm, DeviceLabel},
        role::Role,
        session::EndReason,
    },
    i18n::{Locale, td_string as text},
    ui::times,
};

type Text = Cow<'static, str>;

/// What to tell a person when something was refused.
pub fn error(l: Locale, error: &ApiError) -> Text {
    match error {
        ApiError::Renew => text!(l, error.renew).into(),
        ApiError::SignedOut { reason } => reason_text(l, *reason, None),
        ApiError::InvalidCredentials => text!(l, error.credentials).into(),
        ApiError::Forbidden => text!(l, error.forbidden).into(),
        ApiError::StepUpRequired => text!(l, error.step_up).into(),
        ApiError::PasswordChangeRequired => text!(l, error.password_due).into(),
        ApiError::CrossSite { public_url: None } => text!(l, error.cross_site).into(),
        ApiError::CrossSite { public_url: Some(url) } => text!(l, error.cross_site_at, url).into(),
        ApiError::NotFound => text!(l, error.not_found).into(),
        ApiError::Conflict { lives_until: Some(_) } => text!(l, error.not_kept).into(),
        ApiError::Conflict { lives_until: None } => text!(l, error.conflict).into(),
        ApiError::Limit { .. } => text!(l, error.limit).into(),
        ApiError::Invalid { field, reason } => invalid(l, field, reason).into(),
        ApiError::Throttled { retry_after_secs } => {
            let wait = times::span(l, i64::try_from(*retry_after_secs).unwrap_or(i64::MAX).saturating_mul(1000));
            text!(l, error.throttled, span = wait).into()
        }
        ApiError::TooLarge => text!(l, error.too_large).into(),
        ApiError::Unavailable => text!(l, error.unavailable).into(),
        ApiError::Offline => text!(l, error.offline).into(),
    }
}

/// Heading of a page that could not be filled.
pub fn error_title(l: Locale, error: &ApiError) -> &'static str {
    match error {
        ApiError::SignedOut { reason } => reason_title(l, *reason),
        ApiError::Forbidden => text!(l, forbidden.title),
        ApiError::Unavailable => text!(l, error.unavailable_title),
        ApiError::Offline => text!(l, error.offline_title),
        _ => text!(l, error.title),
    }
}

/// The text of an error that belongs to this field. `min_length` is that of passwords.
pub fn at_field(l: Locale, error: &ApiError, name: &str, min_length: usize) -> Option<Text> {
    match error {
        ApiError::Invalid { field, reason } if field == name && reason == "too_short" => {
            Some(text!(l, error.password_too_short, n = min_length).into())
        }
        ApiError::Invalid { field, reason } if field == name => Some(invalid(l, field, reason).into()),
        _ => None,
    }
}

fn invalid(l: Locale, field: &str, reason: &str) -> &'static str {
    match (field, reason) {
        ("password" | "new_password", "too_long") => text!(l, error.password_too_long),
        ("password" | "new_password", "common") => text!(l, error.password_common),
        ("password" | "new_password", "same") => text!(l, error.password_same),
        ("message", _) => text!(l, error.invalid_message),
        ("text", _) => text!(l, error.invalid_note),
        ("password" | "new_password", "personal") => text!(l, error.password_personal),
        ("password" | "new_password" | "current_password", _) => text!(l, error.invalid_password),
        ("email", _) => text!(l, error.invalid_email),
        ("display_name", _) => text!(l, error.invalid_name),
        ("invite", _) => text!(l, error.invite_not_valid),
        ("user_ids", _) => text!(l, error.invalid_chosen),
        ("cursor" | "limit", _) => text!(l, error.invalid_cursor),
        _ => text!(l, error.invalid_form),
    }
}

pub fn reason_title(l: Locale, reason: EndReason) -> &'static str {
    match reason {
        EndReason::None | EndReason::SignedOut => text!(l, ended.none_title),
        EndReason::Expired => text!(l, ended.expired_title),
        EndReason::Idle => text!(l, ended.idle_title),
        EndReason::Revoked => text!(l, ended.revoked_title),
        EndReason::Kicked => text!(l, ended.kicked_title),
        EndReason::Limit => text!(l, ended.limit_title),
        EndReason::Password => text!(l, ended.password_title),
        EndReason::Locked => text!(l, ended.locked_title),
        EndReason::Reuse => text!(l, ended.reuse_title),
    }
}

/// Why a session ended, in a sentence. `idle_ms` is the idle timeout, where it is known.
pub fn reason_text(l: Locale, reason: EndReason, idle_ms: Option<i64>) -> Text {
    match reason {
        EndReason::None | EndReason::SignedOut => text!(l, ended.none_text).into(),
        EndReason::Expired => text!(l, ended.expired_text).into(),
        EndReason::Idle => idle_ms.map_or(text!(l, ended.idle_text_plain).into(), |idle| {
            text!(l, ended.idle_text, span = times::span(l, idle)).into()
        }),
        EndReason::Revoked => text!(l, ended.revoked_text).into(),
        EndReason::Kicked => text!(l, ended.kicked_text).into(),
        EndReason::Limit => text!(l, ended.limit_text).into(),
        EndReason::Password => text!(l, ended.password_text).into(),
        EndReason::Locked => text!(l, ended.locked_text).into(),
        EndReason::Reuse => text!(l, ended.reuse_text).into(),
    }
}

/// A reason as it is stamped on a struck pass.
pub fn stamp(l: Locale, reason: EndReason) -> &'static str {
    match reason {
        EndReason::None => text!(l, stamp.none),
        EndReason::Expired => text!(l, stamp.expired),
        EndReason::Idle => text!(l, stamp.idle),
        EndReason::Revoked => text!(l, stamp.revoked),
        EndReason::Kicked => text!(l, stamp.kicked),
        EndReason::Limit => text!(l, stamp.limit),
        EndReason::Password => text!(l, stamp.password),
        EndReason::Locked => text!(l, stamp.locked),
        EndReason::Reuse => text!(l, stamp.reuse),
        EndReason::SignedOut => text!(l, stamp.signed_out),
    }
}

pub fn role(l: Locale, role: Role) -> &'static str {
    match role {
        Role::User => text!(l, role.user),
        Role::Support => text!(l, role.support),
        Role::Admin => text!(l, role.admin),
    }
}

/// "Firefox on Linux", or what of it is known.
pub fn device(l: Locale, label: &DeviceLabel) -> String {
    match (&label.browser, &label.system) {
        (Some(browser), Some(system)) => text!(l, device.on, browser = browser.clone(), system = system.clone()),
        (Some(known), None) | (None, Some(known)) => known.clone(),
        (None, None) => text!(l, device.unknown).to_owned(),
    }
}

pub fn device_form(l: Locale, form: DeviceForm) -> &'static str {
    match form {
        DeviceForm::Desktop => text!(l, device.desktop),
        DeviceForm::Phone => text!(l, device.phone),
        DeviceForm::Tablet => text!(l, device.tablet),
        DeviceForm::Other => text!(l, device.form_other),
    }
}

/// An event of the audit log. Its code travels as text: one that a newer release wrote is shown as it is.
pub fn event(l: Locale, code: &str) -> Text {
    Event::parse(code).map_or_else(|| code.to_owned().into(), |event| event_name(l, event).into())
}

fn event_name(l: Locale, event: Event) -> &'static str {
    match event {
        Event::Register => text!(l, event.register),
        Event::SignIn => text!(l, event.sign_in),
        Event::SignOut => text!(l, event.sign_out),
        Event::RefreshReuse => text!(l, event.refresh_reuse),
        Event::RefreshRepeatedLate => text!(l, event.refresh_repeated_late),
        Event::SessionRevoke => text!(l, event.session_revoke),
        Event::SessionsRevokeOthers => text!(l, event.sessions_revoke_others),
        Event::SessionEvict => text!(l, event.session_evict),
        Event::AlarmAnswer => text!(l, event.alarm_answer),
        Event::Kick => text!(l, event.kick_user),
        Event::KickSession => text!(l, event.kick_session),
        Event::KickAll => text!(l, event.kick_all),
        Event::PasswordChange => text!(l, event.password_change),
        Event::AccountUpdate => text!(l, event.account_update),
        Event::StepUp => text!(l, event.step_up),
        Event::RoleChange => text!(l, event.role_change),
        Event::Forbidden => text!(l, event.forbidden),
        Event::CrossSite => text!(l, event.cross_site),
        Event::UserCreate => text!(l, event.user_create),
        Event::InviteCreate => text!(l, event.invite_create),
        Event::InviteRevoke => text!(l, event.invite_revoke),
        Event::UserLock => text!(l, event.user_lock),
        Event::UserUnlock => text!(l, event.user_unlock),
        Event::UserDelete => text!(l, event.user_delete),
        Event::PasswordRequire => text!(l, event.password_require),
        Event::NoteAdd => text!(l, event.note_add),
        Event::NoteDelete => text!(l, event.note_delete),
        Event::KeyRotate => text!(l, event.key_rotate),
        Event::Cleanup => text!(l, event.cleanup),
        Event::Restore => text!(l, event.restore),
        Event::UsersExport => text!(l, event.users_export),
        Event::AuditExport => text!(l, event.audit_export),
        Event::AuditKey => text!(l, event.audit_key),
        Event::WebhookCreate => text!(l, event.webhook_create),
        Event::WebhookUpdate => text!(l, event.webhook_update),
        Event::WebhookDelete => text!(l, event.webhook_delete),
        Event::WebhookRotate => text!(l, event.webhook_rotate),
        Event::WebhookSend => text!(l, event.webhook_send),
        Event::WebhookDisable => text!(l, event.webhook_disable),
    }
}

pub fn strategy(l: Locale, code: &str) -> Text {
    match code {
        "hybrid" => text!(l, account.strategy_hybrid).into(),
        "database" => text!(l, account.strategy_database).into(),
        "jwt" => text!(l, account.strategy_jwt).into(),
        other => other.to_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::I18nLocaleTrait as _;

    #[test]
    fn every_event_and_every_end_has_words_of_its_own_in_each_language() {
        for locale in Locale::get_all() {
            let named: Vec<Text> = Event::ALL.map(|known| event(*locale, known.as_str())).to_vec();
            for (known, name) in Event::ALL.iter().zip(&named) {
                assert_ne!(name, known.as_str(), "{}: a code is no text", locale.as_str());
                assert_eq!(named.iter().filter(|other| *other == name).count(), 1, "{}: {name}", locale.as_str());
            }
            let stamps = EndReason::ALL.map(|reason| stamp(*locale, reason));
            for word in stamps {
                assert!(!word.is_empty() && stamps.iter().filter(|other| **other == word).count() == 1, "{word}");
            }
        }
        assert_eq!(event(Locale::en, "written_by_another_release"), "written_by_another_release");
    }
}
