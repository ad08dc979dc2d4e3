//! The keys that a browser encrypts a person's unsent forms with.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::ApiResult;

/// Today's key first, then yesterday's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftKeys {
    /// Whose they are: the browser's cookies may be another person's by now.
    pub user_id: String,
    pub server_now: i64,
    pub keys: Vec<DraftKey>,
}

/// The key of one day.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftKey {
    /// Days since the Unix epoch, in UTC.
    pub day: i64,
    /// 256 bits, base64url.
    pub key: String,
}

impl std::fmt::Debug for DraftKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DraftKey({}, ..)", self.day)
    }
}

/// To be asked by a script only: what a page reads while it is rendered travels in the page.
///
/// # Errors
/// `renew`, `signed_out`, `unavailable`.
#[server(name = ReadDraftKeys, prefix = "/api", endpoint = "drafts/key", input = GetUrl)]
pub async fn draft_keys() -> ApiResult<DraftKeys> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    // nothing is waited for: a server function is async all the same
    std::future::ready(Ok(flow::drafts::keys(&cx, cx.actor()?))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_key_prints_nothing_of_itself() {
        let shown = format!("{:?}", DraftKey { day: 7, key: "c2VjcmV0".to_owned() });
        assert_eq!(shown, "DraftKey(7, ..)");
    }
}
