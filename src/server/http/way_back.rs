//! Who is sent to sign-in and is signed in, or has just been renewed on the way here, goes straight back. And an address that
//! says what no form of theirs came to is read without that.

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use url::form_urlencoded;

use super::form_proof;
use crate::{api::form_result, server::context::RequestContext};

const SIGN_IN: &str = "/login";

/// Inside the layer that makes the context.
pub async fn layer(request: Request<Body>, next: Next) -> Response {
    match form_proof::without_made_up(&request).or_else(|| straight_back(&request)) {
        Some(back) => (StatusCode::SEE_OTHER, [(header::LOCATION, back)]).into_response(),
        None => next.run(request).await,
    }
}

/// Only where our cookies go too: elsewhere one would be sent here again, for ever. And not past what a form came to.
fn straight_back(request: &Request<Body>) -> Option<HeaderValue> {
    if request.uri().path() != SIGN_IN || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let cx = request.extensions().get::<RequestContext>().filter(|cx| cx.navigates && cx.actor().is_ok())?;
    let query = form_urlencoded::parse(request.uri().query()?.as_bytes());
    let pairs: Vec<_> = query.collect();
    if pairs.iter().any(|(name, _)| form_result::is_part(name)) {
        return None;
    }
    let (_, asked) = pairs.iter().find(|(name, _)| name == "return_to")?;
    let hosts = &cx.state.config.return_hosts;
    let back = hosts.allowed(asked).filter(|back| hosts.have_our_cookies(back))?;
    HeaderValue::try_from(back).ok()
}
