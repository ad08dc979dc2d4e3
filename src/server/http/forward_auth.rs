//! `GET /auth/verify`: tells a reverse proxy, or any program that was sent one of our tokens, who someone is.
//!
//! It answers from memory, never rotates, never sets a cookie, never redirects, and says nothing but 200, 401, 403 and 503.

use axum::{
    Extension,
    body::Body,
    http::{HeaderName, HeaderValue, Request, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::errors;
use crate::{api::ApiError, server::context::RequestContext};

pub const PATH: &str = "/auth/verify";

/// Outside all other layers: a proxy takes an answer it doesn't know for anything, so there are four.
pub async fn known_answers(request: Request<Body>, next: Next) -> Response {
    let asked = request.uri().path() == PATH;
    let response = next.run(request).await;
    let known = [StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE];
    if asked && !known.contains(&response.status()) { errors::reply(&ApiError::Unavailable) } else { response }
}

/// Who the credentials belong to, in headers.
pub async fn verify(Extension(cx): Extension<RequestContext>) -> Response {
    let claims = match cx.actor() {
        Ok(actor) => actor.claims(),
        Err(ApiError::Unavailable) => return errors::reply(&ApiError::Unavailable),
        Err(error) => return errors::reply(&error),
    };
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (HeaderName::from_static("x-auth-user"), claims.sub.as_str()),
        (HeaderName::from_static("x-auth-role"), claims.role.as_str()),
        (HeaderName::from_static("x-auth-session"), claims.sid.as_str()),
    ] {
        // Ids and roles are ASCII by construction.
        headers.insert(name, HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("")));
    }
    response
}
