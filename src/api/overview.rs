//! How much happens: what the desk shows first.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::ApiResult;
use crate::domain::{
    activity::{Kind, Range},
    alarm::AlarmKind,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    pub range: Range,
    /// Beginning of the first step, in Unix milliseconds.
    pub from: i64,
    pub step_ms: i64,
    /// One for each kind, in their order.
    pub series: Vec<Series>,
    /// Live sessions as of the last few minutes, where that is known.
    pub live: Option<i64>,
    /// Alarms that wait for an answer, up to 1,000, and the newest of them.
    pub alarms_open: i64,
    pub alarms: Vec<OpenAlarm>,
    /// Whether the strategy keeps account of sessions at all.
    pub keeps_sessions: bool,
    pub server_now: i64,
}

impl Overview {
    /// How much of a kind there was in the whole range; of live sessions, how many there are now. `None` where that is not
    /// known.
    #[must_use]
    pub fn total(&self, kind: Kind) -> Option<i64> {
        if kind == Kind::Live {
            return self.live;
        }
        let series = self.series.iter().find(|series| series.kind == kind)?;
        Some(series.values.iter().flatten().sum())
    }
}

/// An alarm that waits for an answer, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAlarm {
    pub id: String,
    pub kind: AlarmKind,
    pub at: i64,
    pub user_id: String,
    pub email: String,
    pub display_name: String,
}

/// How much of a kind there was in each step; `null` where it is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    pub kind: Kind,
    pub values: Vec<Option<i64>>,
}

/// What happened in the last `hour`, `day` or `month` (the hour when empty), as of a few seconds ago.
///
/// # Errors
/// `forbidden`, `invalid` (`range`), `renew`, `signed_out`, `unavailable`.
#[server(name = ReadOverview, prefix = "/api", endpoint = "admin/overview", input = GetUrl)]
pub async fn overview(#[server(default)] range: String) -> ApiResult<Overview> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::overview::read(&cx, cx.actor()?, &range).await
}
