//! Codes to words: the one place that knows what an error, a reason, a role or an event is called.
//!
//! Every match over a type of ours is exhaustive, so that a new code without a text does not compile.

use std::borrow::Cow;

use crate::{
    api::ApiError,
    domain::{
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
        ApiError::CrossSite => text!(l, error.cross_site).into(),
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
        EndReason::None => text!(l, ended.none_title),
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
        EndReason::None => text!(l, ended.none_text).into(),
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

/// An event of the audit log. Its code travels as text, so that a log written by a newer release can still be read.
pub fn event(l: Locale, code: &str) -> Text {
    match code {
        "register" => text!(l, event.register).into(),
        "sign_in" => text!(l, event.sign_in).into(),
        "sign_out" => text!(l, event.sign_out).into(),
        "refresh_reuse" => text!(l, event.refresh_reuse).into(),
        "refresh_repeated_late" => text!(l, event.refresh_repeated_late).into(),
        "session_evict" => text!(l, event.session_evict).into(),
        "alarm_answer" => text!(l, event.alarm_answer).into(),
        "session_revoke" => text!(l, event.session_revoke).into(),
        "sessions_revoke_others" => text!(l, event.sessions_revoke_others).into(),
        "kick_user" => text!(l, event.kick_user).into(),
        "kick_session" => text!(l, event.kick_session).into(),
        "kick_all" => text!(l, event.kick_all).into(),
        "password_change" => text!(l, event.password_change).into(),
        "account_update" => text!(l, event.account_update).into(),
        "step_up" => text!(l, event.step_up).into(),
        "role_change" => text!(l, event.role_change).into(),
        "forbidden" => text!(l, event.forbidden).into(),
        "cross_site" => text!(l, event.cross_site).into(),
        "user_create" => text!(l, event.user_create).into(),
        "user_lock" => text!(l, event.user_lock).into(),
        "user_unlock" => text!(l, event.user_unlock).into(),
        "user_delete" => text!(l, event.user_delete).into(),
        "password_require" => text!(l, event.password_require).into(),
        "note_add" => text!(l, event.note_add).into(),
        "note_delete" => text!(l, event.note_delete).into(),
        "key_rotate" => text!(l, event.key_rotate).into(),
        "cleanup" => text!(l, event.cleanup).into(),
        "restore" => text!(l, event.restore).into(),
        "audit_export" => text!(l, event.audit_export).into(),
        "audit_key" => text!(l, event.audit_key).into(),
        "webhook_create" => text!(l, event.webhook_create).into(),
        "webhook_update" => text!(l, event.webhook_update).into(),
        "webhook_delete" => text!(l, event.webhook_delete).into(),
        "webhook_rotate" => text!(l, event.webhook_rotate).into(),
        "webhook_send" => text!(l, event.webhook_send).into(),
        "webhook_disable" => text!(l, event.webhook_disable).into(),
        other => other.to_owned().into(),
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
