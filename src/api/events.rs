//! What the stream of `GET /events` says, beside `ended` with an [`ApiError`](super::ApiError) and a bare `renew`: codes
//! only, nothing about anybody.

use serde::{Deserialize, Serialize};

/// What is shown otherwise now, for a page that shows it to read anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The own sessions.
    Devices,
    /// Accounts, or anyone's sessions; told to those who may look at them.
    Users,
}

/// The data of a `changed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub what: What,
}
