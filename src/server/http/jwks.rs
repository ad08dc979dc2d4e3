//! What other services need to verify access tokens by themselves (RFC 7517, RFC 8414).

use axum::{
    Json,
    extract::State,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::server::state::AppState;

/// A new key is published at least this long before its first use.
const PUBLIC_FIVE_MINUTES: &str = "public, max-age=300";

/// The public halves of the signing keys.
pub async fn jwks(State(state): State<AppState>) -> Response {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, PUBLIC_FIVE_MINUTES)];
    (headers, state.keyring.jwks().to_owned()).into_response()
}

/// The issuer and where its keys are. Nothing more: no tokens are issued to third parties.
pub async fn configuration(State(state): State<AppState>) -> Response {
    let issuer = state.access_tokens.issuer();
    let body = Json(json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/.well-known/jwks.json") }));
    ([(CACHE_CONTROL, PUBLIC_FIVE_MINUTES)], body).into_response()
}
