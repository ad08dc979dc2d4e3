//! Acts on several accounts at once.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Deserializer, Serialize};

use super::ApiResult;
use crate::domain::role::Role;

/// At most so many accounts are named at once.
pub const MOST: usize = 100;

/// A field that comes several times, once, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Ids(pub Vec<String>);

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            One(String),
            Many(Vec<String>),
        }
        Ok(Self(match Given::deserialize(from)? {
            Given::One(id) if id.is_empty() => Vec::new(),
            Given::One(id) => vec![id],
            Given::Many(ids) => ids,
        }))
    }
}

/// Someone who was chosen, as they are named before anything is done to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenUser {
    pub id: String,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    pub locked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Those there are, by e-mail.
    pub users: Vec<ChosenUser>,
    /// The role of the one who asks lets them lock accounts.
    pub manageable: bool,
}

/// What an act on several accounts came to: it was done to all that were named but the `others`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkDone {
    /// To how many people it was done.
    pub done: u64,
    /// How many live sessions ended with it.
    pub ended: u64,
    /// Whether that is in force on every node already; a node that can't be reached refuses within five seconds.
    pub everywhere: bool,
    /// How many other nodes had not said so yet when the answer was given; `null` where that could not be found out.
    #[serde(default)]
    pub behind: Option<u64>,
    /// From the act until that was known, in milliseconds by the server's clock.
    #[serde(default)]
    pub took_ms: u64,
    pub others: Vec<NotDone>,
}

/// Someone to whom it was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotDone {
    pub user_id: String,
    pub why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It was so already.
    Unchanged,
    /// It is the one who asks.
    Oneself,
    /// Nobody would be left to manage accounts.
    LastAdmin,
    NotFound,
}

/// Those of `user_ids` that there are.
///
/// # Errors
/// `forbidden`, `invalid` (`user_ids`: `too_many`), `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/users/chosen", input = GetUrl)]
pub async fn chosen_users(#[server(default)] user_ids: Ids) -> ApiResult<Chosen> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::bulk::chosen(&cx, cx.actor()?, &user_ids).await
}

/// Ends all sessions of each of at most 100 users.
///
/// # Errors
/// `forbidden`, `invalid` (`user_ids`: `empty`, `too_many`), `conflict`, `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/kick_users")]
pub async fn kick_users(#[server(default)] user_ids: Ids) -> ApiResult<BulkDone> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::bulk::kick(&cx, cx.actor()?, &user_ids).await
}

/// Refuses sign-in to each of at most 100 users and ends their sessions. Not to the last admin, nor to oneself.
///
/// # Errors
/// `forbidden`, `step_up_required`, `invalid` (`user_ids`: `empty`, `too_many`), `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/lock_users")]
pub async fn lock_users(#[server(default)] user_ids: Ids) -> ApiResult<BulkDone> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::bulk::lock(&cx, cx.actor()?, &user_ids).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_however_often_its_field_comes() {
        for (given, expected) in
            [("\"\"", vec![]), ("\"a\"", vec!["a"]), ("[]", vec![]), ("[\"a\",\"\"]", vec!["a", ""])]
        {
            assert_eq!(serde_json::from_str::<Ids>(given).unwrap().0, expected, "{given}");
        }
        assert!(serde_json::from_str::<Ids>("{\"a\":\"b\"}").is_err());
    }
}
