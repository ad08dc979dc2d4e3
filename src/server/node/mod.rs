//! What a node runs beside requests.

pub mod activity;
pub mod audit_seal;
pub mod cleanup;
pub mod confirmations;
pub mod journal;
pub mod key_rotation;
pub mod live;
pub mod nodes;
pub mod readiness;
pub mod refusals;
pub mod revocation_feed;
pub mod revocation_set;
pub mod sights;
pub mod strategy_ends;
pub mod webhook_courier;
pub mod webhook_outbox;

use tokio_util::sync::CancellationToken;

use super::state::AppState;

/// Starts the background work; it ends with `stop`.
pub fn start(state: &AppState, stop: &CancellationToken) {
    tokio::spawn(revocation_feed::follow(state.clone(), stop.clone()));
    tokio::spawn(nodes::keep(state.clone(), stop.clone()));
    tokio::spawn(activity::keep(state.clone(), stop.clone()));
    tokio::spawn(audit_seal::keep(state.clone(), stop.clone()));
    tokio::spawn(refusals::keep(state.clone(), stop.clone()));
    tokio::spawn(cleanup::keep(state.clone(), stop.clone()));
    tokio::spawn(journal::keep(state.clone(), stop.clone()));
    tokio::spawn(key_rotation::keep(state.clone(), stop.clone()));
    tokio::spawn(strategy_ends::keep_noted(state.clone(), stop.clone()));
    tokio::spawn(webhook_courier::keep(state.clone(), stop.clone()));
    tokio::spawn(confirmations::write_down(state.clone(), stop.clone()));
    tokio::spawn(readiness::watch(state.clone(), stop.clone()));
    tokio::spawn(live::close_at(state.clone(), stop.clone()));
}
