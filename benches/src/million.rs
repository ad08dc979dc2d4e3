//! A million sessions of a hundred thousand people: how soon the server answers on them, and how soon it lists the ten
//! devices of one of them under `database`, where each request reads a row.

use std::time::Duration;

use serde_json::json;

use crate::{
    Outcome, Plan,
    database::Kind,
    http,
    load::{Client, Load},
    report::{Aim, Line, Report, rounded},
    stage::Seeded,
    start,
};

const PEOPLE: u32 = 100_000;
const SESSIONS_EACH: u32 = 10;
const LISTING: usize = 8;
/// 200 lists a second.
const LIST_EVERY: Duration = Duration::from_millis(40);

pub async fn run(plan: &Plan, kind: Kind, report: &mut Report) -> Outcome<()> {
    let people = plan.scaled(PEOPLE);
    let (name, sessions) = (kind.name(), people * SESSIONS_EACH);
    let seeded = Seeded::with(plan, kind, [people, SESSIONS_EACH, 0])?;
    let what = format!("{name}: from start to the first 200 on {sessions} sessions");
    let started = start::measure(plan, &seeded, &what, (1000.0, 200.0), report).await?;

    let stage = seeded.serve(plan, &[("session.strategy", "database")]).await?;
    let cookies = stage.cookies(&stage.seeded.emails[..LISTING], "__Host-session").await?;
    let mut lists: Vec<_> = cookies.iter().map(|cookie| Client::steady(http::get("/api/devices", cookie))).collect();
    let lists = Load::run(stage.addr(), &mut lists, Some(LIST_EVERY), plan.window()).await?;
    if lists.failed > 0 {
        return Err(format!("{} of {} lists were refused", lists.failed, lists.count()).into());
    }
    report.line(Line {
        what: format!("{name}: p99 of a device list among them"),
        figure: lists.percentile(99),
        unit: " ms",
        aim: Aim::AtMost(5.0, 5.0),
        from: format!("p50 {} ms", rounded(lists.percentile(50))),
    });
    report.raw(
        &format!("{sessions} sessions on {name}"),
        json!({
            "seeded_in_s": stage.seeded.seconds, "started_in_ms": started,
            "devices": { "p50_ms": lists.percentile(50), "p99_ms": lists.percentile(99) },
        }),
    );
    Ok(())
}
