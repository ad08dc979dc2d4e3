//! The one error on the wire: codes and fields, never text from below. `server/error.rs` gives each its status.

use leptos::server_fn::{codec::JsonEncoding, error::FromServerFnError, error::ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::domain::session::EndReason;

pub type ApiResult<T> = Result<T, ApiError>;

/// What a caller is told when something is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
#[error("{self:?}")]
pub enum ApiError {
    /// The access token ended or is stale: refresh and repeat.
    Renew,
    /// The session is over; only this ends a page's session.
    SignedOut {
        reason: EndReason,
    },
    /// Unknown e-mail, wrong password or locked account: one answer for the three.
    InvalidCredentials,
    Forbidden,
    /// The act needs a recent proof of the password: `POST /api/step_up`, then repeat.
    StepUpRequired,
    /// The password was right, and another one must be chosen first: the sign-in waits for it.
    PasswordChangeRequired,
    /// The request comes from another site, or from a page that was opened by another address than the public URL.
    CrossSite {
        /// Where this service is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        public_url: Option<String>,
    },
    NotFound,
    /// It can't be: it exists already, the last admin would go, or, with `lives_until`, the strategy keeps nothing that
    /// could be listed or ended, and what was signed lives until then at the latest (Unix milliseconds).
    Conflict {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lives_until: Option<i64>,
    },
    /// The user has as many live sessions as they may. With `choose` the sign-in waits, and goes on once one is ended.
    Limit {
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        choose: bool,
    },
    /// A field was refused.
    Invalid {
        field: String,
        reason: String,
    },
    Throttled {
        retry_after_secs: u64,
    },
    /// The body is larger than any form of ours.
    TooLarge,
    /// Passing: nothing was changed, no cookie cleared; try again.
    Unavailable,
    /// The browser could not reach the server. Made in the browser only.
    Offline,
}

impl ApiError {
    #[must_use]
    pub fn conflict() -> Self {
        Self::Conflict { lives_until: None }
    }

    #[must_use]
    pub fn cross_site(public_url: &str) -> Self {
        Self::CrossSite { public_url: Some(public_url.to_owned()) }
    }

    #[must_use]
    pub fn invalid(field: &str, reason: &str) -> Self {
        Self::Invalid { field: field.to_owned(), reason: reason.to_owned() }
    }

    /// Why the session is over, if that is what it says.
    #[must_use]
    pub fn end_reason(&self) -> Option<EndReason> {
        match self {
            Self::SignedOut { reason } => Some(*reason),
            _ => None,
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Offline,
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self::invalid("form", "malformed"),
            _ => Self::Unavailable,
        }
    }
}
