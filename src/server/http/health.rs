//! Whether the process lives, and whether it can serve: for supervisors and load balancers.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::server::{node::revocation_feed, state::AppState, store::Fault};

/// The process answers.
pub async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Requests can be served; 503 with what is missing, and why, otherwise.
pub async fn readyz(State(state): State<AppState>) -> Response {
    let fault = state.readiness.fault(&state.db).await.map(Fault::as_str);
    // The database may answer while what was revoked has not been heard for long.
    let reason = if fault.is_none() && !revocation_feed::is_fresh(&state).await { Some("unheard") } else { fault };
    match reason {
        None => Json(json!({ "status": "ready" })).into_response(),
        Some(reason) => {
            let body = Json(json!({ "status": "unavailable", "missing": "database", "reason": reason }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}
