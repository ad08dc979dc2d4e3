//! The rules, pure: no I/O, no clock, no randomness, the same on the server and in the browser.
//!
//! Whatever depends on the time is handed `now`. Nothing in here logs, awaits or allocates a connection;
//! `server/flow` reads, asks these rules, and writes.

pub mod access_claims;
pub mod account_act;
pub mod activity;
pub mod alarm;
pub mod audit;
pub mod audit_bounds;
pub mod audit_chain;
pub mod audit_content;
pub mod audit_head;
pub mod backoff;
pub mod csv;
pub mod device_label;
pub mod device_limit;
pub mod draft;
pub mod email;
pub mod form_field;
pub mod idle_clock;
pub mod ids;
pub mod invite;
pub mod kept_forms;
pub mod lifetimes;
pub mod network;
pub mod password_policy;
pub mod plain_text;
pub mod program;
pub mod public_address;
pub mod refresh_schedule;
pub mod return_to;
pub mod revocation;
pub mod role;
pub mod rotation;
pub mod session;
pub mod step_up;
pub mod strategy;
pub mod theme;
pub mod throttle;
pub mod time;
pub mod turn;
pub mod user_filter;
pub mod webhook;
pub mod webhook_schedule;
