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
        time::Timestamp,
    },
    server::{
        context::{Actor, RequestContext},
        flow::audit_log::allow,
        store::{Db, StoreResult, activity, alarms},
    },
};

/// The live sessions are counted once a minute. What is older than a few of those says nothing of now.
const NOW: Duration = Duration::from_secs(180);
/// Open alarms are counted up to here.
pub const MOST_ALARMS: i64 = 1_000;
const ALARMS_SHOWN: i64 = 5;

/// # Errors
/// `forbidden`, `invalid` (`range`), `unavailable`.
pub async fn read(cx: &RequestContext, actor: &Actor, range: &str) -> ApiResult<Overview> {
    allow(cx, actor, Action::ViewOverview).await?;
    let range = Range::parse(range).ok_or_else(|| ApiError::invalid("range", "unknown"))?;
    Ok(look(&cx.state.db, (range, cx.now), cx.state.config.strategy.keeps_sessions()).await?)
}

/// The same for whoever may see it: the last `range` up to `now`.
///
/// # Errors
/// When the database can't be read.
pub async fn look(db: &Db, (range, now): (Range, Timestamp), keeps_sessions: bool) -> StoreResult<Overview> {
    let counts = activity::read(db.read(), range, now).await?;
    let alarms_open = alarms::count_open(db.read(), MOST_ALARMS).await?;
    let alarms = if alarms_open == 0 { Vec::new() } else { alarms::list_open(db.read(), ALARMS_SHOWN).await? };
    let series = |kind| Series { kind, values: range.plot(kind, now, &counts) };
    Ok(Overview {
        range,
        from: range.from(now).0,
        step_ms: i64::try_from(range.step().as_millis()).unwrap_or(i64::MAX),
        series: Kind::ALL.into_iter().map(series).collect(),
        live: activity::newest_level(db.read(), now.minus(NOW)).await?,
        alarms_open,
        alarms: alarms.into_iter().filter_map(told).collect(),
        keeps_sessions,
        server_now: now.0,
    })
}

fn told(row: alarms::Row) -> Option<OpenAlarm> {
    let alarms::Row { id, user_id, kind, at, email, display_name, .. } = row;
    Some(OpenAlarm { id, kind: AlarmKind::parse(&kind)?, at, user_id, email, display_name })
}
