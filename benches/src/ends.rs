//! What others notice while somebody ends 500 sessions at once: 8 people write ten times a second each, and beside them one
//! after the other signs out as many other devices as an account may have.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::{
    Outcome, Plan,
    database::Kind,
    http::{self, Connection},
    load::{Client, Load, Samples},
    report::{Aim, Line, Report, rounded},
    stage::{Seeded, Stage},
};

const PEOPLE: u32 = 100;
const SESSIONS_EACH: u32 = 500;
const WRITING: usize = 8;
const EVERY: Duration = Duration::from_millis(100);
const ENDING: usize = 40;
const ENDS_EVERY: Duration = Duration::from_millis(200);
const ACCESS: &str = "__Host-access";

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        measure(plan, kind, report).await?;
    }
    Ok(())
}

async fn measure(plan: &Plan, kind: Kind, report: &mut Report) -> Outcome<()> {
    let seeded = Seeded::with(plan, kind, [PEOPLE, SESSIONS_EACH, 0])?;
    let stage = seeded.serve(plan, &[]).await?;
    let (writing, others) = stage.seeded.emails.split_at(WRITING);
    let writing = stage.cookies(writing, ACCESS).await?;
    let ending = stage.cookies(&others[..ENDING], ACCESS).await?;
    let write = |cookie: &String| http::post("/api/account/update", cookie, "display_name=Somebody");
    let mut writing: Vec<_> = writing.iter().map(write).map(Client::steady).collect();

    Load::run(stage.addr(), &mut writing, Some(EVERY), plan.window() / 4).await?;
    let alone = Load::run(stage.addr(), &mut writing, Some(EVERY), plan.window() * 2).await?;
    let load = Load::start(stage.addr(), &writing, Some(EVERY));
    let ended = end(&stage, &ending).await?;
    let amid = load.stop().await?;
    if alone.failed + amid.failed > 0 {
        return Err(format!("{} writes refused alone, {} amid", alone.failed, amid.failed).into());
    }
    let slower = amid.percentile(99) / alone.percentile(99);
    let p99 = |samples: &Samples| rounded(samples.percentile(99));
    report.line(Line {
        what: format!("{}: 500 sessions end at once: others' p99 ÷ alone", kind.name()),
        figure: slower,
        unit: "",
        aim: Aim::AtMost(1.5, 1.2),
        from: format!("{} ms against {} ms alone; {ended} ended", p99(&amid), p99(&alone)),
    });
    report.raw(
        &format!("ends on {}", kind.name()),
        json!({
            "ended": ended, "writes": amid.count(),
            "p50_ms": { "alone": alone.percentile(50), "amid": amid.percentile(50) },
            "p99_ms": { "alone": alone.percentile(99), "amid": amid.percentile(99) },
        }),
    );
    Ok(())
}

/// Signs out the others of each in turn; how many sessions that were.
async fn end(stage: &Stage, ending: &[String]) -> Outcome<u64> {
    let mut connection = Connection::open(stage.addr()).await?;
    let mut ended = 0;
    for cookie in ending {
        sleep(ENDS_EVERY).await;
        let reply = connection.send(&http::post("/api/devices/revoke_others", cookie, "")).await?;
        if reply.status != 200 {
            return Err(format!("a sign-out of the others was answered with {}", reply.status).into());
        }
        ended += reply.json()?["ended"].as_u64().unwrap_or_default();
    }
    Ok(ended)
}
