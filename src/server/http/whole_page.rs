//! A page is made to its end, also when its reader has gone.
//!
//! What a page reads runs in tasks of its own (`reactive_graph`, `leptos`). Dropped midway, the page would take its contexts and values
//! away while those still draw with them, and they would panic. So it is made in a task too, which nobody drops.

use std::panic::resume_unwind;

use axum::{
    body::{Body, to_bytes},
    http::Request,
    middleware::Next,
    response::Response,
};
use tokio::sync::Semaphore;

use super::errors;
use crate::{api::ApiError, server::store::patience};

/// As many pages are made at once. Who hangs up frees their connection but not this.
const MOST_AT_ONCE: usize = 256;
static MAKING: Semaphore = Semaphore::const_new(MOST_AT_ONCE);

/// Makes the answer, and reads it whole: pages are (`app.rs`), and what makes them ends with their last byte.
pub async fn layer(request: Request<Body>, next: Next) -> Response {
    // It is never closed.
    let Ok(place) = MAKING.acquire().await else { return errors::reply(&ApiError::Unavailable) };
    let making = tokio::spawn(patience::carried(async move {
        let _place = place;
        let (parts, body) = next.run(request).await.into_parts();
        to_bytes(body, usize::MAX).await.map(|body| Response::from_parts(parts, Body::from(body)))
    }));
    match making.await {
        Ok(Ok(page)) => page,
        Err(failure) if failure.is_panic() => resume_unwind(failure.into_panic()),
        Ok(Err(_)) | Err(_) => errors::reply(&ApiError::Unavailable),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use axum::{Router, middleware, routing::get};
    use tokio::{sync::Notify, time::timeout};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_page_is_made_to_its_end_also_when_nobody_waits_for_it() {
        let (go_on, made) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (going_on, making) = (Arc::clone(&go_on), Arc::clone(&made));
        let page = || async move {
            going_on.notified().await;
            making.notify_one();
        };
        let app = Router::new().route("/", get(page)).layer(middleware::from_fn(layer));
        {
            let mut reader = std::pin::pin!(app.oneshot(Request::get("/").body(Body::empty()).unwrap()));
            assert!(futures::poll!(reader.as_mut()).is_pending());
        }
        go_on.notify_one();
        timeout(Duration::from_secs(30), made.notified()).await.expect("it goes on");
    }

    #[tokio::test]
    #[should_panic(expected = "the page's own")]
    async fn a_panic_of_a_page_is_told_to_who_bounds_requests() {
        async fn page() {
            std::panic::panic_any("the page's own")
        }
        let app = Router::new().route("/", get(page)).layer(middleware::from_fn(layer));
        let _ = app.oneshot(Request::get("/").body(Body::empty()).unwrap()).await;
    }
}
