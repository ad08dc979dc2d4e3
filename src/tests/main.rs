//! The integration tests: flows through the real router, with a clock set by hand and a fresh database each.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop where it is")]

mod access;
mod account;
mod accounts;
mod admin;
mod audience;
mod audit;
mod binary;
mod cleanup;
mod cli;
mod conformance;
mod demo;
mod devices;
mod documents;
mod drafts;
mod event_page;
mod event_sockets;
mod events;
mod faults;
mod forward_auth;
mod idle;
mod keys;
mod limit;
mod metrics;
mod nodes;
mod overview;
mod proxied_site;
mod proxies;
mod proxy;
mod races;
mod refresh;
mod revocations;
mod secrets;
mod sockets;
mod stand_in;
mod step_up;
mod store;
mod strategies;
mod test_app;
mod test_database;
mod throttle;
mod user_list;
mod verifiers;
mod vouchers;
mod walls;
