//! Lists as files, streamed: `GET /api/admin/audit/export` as JSON lines, `GET /api/admin/users/export` as CSV.

use axum::{
    Extension,
    body::Body,
    extract::Query,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use futures::Stream;

use super::{errors, origin_check};
use crate::{
    api::{ApiError, ApiResult, audit::AuditFilter},
    domain::user_filter::Asked,
    server::{
        context::{Actor, RequestContext},
        flow::{audit_export, export::Broken, users_export},
    },
};

/// The audit log, or why there is none.
pub async fn audit(
    Extension(cx): Extension<RequestContext>,
    headers: HeaderMap,
    Query(filter): Query<AuditFilter>,
) -> Response {
    let file = async {
        let lines = audit_export::export(&cx, reader(&cx, &headers)?, &filter).await?;
        Ok(file(lines, "application/x-ndjson", "attachment; filename=\"sekisho-audit.jsonl\""))
    };
    file.await.unwrap_or_else(|error: ApiError| errors::reply(&error))
}

/// The list of users, or why there is none.
pub async fn users(
    Extension(cx): Extension<RequestContext>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    let file = async {
        let lines = users_export::export(&cx, reader(&cx, &headers)?, &asked).await?;
        Ok(file(lines, "text/csv; charset=utf-8", "attachment; filename=\"sekisho-users.csv\""))
    };
    file.await.unwrap_or_else(|error: ApiError| errors::reply(&error))
}

/// Another site's page may not have anyone's browser fetch it: that is written down, and costs reading it.
fn reader<'a>(cx: &'a RequestContext, headers: &HeaderMap) -> ApiResult<&'a Actor> {
    if origin_check::comes_from_us(headers, &cx.state.config.public_url) == Some(false) {
        return Err(ApiError::cross_site(&cx.state.config.public_url));
    }
    cx.actor()
}

fn file(
    lines: impl Stream<Item = Result<String, Broken>> + Send + 'static,
    kind: &'static str,
    disposition: &'static str,
) -> Response {
    let mut response = Body::from_stream(lines).into_response();
    let fixed =
        [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition), (header::CACHE_CONTROL, "no-store")];
    response.headers_mut().extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}
