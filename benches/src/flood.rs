//! What is left of sign-ins while one address floods them: 100 connections send what is no e-mail, 8 people elsewhere
//! sign in twice a second each.

use std::time::Duration;

use serde_json::json;

use crate::{
    Outcome, Plan,
    database::Kind,
    http,
    load::{Client, Load, Samples},
    report::{Aim, Line, Report, rounded},
    stage::{self, Stage},
};

const FLOODING: usize = 100;
const HONEST: usize = 8;
const EVERY: Duration = Duration::from_millis(500);
/// Whoever measures stands for a proxy, so that there are several addresses.
const SETTINGS: [(&str, &str); 1] = [("server.trusted_proxies", "127.0.0.1/32")];

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let stage = Stage::set(plan, Kind::Sqlite, &SETTINGS).await?;
    let emails = stage.seeded.emails.iter().take(HONEST).enumerate();
    let mut honest: Vec<_> = emails
        .map(|(number, email)| http::forwarded(&stage::sign_in(email), &format!("198.51.100.{number}")))
        .map(Client::steady)
        .collect();
    let no_email = http::post("/api/login", "", "email=x&password=y");
    let flooding = vec![Client::steady(http::forwarded(&no_email, "203.0.113.66")); FLOODING];

    Load::run(stage.addr(), &mut honest, Some(EVERY), plan.window() / 4).await?;
    let alone = Load::run(stage.addr(), &mut honest, Some(EVERY), plan.window() * 2).await?;
    let flood = Load::start(stage.addr(), &flooding, None);
    let amid = Load::run(stage.addr(), &mut honest, Some(EVERY), plan.window() * 2).await?;
    let flood = flood.stop().await?;
    if alone.failed > 0 || flood.failed < flood.count() {
        return Err(format!("{} sign-ins refused alone; {} of the flood", alone.failed, flood.failed).into());
    }

    let (kept, slower) = (succeeded(&amid), amid.percentile(99) / alone.percentile(99));
    let from = format!("{} amid {} refusals/s", amid.count(), rounded(flood.per_second()));
    let times = format!("{} ms against {} ms alone", rounded(amid.percentile(99)), rounded(alone.percentile(99)));
    for (what, figure, aim, from) in [
        ("sign-in flood by one address: others' sign-ins that succeed", kept, Aim::AtLeast(0.98, 1.0), from),
        ("sign-in flood by one address: their p99 ÷ alone", slower, Aim::AtMost(3.0, 2.0), times),
    ] {
        report.line(Line { what: what.to_owned(), figure, unit: "", aim, from });
    }
    report.raw(
        "flood",
        json!({
            "sign_ins": amid.count(), "failed": amid.failed, "refusals_per_second": flood.per_second(),
            "p50_ms": { "alone": alone.percentile(50), "amid": amid.percentile(50) },
            "p99_ms": { "alone": alone.percentile(99), "amid": amid.percentile(99) },
        }),
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "they are hundreds")]
fn succeeded(samples: &Samples) -> f64 {
    1.0 - samples.failed as f64 / samples.count().max(1) as f64
}
