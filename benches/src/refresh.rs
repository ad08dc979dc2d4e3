//! Rotations, each on disk before it is answered: 16 browsers at once, each with its newest token, against what the
//! database does by itself.

use std::time::Duration;

use serde_json::json;

use crate::{
    Outcome, Plan,
    compare::median,
    database::Kind,
    http::{self, Reply},
    load::{Client, Load, Samples},
    raw,
    report::{Aim, Line, Report, rounded},
    stage::Stage,
};

const PAIRS: usize = 3;
pub const COOKIE: &str = "__Host-refresh";

pub async fn run(plan: &Plan, kind: Kind, report: &mut Report) -> Outcome<()> {
    let stage = Stage::set(plan, kind, &[("session.rotation_grace", "0s")]).await?;
    let cookies = stage.cookies(&stage.seeded.emails[..raw::ROWS], COOKIE).await?;
    let mut chains: Vec<Client> = cookies.iter().map(|cookie| chain(cookie)).collect();
    let (mut raws, mut runs) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        raws.push(by_itself(&stage, kind, plan.short_window()).await?);
        let samples = Load::run(stage.addr(), &mut chains, None, plan.short_window()).await?;
        if samples.failed > 0 {
            return Err(format!("{} of {} refreshes were refused", samples.failed, samples.count()).into());
        }
        runs.push(samples);
    }
    let name = kind.name();
    let ratio = median(runs.iter().zip(&raws).map(|(run, raw)| run.per_second() / raw));
    let all = Samples::of(runs);
    let (least, better, what) = match kind {
        Kind::Sqlite => (0.8, 1.3, "one raw transaction at a time"),
        Kind::Postgres => (0.5, 0.7, "bare UPDATE … RETURNING"),
    };
    report.line(Line {
        what: format!("{name}: {} refresh ÷ {what}", raw::ROWS),
        figure: ratio,
        unit: "",
        aim: Aim::AtLeast(least, better),
        from: format!("{}/s against {}/s", rounded(all.per_second()), rounded(median(raws.iter().copied()))),
    });
    report.line(Line {
        what: format!("{name}: p99 of a refresh by one of {}", raw::ROWS),
        figure: all.percentile(99),
        unit: " ms",
        aim: if kind == Kind::Sqlite { Aim::AtMost(10.0, 5.0) } else { Aim::None },
        from: format!("p50 {} ms", rounded(all.percentile(50))),
    });
    report.raw(&format!("refresh on {name}"), json!({
        "per_second": all.per_second(), "p50_ms": all.percentile(50), "p99_ms": all.percentile(99), "raw_per_second": raws,
    }));
    Ok(())
}

async fn by_itself(stage: &Stage, kind: Kind, time: Duration) -> Outcome<f64> {
    let database = stage.seeded.database();
    match kind {
        Kind::Sqlite => raw::sqlite_transactions(&database.file(), time),
        Kind::Postgres => raw::postgres_updates(database.url(), time).await,
    }
}

/// A browser that refreshes with a token, and then with each successor.
pub fn chain(cookie: &str) -> Client {
    Client { request: http::post("/api/refresh", cookie, ""), follow: with_successor }
}

fn with_successor(request: &mut Vec<u8>, reply: &Reply) {
    if let Some(cookie) = reply.cookie(COOKIE) {
        *request = http::post("/api/refresh", cookie, "");
    }
}
