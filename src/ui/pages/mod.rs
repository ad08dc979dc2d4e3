//! One file per page.

pub mod account;
pub mod account_acts;
pub mod admin_audit;
pub mod admin_invites;
pub mod admin_overview;
pub mod admin_several;
pub mod admin_user;
pub mod admin_users;
pub mod admin_webhook;
pub mod admin_webhooks;
pub mod choose;
pub mod devices;
pub mod home;
pub mod log_out;
pub mod new_password;
pub mod not_found;
pub mod register;
pub mod security;
pub mod sign_in;
pub mod sign_out;
pub mod user_alarms;
pub mod user_events;
pub mod user_notes;
pub mod user_sessions;
pub mod webhook_acts;
pub mod webhook_log;
