//! What the server counts of itself, for whoever watches over it: on an address of its own, off by default.
//! The text is `OpenMetrics`. Nothing in it names a person, a session or an address.

use std::{fmt, sync::atomic::AtomicU64};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Request, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
    routing::get,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Metric, Registry},
};

use super::{
    flow::audit_key::Why,
    http::errors,
    log_writer,
    node::nodes,
    state::AppState,
    store::{audit_chain, patience, webhook_deliveries},
};
use crate::{
    api::{ApiError, ApiResult},
    domain::audit::Event,
};

const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfEvent {
    event: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    why: &'static str,
}

pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    sign_ins: Family<Outcome, Counter>,
    exchanges: Family<Outcome, Counter>,
    feed_age: Gauge<f64, AtomicU64>,
    feed_applied: Gauge,
    behind: Gauge,
    revoked: Gauge,
    hashing: Gauge,
    connections: Gauge,
    journal: Gauge,
    event_streams: Gauge,
    webhook_attempts: Family<Outcome, Counter>,
    webhooks_waiting: Gauge,
    audit_breaks: Family<Reason, Counter>,
    audit_unsealed: Gauge,
    audit_left_out: Family<OfEvent, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("sekisho");
        let registry = &mut registry;
        registry.register("log_lines_lost", "Lines of the log that could not be written", log_writer::lost());
        Self {
            requests: put(registry, "requests", "Requests answered, by route and status"),
            sign_ins: put(registry, "sign_ins", "Sign-ins tried, by what came of them"),
            exchanges: put(registry, "refreshes", "Credentials exchanged for their successor, by what came of it"),
            feed_age: put(registry, "feed_age_seconds", "How old what is known of revocations is; 5 is deaf"),
            feed_applied: put(registry, "feed_applied", "Number of the newest revocation in force on this node"),
            behind: put(registry, "feed_behind", "Revocations that the slowest other node has not in force yet"),
            revoked: put(registry, "revoked", "Entries in the set that every check looks into"),
            hashing: put(registry, "hashing", "Passwords being hashed or waiting for it"),
            connections: put(registry, "database_connections", "Connections to the database in use for reads"),
            journal: put(registry, "database_journal_bytes", "Length of the journal (WAL) beside an SQLite file"),
            event_streams: put(registry, "event_streams", "Pages that listen to /events"),
            webhook_attempts: put(registry, "webhook_attempts", "Messages sent by this node, by what came of it"),
            webhooks_waiting: put(registry, "webhooks_waiting", "Messages that wait to be sent; -1 is unknown"),
            audit_breaks: put(registry, "audit_breaks", "Times this node found the audit log not as it was sealed"),
            audit_left_out: put(registry, "audit_left_out", "Audit rows left out because there were many like them"),
            audit_unsealed: put(registry, "audit_unsealed", "Audit rows that wait for their seal; -1 is unknown"),
            registry: std::mem::take(registry),
        }
    }
}

fn put<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

impl Metrics {
    /// Counts a sign-in.
    pub fn signed_in<T>(&self, came_to: &ApiResult<T>) {
        let outcome = match came_to {
            Ok(_) => "done",
            Err(ApiError::Throttled { .. }) => "throttled",
            Err(ApiError::Limit { .. }) => "limit",
            Err(ApiError::PasswordChangeRequired) => "password_due",
            Err(ApiError::Unavailable) => "unavailable",
            Err(_) => "refused",
        };
        self.sign_ins.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts an exchange of a credential.
    pub fn exchanged(&self, outcome: &'static str) {
        self.exchanges.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts an attempt to send a message; one that is tried again is `pending`.
    pub fn webhook_attempted(&self, came_to: webhook_deliveries::State) {
        self.webhook_attempts.get_or_create(&Outcome { outcome: came_to.as_str() }).inc();
    }

    /// Counts that the audit log was not as it was sealed.
    pub fn audit_broke(&self, why: Why) {
        self.audit_breaks.get_or_create(&Reason { why: why.as_str() }).inc();
    }

    /// Counts an audit row that was left out, because there were many like it.
    pub fn audit_left_out(&self, event: Event) {
        self.audit_left_out.get_or_create(&OfEvent { event: event.as_str() }).inc();
    }

    async fn text(&self, state: &AppState) -> Result<String, fmt::Error> {
        self.feed_age.set(state.feed.age(&state.clock).as_secs_f64());
        self.feed_applied.set(*state.feed.applied().borrow());
        self.behind.set(nodes::furthest_behind(state).await.unwrap_or(-1));
        self.revoked.set(count(state.revoked.len()));
        self.hashing.set(count(state.hasher.waiting()));
        self.connections.set(count(state.db.connections_in_use()));
        self.journal.set(i64::try_from(state.db.journal_length()).unwrap_or(i64::MAX));
        self.event_streams.set(count(state.live.len()));
        let waiting = webhook_deliveries::waiting(state.db.read()).await;
        self.webhooks_waiting.set(waiting.map_or(-1, |waiting| waiting.iter().map(|(_, count)| count).sum()));
        self.audit_unsealed.set(audit_chain::count_unsealed(state.db.read()).await.unwrap_or(-1));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Counts every request.
pub async fn layer(State(state): State<AppState>, request: Request<Body>, next: Next) -> Response {
    let route = route(request.uri().path());
    let response = next.run(request).await;
    state.metrics.requests.get_or_create(&Answered { route, status: response.status().as_u16() }).inc();
    response
}

/// What a path is counted under: callers must not be able to make up names.
fn route(path: &str) -> &'static str {
    const NAMED: [&str; 10] = [
        "/api/login",
        "/api/logout",
        "/api/register",
        "/api/refresh",
        "/api/touch",
        "/api/session",
        "/auth/verify",
        "/events",
        "/.well-known/jwks.json",
        "/.well-known/revocations",
    ];
    const KINDS: [&str; 3] = ["/api/", "/pkg/", "/admin"];
    let named = NAMED.into_iter().find(|name| *name == path);
    named.or_else(|| KINDS.into_iter().find(|kind| path.starts_with(kind))).unwrap_or("other")
}

/// What listens on `metrics.addr`.
pub fn router(state: AppState) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(state)
}

async fn metrics(State(state): State<AppState>) -> Response {
    match patience::of_request(state.metrics.text(&state)).await {
        Ok(text) => ([(header::CONTENT_TYPE, FORMAT)], text).into_response(),
        Err(_) => errors::reply(&ApiError::Unavailable),
    }
}
