//! A credential of the caller's came twice: "was this you?"

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::ApiResult;
use crate::domain::{
    alarm::{AlarmKind, Answer},
    device_label::DeviceLabel,
};

/// Instants are Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    pub id: String,
    pub kind: AlarmKind,
    pub session_id: String,
    pub at: i64,
    /// The use that was given a successor, and the one that came after it.
    pub first: Used,
    pub second: Used,
    pub answered_at: Option<i64>,
    pub answer: Option<Answer>,
}

/// From where a token was used, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    pub at: i64,
    pub address: String,
    pub label: DeviceLabel,
    /// As the browser named itself; told to the desk only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarms {
    pub alarms: Vec<Alarm>,
    pub server_now: i64,
}

/// What an answer came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmAnswered {
    /// How many live sessions ended by it.
    pub ended: u64,
    /// This session is one of them.
    pub signed_out: bool,
}

/// The caller's alarms that wait for an answer, newest first.
///
/// # Errors
/// `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "alarms", input = GetUrl)]
pub async fn list_alarms() -> ApiResult<Alarms> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    let alarms = flow::alarms::own(&cx, cx.actor()?).await?;
    Ok(Alarms { alarms, server_now: cx.now.0 })
}

/// `answer` is `mine`, which closes the alarm, or `not_mine`, which ends every session of the caller, this one too, and
/// asks for another password at the next sign-in.
///
/// # Errors
/// `invalid` (`answer`), `not_found` for someone else's alarm as for one that was answered; `renew`, `signed_out`,
/// `unavailable`.
#[server(prefix = "/api", endpoint = "alarms/answer")]
pub async fn answer_alarm(
    #[server(default)] alarm_id: String,
    #[server(default)] answer: String,
) -> ApiResult<AlarmAnswered> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    let answered = flow::alarms::answer(&cx, cx.actor()?, &alarm_id, &answer).await?;
    if answered.signed_out {
        // The page the form stands on is for those who are signed in.
        context::redirect("/login?return_to=%2Fsettings%2Fsecurity&reason=revoked");
    }
    Ok(answered)
}
