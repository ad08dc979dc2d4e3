//! `GET /api/admin/audit/export`: the audit log as a file of JSON lines, streamed.

use axum::{
    Extension,
    body::Body,
    extract::Query,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};

use super::{errors, origin_check};
use crate::{
    api::{ApiError, ApiResult, audit::AuditFilter},
    server::{context::RequestContext, flow},
};

/// The file, or why there is none.
pub async fn export(
    Extension(cx): Extension<RequestContext>,
    headers: HeaderMap,
    Query(filter): Query<AuditFilter>,
) -> Response {
    open(&cx, &headers, &filter).await.unwrap_or_else(|error| errors::reply(&error))
}

/// Another site's page may not have anyone's browser fetch it: that is written down, and costs reading the log.
async fn open(cx: &RequestContext, headers: &HeaderMap, filter: &AuditFilter) -> ApiResult<Response> {
    if origin_check::comes_from_us(headers, &cx.state.config.public_url) == Some(false) {
        return Err(ApiError::CrossSite);
    }
    let lines = flow::audit_export::export(cx, cx.actor()?, filter).await?;
    let mut response = Body::from_stream(lines).into_response();
    let fixed = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"sekisho-audit.jsonl\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    response.headers_mut().extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    Ok(response)
}
