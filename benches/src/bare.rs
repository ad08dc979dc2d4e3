//! The least a server can do: one axum route with the very answer that ours gave, its status, headers and body.
//! What costs less than twice this is cheap.

use std::{fs, path::Path};

use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    routing::get,
};
use serde_json::{Value, json};

use crate::{Outcome, http::Reply};

/// Begins the arguments of this program when it is to be that server.
pub const COMMAND: &str = "bare";
pub const PATH: &str = "/";

/// Keeps an answer for [`serve`].
pub fn keep(reply: &Reply, file: &Path) -> Outcome<()> {
    let kept =
        json!({ "status": reply.status, "headers": reply.headers, "body": String::from_utf8_lossy(&reply.body) });
    Ok(fs::write(file, kept.to_string())?)
}

/// Serves at an address, with an answer that was kept, until it is killed.
#[tokio::main]
pub async fn serve(mut arguments: impl Iterator<Item = String>) -> Outcome<()> {
    let (addr, file) = arguments.next().zip(arguments.next()).ok_or("bare: an address and an answer are missing")?;
    let listener = tokio::net::TcpListener::bind(addr).await?;
    let kept: Value = serde_json::from_slice(&fs::read(file)?)?;
    let status = StatusCode::from_u16(u16::try_from(kept["status"].as_u64().unwrap_or_default())?)?;
    let headers = headers(&kept["headers"])?;
    // A body of this type is not copied for each answer.
    let body: &'static str = Box::leak(kept["body"].as_str().unwrap_or_default().to_owned().into_boxed_str());
    let answer = move || {
        let headers = headers.clone();
        async move { (status, headers, body) }
    };
    Ok(axum::serve(listener, Router::new().route(PATH, get(answer))).await?)
}

/// Those that a handler sets; the rest comes from hyper, there as here.
fn headers(kept: &Value) -> Outcome<HeaderMap> {
    let kept: Vec<(String, String)> = serde_json::from_value(kept.clone())?;
    let mut headers = HeaderMap::new();
    for (name, value) in kept {
        let name: HeaderName = name.parse()?;
        if ![header::DATE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(&name) {
            headers.append(name, HeaderValue::try_from(value)?);
        }
    }
    Ok(headers)
}
