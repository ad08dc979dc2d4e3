//! What is answered while the server starts, and may have to wait for its database: the process lives, it is not ready,
//! and everybody else is told to come back.

use axum::{
    Json, Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
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

/// Somebody who looks at a page sees it as soon as there is one.
async fn everything_else(method: Method, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    let reply = errors::reply(&ApiError::Unavailable);
    if method != Method::GET || !accepted.contains("text/html") {
        return reply;
    }
    let (mut parts, _) = reply.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    parts.headers.insert(header::REFRESH, HeaderValue::from_static("1"));
    Response::from_parts(parts, Body::from(PAGE))
}

/// Without the words and the style of the other pages: what makes those isn't there yet.
const PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
    <title>Sekisho</title><p>The server is starting. This page loads again by itself.</p>\
    <p lang=ja>サーバーを起動しています。このページは自動的に読み込み直されます。</p></html>";
