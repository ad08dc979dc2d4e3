//! The one map from what went wrong inside to what the wire says, and from that to an HTTP status. Logs once.

use http::StatusCode;

use super::{crypto::password_hash::HashError, store::StoreError};
use crate::api::ApiError;

/// The status of a refusal.
#[must_use]
pub fn status(error: &ApiError) -> StatusCode {
    match error {
        ApiError::Renew | ApiError::SignedOut { .. } | ApiError::InvalidCredentials => StatusCode::UNAUTHORIZED,
        ApiError::Forbidden
        | ApiError::StepUpRequired
        | ApiError::PasswordChangeRequired
        | ApiError::CrossSite { .. } => StatusCode::FORBIDDEN,
        ApiError::NotFound => StatusCode::NOT_FOUND,
        ApiError::Conflict { .. } | ApiError::Limit { .. } => StatusCode::CONFLICT,
        ApiError::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        ApiError::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        ApiError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ApiError::Unavailable | ApiError::Offline => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::conflict(),
            other => unavailable(&other),
        }
    }
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> Self {
        match error {
            // Told of by the queue, which knows how often.
            HashError::Busy => Self::Unavailable,
            other => unavailable(&other),
        }
    }
}

impl From<jsonwebtoken::errors::Error> for ApiError {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        unavailable(&error)
    }
}

fn unavailable(error: &dyn std::error::Error) -> ApiError {
    tracing::error!(error = %error, "a request could not be served");
    ApiError::Unavailable
}
