//! What the desk shows first: counts by the minute and the hour, never sessions one by one.

use std::time::Duration;

use crate::{
    api::{
        ApiError, ApiResult,
        overview::{OpenAlarm, Overview, Series},
    },
    domain::{
        activity::{Kind, Range},
        alarm::AlarmKind,
        role::Action,
    },
    server::{
        context::{Actor, RequestContext},
        flow::audit_log::allow,
        store::{activity, alarms},
    },
};

/// The live sessions are counted once a minute. What is older than a few of those says nothing of now.
const NOW: Duration = Duration::from_secs(180);
const MOST_ALARMS: i64 = 1_000;
const ALARMS_SHOWN: i64 = 5;

/// # Errors
/// `forbidden`, `invalid` (`range`), `unavailable`.
pub async fn read(cx: &RequestContext, actor: &Actor, range: &str) -> ApiResult<Overview> {
    allow(cx, actor, Action::ViewOverview).await?;
    let range = Range::parse(range).ok_or_else(|| ApiError::invalid("range", "unknown"))?;
    let counts = activity::read(cx.state.db.read(), range, cx.now).await?;
    let alarms_open = alarms::count_open(cx.state.db.read(), MOST_ALARMS).await?;
    let alarms =
        if alarms_open == 0 { Vec::new() } else { alarms::list_open(cx.state.db.read(), ALARMS_SHOWN).await? };
    let series = |kind| Series { kind, values: range.plot(kind, cx.now, &counts) };
    Ok(Overview {
        range,
        from: range.from(cx.now).0,
        step_ms: i64::try_from(range.step().as_millis()).unwrap_or(i64::MAX),
        series: Kind::ALL.into_iter().map(series).collect(),
        live: activity::newest_level(cx.state.db.read(), cx.now.minus(NOW)).await?,
        alarms_open,
        alarms: alarms.into_iter().filter_map(told).collect(),
        keeps_sessions: cx.state.config.strategy.keeps_sessions(),
        server_now: cx.now.0,
    })
}

fn told(row: alarms::Row) -> Option<OpenAlarm> {
    let alarms::Row { id, user_id, kind, at, email, display_name, .. } = row;
    Some(OpenAlarm { id, kind: AlarmKind::parse(&kind)?, at, user_id, email, display_name })
}
