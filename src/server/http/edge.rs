//! What every request passes first and every reply last, whatever it asks for.
//!
//! One layer for four things, because a layer of axum's is not free: each boxes its future, and copies the service that
//! is all the layers within it.

use axum::{body::Body, extract::State, http::Request, middleware::Next, response::Response};

use super::{forward_auth, limits, security_headers};
use crate::server::{state::AppState, store::patience};

/// Bounds the request, keeps a panic to it, and puts the reply right.
pub async fn layer(State(state): State<AppState>, request: Request<Body>, next: Next) -> Response {
    let by_proxy = request.uri().path() == forward_auth::PATH;
    let response = patience::of_request(limits::bounded(request, next)).await;
    let mut response = if by_proxy { forward_auth::known(response) } else { response };
    security_headers::add(response.headers_mut(), state.config.public_url.starts_with("https://"));
    response
}
