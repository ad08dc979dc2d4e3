//! What other services need to verify access tokens by themselves (RFC 7517, RFC 8414).

use axum::{
    Json,
    extract::State,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::server::{crypto::keyring::CACHED_FOR, state::AppState};

/// The public halves of the signing keys.
pub async fn jwks(State(state): State<AppState>) -> Response {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json".to_owned()), (CACHE_CONTROL, public())];
    (headers, state.keyring.now().jwks().to_owned()).into_response()
}

/// The issuer and where its keys are. Nothing more: no tokens are issued to third parties.
pub async fn configuration(State(state): State<AppState>) -> Response {
    let issuer = state.access_tokens.issuer();
    let body = Json(json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/.well-known/jwks.json") }));
    ([(CACHE_CONTROL, public())], body).into_response()
}

fn public() -> String {
    format!("public, max-age={}", CACHED_FOR.as_secs())
}
