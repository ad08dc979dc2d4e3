//! A million expired sessions go by schedule while people sign in and are checked, the harder way: under `database`,
//! where each check reads a row.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    Outcome, Plan,
    database::Kind,
    http,
    load::{Client, Load, Samples},
    report::{Aim, Line, Report, rounded},
    stage::{self, Seeded},
};

/// With ten sessions each of either kind, a million of both.
const USERS: u32 = 100_000;
const SESSIONS_EACH: [u32; 2] = [10, 10];
const CHECKING: usize = 8;
const SIGNING_IN: usize = 4;
/// 200 checks and 8 sign-ins a second: the machine has room for the clean-up beside them.
const CHECK_EVERY: Duration = Duration::from_millis(40);
const SIGN_IN_EVERY: Duration = Duration::from_millis(500);
/// From the start of the server: to sign in those who are checked, and to measure before it begins.
const PREPARING: Duration = Duration::from_secs(20);
const BEFORE: Duration = Duration::from_secs(30);
/// The server looks at the clock every ten seconds.
const PATIENCE: Duration = Duration::from_secs(1800);

pub async fn run(plan: &Plan, kind: Kind, report: &mut Report) -> Outcome<()> {
    let people = [plan.scaled(USERS), SESSIONS_EACH[0], SESSIONS_EACH[1]];
    let seeded = Seeded::with(plan, kind, people)?;
    let schedule = schedule_after(PREPARING + BEFORE)?;
    let settings =
        [("session.strategy", "database"), ("cleanup.schedule", schedule.as_str()), ("cleanup.timezone", "UTC")];
    let mut stage = seeded.serve(plan, &settings).await?;

    let cookies = stage.cookies(&stage.seeded.emails[..CHECKING], "__Host-session").await?;
    let checks: Vec<_> = cookies.iter().map(|cookie| Client::steady(http::get("/api/session", cookie))).collect();
    let sign_ins: Vec<_> = stage.seeded.emails[CHECKING..CHECKING + SIGNING_IN]
        .iter()
        .map(|email| Client::steady(stage::sign_in(email)))
        .collect();

    let measuring = Instant::now();
    let checks = Load::start(stage.addr(), &checks, Some(CHECK_EVERY));
    let sign_ins = Load::start(stage.addr(), &sign_ins, Some(SIGN_IN_EVERY));
    let told = stage.server.logged("cleaned up", PATIENCE).await?;
    let ended = Instant::now();
    let took = Duration::from_millis(told["ms"].as_u64().ok_or("the clean-up told no time")?);
    let deleted: Value = serde_json::from_str(told["rows"].as_str().unwrap_or_default())?;
    let (checks, sign_ins) = (checks.stop().await?, sign_ins.stop().await?);
    if checks.failed + sign_ins.failed > 0 {
        return Err(format!("refused: {} checks, {} sign-ins", checks.failed, sign_ins.failed).into());
    }

    let name = kind.name();
    let began = ended - took;
    let mut raw = json!({
        "seeded_in_s": stage.seeded.seconds, "took_s": took.as_secs_f64(), "deleted": deleted,
    });
    for (what, samples) in [("check", checks), ("sign-in", sign_ins)] {
        let (before, during) = (samples.between(measuring, began), samples.between(began, ended));
        raw[what] = json!({ "before": numbers(&before), "during": numbers(&during) });
        report.line(against(format!("{name}: p99 of a {what} during clean-up ÷ before"), &before, &during));
    }
    let rows = deleted["sessions"].as_f64().unwrap_or_default();
    report.line(Line {
        what: format!("{name}: expired sessions deleted"),
        figure: rows / took.as_secs_f64(),
        unit: " /s",
        aim: Aim::None,
        from: format!("{rows} in {} s", rounded(took.as_secs_f64())),
    });
    report.raw(&format!("clean-up on {name}"), raw);
    Ok(())
}

fn against(what: String, before: &Samples, during: &Samples) -> Line {
    let [before, during] = [before, during].map(|samples| samples.percentile(99));
    let from = format!("{} ms against {} ms", rounded(during), rounded(before));
    Line { what, figure: during / before, unit: "", aim: Aim::AtMost(1.5, 1.5), from }
}

fn numbers(samples: &Samples) -> Value {
    json!({ "count": samples.count(), "p50_ms": samples.percentile(50), "p99_ms": samples.percentile(99) })
}

/// The cron expression, in UTC, of the first full minute that is so far away.
fn schedule_after(lead: Duration) -> Outcome<String> {
    #[expect(clippy::disallowed_methods, reason = "it sets an appointment with another process")]
    let at = SystemTime::now().duration_since(UNIX_EPOCH)? + lead;
    let minutes = at.as_secs().div_ceil(60);
    Ok(format!("{} {} * * *", minutes % 60, minutes / 60 % 24))
}
