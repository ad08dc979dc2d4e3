//! `GET /auth/verify`: tells a reverse proxy, or any program that was sent one of our tokens, who someone is.
//!
//! It answers from memory, never rotates, never sets a cookie, never redirects, and says nothing but 200, 401, 403 and 503.

use axum::{
    Extension,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse as _, Response},
};

use super::errors;
use crate::{api::ApiError, server::context::RequestContext};

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
