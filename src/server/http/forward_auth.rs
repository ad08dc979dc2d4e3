//! `GET /auth/verify`: tells a reverse proxy, or any program that was sent one of our tokens, who someone is.
//!
//! It never rotates, never sets a cookie, never redirects, and says nothing but 200, 401, 403 and 503. What headers say
//! of the request that the proxy was sent decides nothing here (oauth2-proxy GHSA-7x63-xv5r-3p2x and its kin).

use axum::{
    Extension,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use url::form_urlencoded;

use super::{cookies, errors, original_url};
use crate::{
    api::ApiError,
    domain::{access_claims::AccessClaims, session::EndReason},
    server::{
        context::{Actor, RequestContext},
        flow::{audience, stand_in, touch},
    },
};

pub const PATH: &str = "/auth/verify";

const USER: HeaderName = HeaderName::from_static("x-auth-user");
const ROLE: HeaderName = HeaderName::from_static("x-auth-role");
const SESSION: HeaderName = HeaderName::from_static("x-auth-session");
/// What the program behind the proxy may see of the cookies.
const COOKIE: HeaderName = HeaderName::from_static("x-auth-cookie");
/// Where sign-in is, for proxies that redirect.
const LOCATION: HeaderName = HeaderName::from_static("x-auth-location");

/// A proxy takes an answer it doesn't know for anything, so there are four, whatever happened inside.
#[must_use]
pub fn known(response: Response) -> Response {
    let known = [StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE];
    if known.contains(&response.status()) { response } else { errors::reply(&ApiError::Unavailable) }
}

/// Who the credentials belong to, in headers.
pub async fn verify(Extension(cx): Extension<RequestContext>, request: Request<Body>) -> Response {
    let (asked, _) = request.into_parts();
    match admit(&cx, &asked).await {
        Ok(response) => response,
        Err(error) => refuse(&cx, &asked.headers, &error),
    }
}

async fn admit(cx: &RequestContext, asked: &Parts) -> Result<Response, ApiError> {
    let audience = audience(cx, asked.uri.query())?;
    let actor = who(cx).await?;
    if is_by_hand(&asked.headers) {
        Box::pin(touch::by_proxied_navigation(cx, &actor)).await;
    }
    let mut response = StatusCode::OK.into_response();
    describe(response.headers_mut(), actor.claims());
    if let Some(place) = audience {
        response.headers_mut().insert(header::AUTHORIZATION, audience::bearer(cx, &actor, place)?);
    }
    // Also where there are none: some proxies take a header that is missing for its own name.
    response.headers_mut().insert(COOKIE, cookies::others(&asked.headers, &cx.state.config.cookies));
    Ok(response)
}

/// The configured one that `?aud=` asks a token for.
fn audience(cx: &RequestContext, query: Option<&str>) -> Result<Option<usize>, ApiError> {
    let mut asked = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).filter(|(name, _)| name == "aud");
    match (asked.next(), asked.next()) {
        (None, _) => Ok(None),
        (Some((_, name)), None) => audience::find(cx, &name).map(Some),
        (Some(_), Some(_)) => Err(ApiError::Forbidden),
    }
}

async fn who(cx: &RequestContext) -> Result<Actor, ApiError> {
    match cx.actor() {
        Err(ApiError::Renew) => Box::pin(stand_in::actor(cx)).await,
        known => known.cloned(),
    }
}

fn describe(headers: &mut HeaderMap, claims: &AccessClaims) {
    for (name, value) in [(USER, claims.sub.as_str()), (ROLE, claims.role.as_str()), (SESSION, claims.sid.as_str())] {
        // Ids and roles are ASCII by construction.
        headers.insert(name, HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("")));
    }
}

/// A person moved the whole window there; no script can make a browser say so.
fn is_by_hand(headers: &HeaderMap) -> bool {
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|sent| sent == value);
    says("sec-fetch-user", "?1") && (says("sec-fetch-dest", "document") || !headers.contains_key("sec-fetch-dest"))
}

fn refuse(cx: &RequestContext, headers: &HeaderMap, error: &ApiError) -> Response {
    let original = if cx.is_behind_proxy() { original_url::read(headers) } else { None };
    let mut response = errors::reply(error);
    tracing::debug!(
        status = response.status().as_u16(),
        asked = original.as_deref().map(original_url::for_log),
        request_id = cx.request_id(),
        "a proxied request was refused"
    );
    if response.status() == StatusCode::UNAUTHORIZED {
        let location = sign_in(cx, original.as_deref(), error.end_reason());
        response.headers_mut().extend(HeaderValue::try_from(location).ok().map(|location| (LOCATION, location)));
    }
    response
}

/// The sign-in page, with the way back if there may be one, and why one is there.
fn sign_in(cx: &RequestContext, original: Option<&str>, reason: Option<EndReason>) -> String {
    let config = &cx.state.config;
    let back = original.and_then(|original| config.return_hosts.allowed(original));
    let reason = reason.filter(|reason| *reason != EndReason::None).map(EndReason::as_str);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(back.map(|back| ("return_to", back)));
    query.extend_pairs(reason.map(|reason| ("reason", reason)));
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}/login{mark}{query}", config.public_url)
}
