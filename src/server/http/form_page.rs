//! What comes in to `/api`: bodies that are forms and no larger than one, and the way back for those of browsers
//! without scripts.
//!
//! A server function sends a plain form back to its `Referer`, with the error in the address. So that it always has
//! one, and never another site's, each form names its own page in the field `page`. What an act came to that succeeded
//! is put into the address here, or nobody would be told.

use axum::{
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
    middleware::Next,
    response::Response,
};
use url::{Url, form_urlencoded};

use super::{errors, form_lists, form_proof, limits};
use crate::{
    api::{ApiError, form_result},
    domain::return_to::is_page,
    server::{context::RequestContext, state::AppState},
};

/// A return address may be in it, escaped.
const LONGEST_PAGE: usize = 4 * crate::domain::return_to::LONGEST;
/// What an act on a page of people came to.
const LONGEST_RESULT: usize = 3 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// Reads the body, sets the way back where a form will need it, and says there what the form came to.
pub async fn layer(State(state): State<AppState>, request: Request<Body>, next: Next) -> Response {
    if *request.method() != Method::POST || !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let body = match limits::read(body).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    if !body.is_empty() && !is_form(&parts.headers) {
        return errors::reply_as(StatusCode::UNSUPPORTED_MEDIA_TYPE, &ApiError::invalid("form", "content_type"));
    }
    if std::str::from_utf8(&body).is_err() {
        return errors::reply(&ApiError::invalid("form", "malformed"));
    }
    if parts
        .headers
        .get(header::ACCEPT)
        .is_some_and(|accept| String::from_utf8_lossy(accept.as_bytes()).contains("text/html"))
    {
        let back = way_back(&parts.headers, &body, &state.config.public_url);
        match back.and_then(|page| HeaderValue::try_from(page).ok()) {
            Some(page) => drop(parts.headers.insert(header::REFERER, page)),
            None => drop(parts.headers.remove(header::REFERER)),
        }
    }
    let (endpoint, cx) = (parts.uri.path().to_owned(), parts.extensions.get::<RequestContext>().cloned());
    let response = next.run(Request::from_parts(parts, Body::from(form_lists::bracketed(body)))).await;
    let prove = |page: &mut Url| {
        if let Some(cx) = &cx {
            form_proof::add(cx, page);
        }
    };
    with_result(response, &endpoint, &state.config.public_url, prove).await
}

/// Moves the output of an act into the address of the page its form goes back to, where an error stands already, and proves
/// it. Redirects of our own are paths, or lead to another host, and stay as they are.
async fn with_result(response: Response, endpoint: &str, public_url: &str, prove: impl FnOnce(&mut Url)) -> Response {
    let location =
        response.headers().get(header::LOCATION).and_then(|location| Url::parse(location.to_str().ok()?).ok());
    let Some(mut page) = location.filter(|page| page.origin().ascii_serialization() == public_url) else {
        return response;
    };
    let (mut parts, body) = response.into_parts();
    let is_open = page.query_pairs().all(|(name, _)| !form_result::is_part(&name));
    let output = to_bytes(body, LONGEST_RESULT).await.ok().and_then(|body| String::from_utf8(body.into()).ok());
    if let Some(output) = output.filter(|_| is_open) {
        page.query_pairs_mut().append_pair(form_result::PATH, endpoint).append_pair(form_result::DONE, &output);
    }
    prove(&mut page);
    if let Ok(page) = HeaderValue::from_str(page.as_str()) {
        parts.headers.insert(header::LOCATION, page);
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// A body without a type is taken for a form; nothing else can be meant.
fn is_form(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_none_or(|kind| {
        let kind = String::from_utf8_lossy(kind.as_bytes());
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM)
    })
}

/// The page the form stands on: the `Referer` if it is of this site, else the page the form names.
fn way_back(headers: &HeaderMap, body: &[u8], public_url: &str) -> Option<String> {
    let origin = Url::parse(public_url).ok()?.origin();
    let referer = headers.get(header::REFERER).and_then(|referer| Url::parse(referer.to_str().ok()?).ok());
    let ours = referer.filter(|url| url.origin() == origin && url.username().is_empty() && is_page(url.path()));
    let page = ours.or_else(|| {
        let (_, page) = form_urlencoded::parse(body).find(|(name, _)| name == "page")?;
        let page = Url::parse(&format!("{public_url}{}", local_path(&page)?)).ok()?;
        (page.origin() == origin && is_page(page.path())).then_some(page)
    });
    page.map(without_old_result)
}

/// A path that no browser could read as another site.
fn local_path(page: &str) -> Option<&str> {
    let harmless = page.starts_with('/')
        && !page.starts_with("//")
        && page.len() <= LONGEST_PAGE
        && !page.chars().any(|char| char == '\\' || char.is_control());
    harmless.then_some(page)
}

/// What the last attempt came to would stand in the address before what this does.
fn without_old_result(mut url: Url) -> String {
    let kept: Vec<(String, String)> =
        url.query_pairs().filter(|(name, _)| !form_result::is_part(name)).map(|(n, v)| (n.into(), v.into())).collect();
    url.set_fragment(None);
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(referer: Option<&str>, body: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.extend(referer.map(|referer| (header::REFERER, referer.parse().unwrap())));
        way_back(&headers, body.as_bytes(), "https://id.example.com")
    }

    #[test]
    fn a_form_without_referer_goes_back_to_the_page_it_names() {
        assert_eq!(
            back(None, "email=a&page=%2Flogin%3Freturn_to%3D%252Fadmin").unwrap(),
            "https://id.example.com/login?return_to=%2Fadmin"
        );
        assert_eq!(back(None, "email=a"), None);
    }

    #[test]
    fn no_page_of_another_site_is_a_way_back() {
        for page in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "login",
            "",
            "/a%0d%0ab",
            "/%09/evil.example",
            "%40evil.example",
            "/api/logout",
            "/settings/%2e%2e/api/logout",
            "/events",
        ] {
            assert_eq!(back(None, &format!("page={page}")), None, "{page}");
        }
        assert_eq!(back(None, &format!("page=/{}", "a".repeat(LONGEST_PAGE))), None);
    }

    #[test]
    fn a_referer_of_another_site_is_replaced() {
        for foreign in [
            "https://evil.example/x",
            "https://id.example.com.evil.example/",
            "https://id.example.com@evil.example/",
            "https://id.example.com/api/login",
            "http://id.example.com/login",
            "garbage",
        ] {
            assert_eq!(back(Some(foreign), "page=/login").unwrap(), "https://id.example.com/login", "{foreign}");
            assert_eq!(back(Some(foreign), ""), None, "{foreign}");
        }
    }

    #[test]
    fn a_referer_of_ours_stays_less_what_the_last_attempt_came_to() {
        assert_eq!(
            back(Some("https://id.example.com/login?__path=%2Fapi&a=1&__err=x&__done=1#top"), "page=/").unwrap(),
            "https://id.example.com/login?a=1"
        );
        assert_eq!(back(Some("https://id.example.com/login?__err=x"), "").unwrap(), "https://id.example.com/login");
    }

    #[tokio::test]
    async fn an_output_moves_into_the_address_of_the_page_and_nowhere_else() {
        let led = |location: &str| {
            let mut response = Response::new(Body::from(r#"{"ended":1}"#));
            response.headers_mut().insert(header::LOCATION, location.parse().unwrap());
            async move {
                let prove = |page: &mut Url| {
                    page.query_pairs_mut().append_pair(form_result::PROOF, "p");
                };
                let led = with_result(response, "/api/x", "https://id.example.com", prove).await;
                led.headers()[header::LOCATION].to_str().unwrap().to_owned()
            }
        };
        let page = "https://id.example.com/settings?a=1";
        assert_eq!(led(page).await, format!("{page}&__path=%2Fapi%2Fx&__done=%7B%22ended%22%3A1%7D&__proof=p"));
        let refused = "https://id.example.com/settings?__path=%2Fapi%2Fx&__err=e";
        assert_eq!(led(refused).await, format!("{refused}&__proof=p"));
        for other in ["/login", "https://app.example.com/x?a=1"] {
            assert_eq!(led(other).await, other);
        }
    }

    #[test]
    fn only_forms_are_forms() {
        for (kind, form) in [
            (FORM, true),
            ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", true),
            ("application/json", false),
            ("text/plain", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]);
            assert_eq!(is_form(&headers), form, "{kind}");
        }
        assert!(is_form(&HeaderMap::new()));
    }
}
