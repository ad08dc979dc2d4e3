//! `GET /events`: server-sent events (WHATWG HTML, section 9.2) for the session of an open page.

use std::convert::Infallible;

use axum::{
    Extension,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{
        IntoResponse as _, Response,
        sse::{Event, Sse},
    },
};
use futures::StreamExt as _;
use serde::Serialize;

use super::{errors, origin_check};
use crate::{
    api::{ApiError, ApiResult, events::Changed},
    server::{
        context::RequestContext,
        flow::events::{Told, listen},
    },
};

pub const PATH: &str = "/events";

/// nginx would gather a stream before it passes any of it on.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The stream, or why there is none.
pub async fn events(Extension(cx): Extension<RequestContext>, headers: HeaderMap) -> Response {
    open(&cx, &headers).unwrap_or_else(|error| errors::reply(&error))
}

fn open(cx: &RequestContext, headers: &HeaderMap) -> ApiResult<Response> {
    if origin_check::comes_from_us(headers, &cx.state.config.public_url) == Some(false) {
        return Err(ApiError::cross_site(&cx.state.config.public_url));
    }
    let told = listen(cx)?;
    let mut response = Sse::new(told.map(|told| Ok::<_, Infallible>(event(told)))).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

fn event(told: Told) -> Event {
    match told {
        Told::Heartbeat => Event::default().comment(""),
        Told::Changed(what) => named("changed", &Changed { what }),
        Told::Renew => named("renew", &ApiError::Renew),
        Told::Ended(reason) => named("ended", &ApiError::SignedOut { reason }),
    }
}

fn named(name: &str, data: &impl Serialize) -> Event {
    // Codes, which always have a form in JSON.
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}
