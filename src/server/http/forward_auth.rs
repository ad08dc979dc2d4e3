//! `GET /auth/verify`: tells a reverse proxy, or any program that was sent one of our tokens, who someone is.
//!
//! It never rotates, never sets a cookie, never redirects, and says nothing but 200, 401, 403 and 503. What headers say
//! of the request that the proxy was sent decides nothing here (oauth2-proxy GHSA-7x63-xv5r-3p2x and its kin).

use std::borrow::Cow;

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
    domain::{access_claims::AccessClaims, role::Role, session::EndReason},
    server::{
        context::{Actor, RequestContext},
        flow::{audience, authenticate, stand_in, touch},
    },
};

pub const PATH: &str = "/auth/verify";

const USER: HeaderName = HeaderName::from_static("x-auth-user");
const ROLE: HeaderName = HeaderName::from_static("x-auth-role");
const SESSION: HeaderName = HeaderName::from_static("x-auth-session");
/// How surely it is this user: authenticator assurance level (NIST SP 800-63B), 1 for a password alone.
const AAL: HeaderName = HeaderName::from_static("x-auth-aal");
const EMAIL: HeaderName = HeaderName::from_static("x-auth-email");
const NAME: HeaderName = HeaderName::from_static("x-auth-name");
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
    if !has_asked_role(asked.uri.query(), actor.claims().role) {
        return Err(ApiError::Forbidden);
    }
    if is_by_hand(&asked.headers) && !cx.speculates {
        Box::pin(touch::by_proxied_navigation(cx, &actor)).await;
    }
    let mut response = StatusCode::OK.into_response();
    describe(response.headers_mut(), actor.claims());
    tell_more(cx, &actor, response.headers_mut()).await?;
    if let Some(place) = audience {
        response.headers_mut().insert(header::AUTHORIZATION, audience::bearer(cx, &actor, place)?);
    }
    // Also where there are none: some proxies take a header that is missing for its own name.
    response.headers_mut().insert(COOKIE, cookies::others(&asked.headers, &cx.state.config.cookies));
    Ok(response)
}

/// Whether the user's role is one of those that `?role=` names, where it names any. What is no role is nobody's.
fn has_asked_role(query: Option<&str>, role: Role) -> bool {
    let mut asked =
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).filter(|(name, _)| name == "role").peekable();
    asked.peek().is_none() || asked.any(|(_, name)| name == role.as_str())
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
    let (user, role, session) = (claims.sub.as_str(), claims.role.as_str(), claims.sid.as_str());
    for (name, value) in [(USER, user), (ROLE, role), (SESSION, session), (AAL, "1")] {
        // Ids and roles are ASCII by construction.
        headers.insert(name, HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("")));
    }
}

/// What the operator wants programs to know of a user. It is not in the token: it is read once a minute and session.
async fn tell_more(cx: &RequestContext, actor: &Actor, headers: &mut HeaderMap) -> Result<(), ApiError> {
    let told = cx.state.config.told;
    if !told.email && !told.name {
        return Ok(());
    }
    let facts = Box::pin(authenticate::facts(cx, actor)).await?;
    let email = told.email.then_some((EMAIL, &facts.email));
    let name = told.name.then_some((NAME, &facts.display_name));
    let told = email.into_iter().chain(name);
    headers.extend(told.filter_map(|(header, text)| Some((header, HeaderValue::from_str(&ext_value(text)).ok()?))));
    Ok(())
}

/// A text as it is where it is plain ASCII, else as `UTF-8''` and percent-encoded bytes (RFC 8187). What would be read as such
/// a value is made one, so that a reader gets back what was meant.
fn ext_value(text: &str) -> Cow<'_, str> {
    const MARK: &str = "UTF-8''";
    let is_plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let is_marked = text.get(..MARK.len()).is_some_and(|head| head.eq_ignore_ascii_case(MARK));
    if is_plain && !is_marked {
        return text.into();
    }
    let is_attr_char = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
    let encoded = text.bytes().fold(String::from(MARK), |mut encoded, byte| {
        if is_attr_char(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    });
    encoded.into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_as_it_is_or_as_an_extended_value_and_is_told_apart() {
        for (text, sent) in [
            ("Hanako Yamada", "Hanako Yamada"),
            ("O'Neil, \"Pat\" 100%", "O'Neil, \"Pat\" 100%"),
            ("山田 x", "UTF-8''%E5%B1%B1%E7%94%B0%20x"),
            ("Zoë*'", "UTF-8''Zo%C3%AB%2A%27"),
            ("utf-8''%41", "UTF-8''utf-8%27%27%2541"),
            ("a\r\nX-Auth-Role: admin", "UTF-8''a%0D%0AX-Auth-Role%3A%20admin"),
            ("", ""),
        ] {
            assert_eq!(ext_value(text), sent, "{text}");
        }
    }

    #[test]
    fn of_several_roles_one_is_enough_and_what_is_none_is_nobodys() {
        for (query, passes) in [
            (None, true),
            (Some("aud=app"), true),
            (Some("role=support"), true),
            (Some("role=admin&aud=app&role=support"), true),
            (Some("role=admin"), false),
            (Some("role="), false),
            (Some("role"), false),
            (Some("role=Support"), false),
            (Some("role=support,admin"), false),
            (Some("role=%ff"), false),
        ] {
            assert_eq!(has_asked_role(query, Role::Support), passes, "{query:?}");
        }
    }
}
