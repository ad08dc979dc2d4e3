//! What is answered while the server starts, and may have to wait for its database: the process lives, it is not ready,
//! and everybody else is told to come back.

use axum::{
    Json, Router,
    http::StatusCode,
    middleware,
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::json;

use super::{errors, health, security_headers};
use crate::api::ApiError;

/// For a site whose public URL is by https or isn't.
pub fn router(https: bool) -> Router {
    Router::new().route("/healthz", get(health::healthz)).route("/readyz", get(readyz)).fallback(everything_else).layer(
        middleware::map_response(move |mut response: Response| async move {
            security_headers::add(response.headers_mut(), https);
            response
        }),
    )
}

async fn readyz() -> Response {
    let body = Json(json!({ "status": "unavailable", "missing": "database", "reason": "starting" }));
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}

async fn everything_else() -> Response {
    errors::reply(&ApiError::Unavailable)
}
