//! What other services need to verify access tokens by themselves (RFC 7517, RFC 8414).

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::errors;
use crate::{
    api::ApiError,
    server::{crypto::keyring::CACHED_FOR, flow::revocation_list, state::AppState},
};

/// The public halves of the signing keys.
pub async fn jwks(State(state): State<AppState>) -> Response {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json".to_owned()), (CACHE_CONTROL, public())];
    (headers, state.keyring.now().jwks().to_owned()).into_response()
}

/// What was revoked after number `since`, for those who verify tokens by themselves: a JWS in compact form.
pub async fn revocations(State(state): State<AppState>, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    let Some(since) = asked.ok().and_then(|Query(asked)| asked.since.parse().ok()) else {
        return errors::reply(&ApiError::Invalid { field: "since".to_owned(), reason: "number".to_owned() });
    };
    match revocation_list::list(&state, since).await {
        Ok(list) => {
            ([(CONTENT_TYPE, "application/jwt"), (CACHE_CONTROL, "no-store")], list.to_string()).into_response()
        }
        Err(error) => errors::reply(&error),
    }
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default = "from_the_first")]
    since: String,
}

fn from_the_first() -> String {
    "0".to_owned()
}

/// The issuer, and where its keys and revocations are. Nothing more: no tokens are issued to third parties.
pub async fn configuration(State(state): State<AppState>) -> Response {
    let issuer = state.access_tokens.issuer();
    let body = Json(json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "revocations_uri": format!("{issuer}/.well-known/revocations") }));
    ([(CACHE_CONTROL, public())], body).into_response()
}

fn public() -> String {
    format!("public, max-age={}", CACHED_FOR.as_secs())
}
