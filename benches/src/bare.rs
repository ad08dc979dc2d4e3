//! The least a server can do: one axum route with a fixed answer. What costs less than twice this is cheap.

use axum::{Router, http::header, routing::get};

use crate::Outcome;

/// Begins the arguments of this program when it is to be that server.
pub const COMMAND: &str = "bare";
pub const PATH: &str = "/";
/// About as long as what `/api/session` tells.
const ANSWER: &str = r#"{"user":{"id":"0192a5c0-7d3e-7b21-9f00-0123456789ab","email":"hanako@demo.example"},"strategy":"none","now":0,"more":"………………………………"}"#;

/// Serves at an address until it is killed.
#[tokio::main]
pub async fn serve(addr: Option<String>) -> Outcome<()> {
    let listener = tokio::net::TcpListener::bind(addr.ok_or("bare: an address is missing")?).await?;
    let answer = || async { ([(header::CONTENT_TYPE, "application/json")], ANSWER) };
    Ok(axum::serve(listener, Router::new().route(PATH, get(answer))).await?)
}
