//! The command line: `serve` and what an operator does on the same database while it serves.
//!
//! Commands are other processes; a running server hears of what they end through the revocation feed.
//! Exit codes: 0 done, 1 refused or failed, 2 wrong usage or configuration.

mod account;
mod alarm;
mod args;
mod audit;
mod audit_args;
mod backup;
mod cleanup;
mod configuration;
mod demo;
mod direct;
mod doctor;
mod everybody;
mod failure;
mod first_admin;
mod health;
mod invite;
mod keys;
mod note;
mod out;
mod overview;
mod restore;
mod run;
mod serve;
mod session;
mod stop;
mod user;
mod user_args;
mod user_page;
mod webhook;
mod webhook_acts;
mod webhook_args;

pub use run::run;
