//! Rotations, each on disk before it is answered: 16 browsers at once, each with its newest token, against one alone.

use serde_json::json;

use crate::{
    Outcome, Plan,
    http::{self, Reply},
    load::{Client, Load},
    report::{Aim, Line, Report, rounded},
    stage::Stage,
};

const CHAINS: usize = 16;
const COOKIE: &str = "__Host-refresh";

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let stage = Stage::set(plan, &[("session.rotation_grace", "0s")]).await?;
    let mut chains = Vec::new();
    for email in &stage.seeded.emails[..=CHAINS] {
        let cookie = stage.cookie(email, COOKIE).await?;
        chains.push(Client { request: http::post("/api/refresh", &cookie, ""), follow: with_successor });
    }
    let one = Load::run(stage.addr(), &chains[..1], None, plan.window()).await?;
    let all = Load::run(stage.addr(), &chains[1..], None, plan.window()).await?;
    if one.failed + all.failed > 0 {
        return Err(
            format!("{} of {} refreshes were refused", one.failed + all.failed, one.count() + all.count()).into()
        );
    }
    let from = format!("{}/s against {}/s", rounded(all.per_second()), rounded(one.per_second()));
    let what = format!("refresh: {CHAINS} browsers ÷ one");
    report.line(Line { what, figure: all.per_second() / one.per_second(), unit: "", aim: Aim::None, from });
    let from = format!("p50 {} ms", rounded(all.percentile(50)));
    let what = format!("refresh: p99 with {CHAINS}");
    report.line(Line { what, figure: all.percentile(99), unit: " ms", aim: Aim::AtMost(10.0), from });
    let [one, all] = [&one, &all].map(
        |run| json!({ "per_second": run.per_second(), "p50_ms": run.percentile(50), "p99_ms": run.percentile(99) }),
    );
    report.raw("refresh", json!({ "one": one, "sixteen": all }));
    Ok(())
}

fn with_successor(request: &mut Vec<u8>, reply: &Reply) {
    if let Some(cookie) = reply.cookie(COOKIE) {
        *request = http::post("/api/refresh", cookie, "");
    }
}
