//! The one layer around `/api` that gives refusals their status: server functions know 200 and 500 only, and a failed
//! decoding of arguments is answered before any code of ours runs.

use axum::{
    Json,
    body::{Body, to_bytes},
    http::{HeaderName, HeaderValue, Request, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{api::ApiError, server::error::status};

/// What server functions mark a reply with that carries an error.
const ERROR_MARK: HeaderName = HeaderName::from_static("serverfnerror");
/// An error is a code and a few fields.
const LONGEST_ERROR: usize = 16 * 1024;
/// When to come back after a passing failure, in seconds.
const SOON: u64 = 1;

/// A refusal as the wire says it: status, `{"code": …}`, and `Retry-After` where waiting helps.
#[must_use]
pub fn reply(error: &ApiError) -> Response {
    reply_as(status(error), error)
}

/// The same with a status that says more than the code does.
#[must_use]
pub fn reply_as(status: StatusCode, error: &ApiError) -> Response {
    let mut response = (status, Json(error)).into_response();
    let wait = match error {
        ApiError::Throttled { retry_after_secs } => Some((*retry_after_secs).max(1)),
        ApiError::Unavailable => Some(SOON),
        _ => None,
    };
    response.headers_mut().extend(wait.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds))));
    response
}

/// Puts replies of `/api` right; leaves all others alone.
pub async fn layer(request: Request<Body>, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    if is_api { put_right(response).await } else { response }
}

async fn put_right(mut response: Response) -> Response {
    let is_marked = response.headers_mut().remove(ERROR_MARK).is_some();
    if response.headers().contains_key(header::LOCATION) {
        see_other(&mut response);
        response
    } else if is_marked {
        restate(response).await
    } else {
        in_our_words(response)
    }
}

/// The answer to a form is fetched with GET, whatever sent the form: 303 says so, 302 leaves it open.
fn see_other(response: &mut Response) {
    if response.status() == StatusCode::FOUND {
        *response.status_mut() = StatusCode::SEE_OTHER;
    }
    // Taking an old error out of an address leaves its question mark behind.
    let shorter =
        response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok()?.strip_suffix('?'));
    if let Some(Ok(location)) = shorter.map(HeaderValue::from_str) {
        response.headers_mut().insert(header::LOCATION, location);
    }
}

/// Gives the error in a body its status, and keeps the other headers: cookies may be cleared along with it.
async fn restate(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let error = match to_bytes(body, LONGEST_ERROR).await.map(|body| serde_json::from_slice(&body)) {
        Ok(Ok(error)) => error,
        _ => ApiError::Unavailable,
    };
    let mut restated = reply(&error);
    for (name, value) in &parts.headers {
        if *name != header::CONTENT_LENGTH && *name != header::CONTENT_TYPE {
            restated.headers_mut().append(name, value.clone());
        }
    }
    restated
}

/// A refusal by the router or a layer of axum, said in a code of ours.
fn in_our_words(response: Response) -> Response {
    let status = response.status();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if status.as_u16() < 400 || is_json {
        return response;
    }
    let error = match status {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => ApiError::NotFound,
        StatusCode::FORBIDDEN => ApiError::Forbidden,
        _ if status.is_client_error() => ApiError::invalid("form", "malformed"),
        _ => ApiError::Unavailable,
    };
    let mut restated = reply_as(status, &error);
    restated.headers_mut().extend(response.headers().get(header::ALLOW).map(|allow| (header::ALLOW, allow.clone())));
    restated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(HeaderName, &str)], body: &str) -> Response {
        let mut response = Response::new(Body::from(body.to_owned()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            response.headers_mut().append(name, value.parse().unwrap());
        }
        response
    }

    async fn told(response: Response) -> (u16, String) {
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), LONGEST_ERROR).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_server_function_error_gets_its_status_and_keeps_its_cookies() {
        let marked =
            [(ERROR_MARK, "/api/login"), (header::SET_COOKIE, "a=b"), (header::CONTENT_TYPE, "application/json")];
        let body = r#"{"code":"throttled","retry_after_secs":30}"#;
        let put = put_right(response(500, &marked, body)).await;
        assert_eq!(put.headers()[header::RETRY_AFTER], "30");
        assert_eq!(put.headers()[header::SET_COOKIE], "a=b");
        assert_eq!(put.headers()[header::CONTENT_TYPE], "application/json");
        assert!(!put.headers().contains_key(ERROR_MARK));
        assert_eq!(told(put).await, (429, body.to_owned()));
    }

    #[tokio::test]
    async fn text_from_below_never_gets_out() {
        let put = put_right(response(500, &[(ERROR_MARK, "/api/x")], "panicked at secret.rs")).await;
        assert_eq!(put.headers()[header::RETRY_AFTER], "1");
        assert_eq!(told(put).await, (503, r#"{"code":"unavailable"}"#.to_owned()));
    }

    #[tokio::test]
    async fn a_redirect_of_a_form_is_a_303_and_no_error() {
        let put =
            put_right(response(302, &[(ERROR_MARK, "/api/x"), (header::LOCATION, "http://localhost:3000/login?")], ""))
                .await;
        assert_eq!(put.headers()[header::LOCATION], "http://localhost:3000/login");
        assert_eq!(put.status(), StatusCode::SEE_OTHER);
    }

    #[tokio::test]
    async fn what_axum_refuses_is_said_in_our_codes() {
        for (status, code) in [
            (404, r#"{"code":"not_found"}"#),
            (405, r#"{"code":"not_found"}"#),
            (413, r#"{"code":"too_large"}"#),
            (415, r#"{"code":"invalid","field":"form","reason":"malformed"}"#),
            (500, r#"{"code":"unavailable"}"#),
        ] {
            let put =
                put_right(response(status, &[(header::CONTENT_TYPE, "text/html"), (header::ALLOW, "POST")], "<p>"))
                    .await;
            assert_eq!(put.headers()[header::ALLOW], "POST");
            assert_eq!(told(put).await, (status, code.to_owned()));
        }
    }

    #[tokio::test]
    async fn replies_that_are_right_stay_as_they_are() {
        assert_eq!(told(put_right(response(200, &[], "{}")).await).await, (200, "{}".to_owned()));
        let ours = response(403, &[(header::CONTENT_TYPE, "application/json")], r#"{"code":"cross_site"}"#);
        assert_eq!(told(put_right(ours).await).await, (403, r#"{"code":"cross_site"}"#.to_owned()));
    }
}
