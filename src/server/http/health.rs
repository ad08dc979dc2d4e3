//! Whether the process lives, and whether it can serve: for supervisors and load balancers.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::server::state::AppState;

/// The process answers.
pub async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Requests can be served; 503 with what is missing, and why, otherwise.
pub async fn readyz(State(state): State<AppState>) -> Response {
    match state.readiness.fault(&state.db).await {
        None => Json(json!({ "status": "ready" })).into_response(),
        Some(fault) => {
            let body = Json(json!({ "status": "unavailable", "missing": "database", "reason": fault.as_str() }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}
