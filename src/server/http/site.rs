//! The files of the site, carried by the binary: scripts, wasm, styles and pictures, with their compressed copies.
//!
//! A file asked for by its version (`?v=`) never changes and is cached for ever; otherwise it is asked for again
//! each time and answered 304 (RFC 9110 §13). Nothing outside the embedded folder can be named.

use std::borrow::Cow;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use rust_embed::{Embed, EmbeddedFile};

use super::weighted;

#[derive(Embed)]
#[folder = "target/site/"]
#[allow_missing = true]
struct Site;

/// A picture may carry its own styles, also when it is opened by itself.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

/// Answers for the files, and lets everything else through.
pub async fn layer(request: Request<Body>, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && let Some(response) = try_serve(request.uri().path(), request.headers(), request.uri().query())
    {
        return response;
    }
    next.run(request).await
}

/// The file at a path, if there is one.
#[must_use]
pub fn try_serve(path: &str, headers: &HeaderMap, query: Option<&str>) -> Option<Response> {
    let name = path.strip_prefix('/')?;
    let file = identity(name)?;
    let version = version_of(&file);
    let (encoding, content) = pick(name, headers, file);
    let tag = format!("\"{version}{}\"", encoding.map(|encoding| format!("-{encoding}")).unwrap_or_default());
    let mut response =
        if is_known(headers, &tag) { StatusCode::NOT_MODIFIED.into_response() } else { whole(name, content, encoding) };
    let is_versioned =
        query.is_some_and(|query| query.split('&').any(|pair| pair.strip_prefix("v=") == Some(&version)));
    let caching = if is_versioned { "public, max-age=31536000, immutable" } else { "no-cache" };
    let reply = response.headers_mut();
    reply.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    reply.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    reply.extend(HeaderValue::try_from(tag).ok().map(|tag| (header::ETAG, tag)));
    Some(response)
}

/// What stands for a file's content in its address: the beginning of its SHA-256, in hexadecimal.
#[must_use]
pub fn version(name: &str) -> Option<String> {
    identity(name).map(|file| version_of(&file))
}

/// Whether the site was built with a file.
#[must_use]
pub fn has(name: &str) -> bool {
    identity(name).is_some()
}

fn version_of(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let beginning = hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    format!("{beginning:016x}")
}

/// A file under its own name; the compressed copies have none.
fn identity(name: &str) -> Option<EmbeddedFile> {
    let is_copy = ["br", "gz"].iter().any(|suffix| name.rsplit_once('.').is_some_and(|(_, last)| last == *suffix));
    if is_copy { None } else { Site::get(name) }
}

fn pick(name: &str, headers: &HeaderMap, file: EmbeddedFile) -> (Option<&'static str>, Cow<'static, [u8]>) {
    for (encoding, suffix) in [("br", "br"), ("gzip", "gz")] {
        if accepts(headers, encoding)
            && let Some(copy) = Site::get(&format!("{name}.{suffix}"))
        {
            return (Some(encoding), copy.data);
        }
    }
    (None, file.data)
}

/// Whether `Accept-Encoding` names an encoding (or `*`) with a weight above zero.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let mut any = false;
    for (name, weight) in weighted::items(headers, header::ACCEPT_ENCODING) {
        if name.eq_ignore_ascii_case(encoding) {
            return weight > 0.0;
        }
        any |= name == "*" && weight > 0.0;
    }
    any
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|known| known.trim() == "*" || known.trim().trim_start_matches("W/") == tag)
}

fn whole(name: &str, content: Cow<'static, [u8]>, encoding: Option<&'static str>) -> Response {
    let content = match content {
        Cow::Borrowed(embedded) => Bytes::from_static(embedded),
        Cow::Owned(read) => Bytes::from(read),
    };
    let mut response = Response::new(Body::from(content));
    let headers = response.headers_mut();
    let kind = content_type(name);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if kind == "image/svg+xml" {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PICTURE_POLICY));
    }
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn an_encoding_of_weight_zero_is_not_accepted() {
        for (sent, brotli, gzip) in [
            ("gzip, deflate, br, zstd", true, true),
            ("br;q=0, gzip", false, true),
            ("br; q=0.0, *", false, true),
            ("*;q=0", false, false),
            ("GZIP;q=0.5", false, true),
            ("identity", false, false),
            ("brotli, gzipped", false, false),
            ("br;q=much", false, false),
            ("", false, false),
        ] {
            let headers = with(header::ACCEPT_ENCODING, sent);
            assert_eq!((accepts(&headers, "br"), accepts(&headers, "gzip")), (brotli, gzip), "{sent:?}");
        }
        assert!(!accepts(&HeaderMap::new(), "br"));
    }

    #[test]
    fn a_known_tag_is_found_in_a_list_weak_or_not() {
        for (sent, known) in [
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"a-br\"", false),
            ("a", false),
            ("\"b\"", false),
        ] {
            assert_eq!(is_known(&with(header::IF_NONE_MATCH, sent), "\"a\""), known, "{sent}");
        }
    }

    #[test]
    fn nothing_outside_the_folder_has_a_name() {
        for path in [
            "/../Cargo.toml",
            "//etc/passwd",
            "/%2e%2e/Cargo.toml",
            "/",
            "",
            "/pkg",
            "/pkg/",
            "/pkg/../../../Cargo.toml",
        ] {
            assert!(try_serve(path, &HeaderMap::new(), None).is_none(), "{path}");
        }
    }

    /// Which files there are depends on whether the site was built before; what holds, holds for each.
    #[test]
    fn every_file_is_served_by_version_for_ever_and_its_copies_not_by_name() {
        for name in Site::iter() {
            let path = format!("/{name}");
            let Some(version) = version(&name) else {
                assert!(try_serve(&path, &HeaderMap::new(), None).is_none(), "{name}");
                continue;
            };
            let fresh = try_serve(&path, &HeaderMap::new(), Some(&format!("v={version}"))).unwrap();
            assert_eq!(fresh.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
            let stale = try_serve(&path, &HeaderMap::new(), Some("v=0")).unwrap();
            assert_eq!(stale.headers()[header::CACHE_CONTROL], "no-cache");
            let again = with(header::IF_NONE_MATCH, stale.headers()[header::ETAG].to_str().unwrap());
            assert_eq!(try_serve(&path, &again, None).unwrap().status(), StatusCode::NOT_MODIFIED);
        }
    }
}
