//! How much and how long: bodies, handlers, panics. `serve.rs` bounds what happens before a request is one.

use std::{any::Any, panic::AssertUnwindSafe, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode, header},
    middleware::Next,
    response::Response,
};
use futures::FutureExt as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::errors;
use crate::api::ApiError;

/// No form of ours is larger: in one of sign-in the way back stands twice, escaped once and twice, up to eight times its length.
pub const LONGEST_BODY: usize = 128 * 1024;
/// As much of a refused body is read on, so that its sender gets to see the refusal.
const LONGEST_DRAIN: usize = 4 * 1024 * 1024;
/// How long a body may take to come in.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a handler may take to begin its answer. Streams may go on for longer.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(30);

/// A whole body within the limits.
///
/// # Errors
/// The reply to send: 413 or 408, or 400 when the body broke off.
pub async fn read(body: Body) -> Result<Bytes, Response> {
    match timeout(BODY_TIMEOUT, Limited::new(body, LONGEST_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(errors::reply(&ApiError::TooLarge)),
        Ok(Err(_)) => Err(errors::reply_as(StatusCode::BAD_REQUEST, &ApiError::invalid("form", "incomplete"))),
        Err(_) => Err(errors::reply_as(StatusCode::REQUEST_TIMEOUT, &ApiError::Unavailable)),
    }
}

/// Runs a request within its bounds; a panic in it is its own.
pub async fn bounded(request: Request<Body>, next: Next) -> Response {
    if declared_length(request.headers()) > Some(LONGEST_BODY as u64) {
        Box::pin(drain(request.into_body())).await;
        return errors::reply(&ApiError::TooLarge);
    }
    let uri = request.uri().clone();
    // Nothing of a request that panicked is used again.
    let running = AssertUnwindSafe(next.run(request)).catch_unwind();
    let Ok(answered) = timeout(HANDLER_TIMEOUT, running).await else {
        tracing::error!(path = uri.path(), "a request took too long and was given up");
        return errors::reply(&ApiError::Unavailable);
    };
    answered.unwrap_or_else(panicked)
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Closing a connection with unread bytes resets it, and the sender never sees why.
async fn drain(mut body: Body) {
    let mut left = LONGEST_DRAIN;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    // Whether all of it came in time makes no difference to the answer.
    let _ = timeout(BODY_TIMEOUT, reading).await;
}

/// The message may hold anything and stays in the log.
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("of unknown kind"), "a handler panicked");
    errors::reply_as(StatusCode::INTERNAL_SERVER_ERROR, &ApiError::Unavailable)
}

#[cfg(test)]
mod tests {
    use axum::{
        Router, middleware,
        routing::{get, post},
    };
    use tower::ServiceExt;

    use super::*;

    async fn panics() {
        std::panic::panic_any("secret")
    }

    fn app() -> Router {
        let read_it = |body: Body| async { read(body).await.map(|body| body.len().to_string()) };
        let hangs = || std::future::pending::<()>();
        let app = Router::new().route("/read", post(read_it)).route("/panics", get(panics)).route("/hangs", get(hangs));
        app.layer(middleware::from_fn(bounded))
    }

    async fn told(request: Request<Body>) -> (u16, String) {
        let response = app().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_a_413_declared_or_not() {
        let too_large = (413, r#"{"code":"too_large"}"#.to_owned());
        let body = "a".repeat(LONGEST_BODY + 1);
        let declared =
            Request::post("/read").header("content-length", body.len()).body(Body::from(body.clone())).unwrap();
        assert_eq!(told(declared).await, too_large);
        assert_eq!(told(Request::post("/read").body(Body::from(body)).unwrap()).await, too_large);
        let longest = Request::post("/read").body(Body::from("a".repeat(LONGEST_BODY))).unwrap();
        assert_eq!(told(longest).await, (200, LONGEST_BODY.to_string()));
    }

    #[tokio::test]
    async fn a_panic_is_a_500_that_says_nothing() {
        let request = Request::get("/panics").body(Body::empty()).unwrap();
        assert_eq!(told(request).await, (500, r#"{"code":"unavailable"}"#.to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_hangs_is_given_up() {
        let request = Request::get("/hangs").body(Body::empty()).unwrap();
        assert_eq!(told(request).await, (503, r#"{"code":"unavailable"}"#.to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_a_408() {
        let stalled = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(told(Request::post("/read").body(stalled).unwrap()).await.0, 408);
    }
}
