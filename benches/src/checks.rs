//! The session check that every request begins with, warm, under `hybrid`: against a route that does nothing.
//!
//! The two are measured in turns, and the median of three pairs counts: what else the machine does meets both.

use serde_json::{Value, json};

use crate::{
    Outcome, Plan, bare, http,
    load::{Client, Load, Samples},
    report::{Aim, Line, Report, rounded},
    server::Server,
    stage::Stage,
};

const CONNECTIONS: usize = 32;
const PAIRS: usize = 3;

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let stage = Stage::set(plan, &[]).await?;
    let (started_in, idle) = (stage.server.started_in.as_secs_f64() * 1000.0, stage.server.memory_mib()?);
    let bare = Server::bare().await?;
    let cookie = stage.cookie(&stage.seeded.emails[0], "__Host-access").await?;
    for path in ["/auth/verify", "/api/session"] {
        let mut pairs = Vec::new();
        for _ in 0..PAIRS {
            let base = Run::of(plan, &bare, http::get(bare::PATH, &cookie)).await?;
            pairs.push((base, Run::of(plan, &stage.server, http::get(path, &cookie)).await?));
        }
        compare(path, &pairs, report);
    }
    let after = stage.server.memory_mib()?;
    for (what, figure, unit, most) in [
        ("memory when idle", idle, " MiB", 24.0),
        ("memory after these checks", after, " MiB", 64.0),
        ("from start to the first 200", started_in, " ms", 100.0),
    ] {
        report.line(Line { what: what.to_owned(), figure, unit, aim: Aim::AtMost(most), from: String::new() });
    }
    report.raw("start", json!({ "ms": started_in, "idle_mib": idle, "after_checks_mib": after }));
    Ok(())
}

/// One measurement of one server.
struct Run {
    samples: Samples,
    /// Microseconds of the server's processor time.
    cpu_each: f64,
}

impl Run {
    async fn of(plan: &Plan, server: &Server, request: Vec<u8>) -> Outcome<Self> {
        let clients = vec![Client::steady(request); CONNECTIONS];
        Load::run(server.addr, &clients, None, plan.window() / 4).await?;
        let before = server.cpu_seconds()?;
        let samples = Load::run(server.addr, &clients, None, plan.window()).await?;
        let used = server.cpu_seconds()? - before;
        if samples.failed > 0 {
            return Err(format!("{} of {} checks were refused", samples.failed, samples.count()).into());
        }
        let each = used * 1e6 / (samples.per_second() * plan.window().as_secs_f64());
        Ok(Self { samples, cpu_each: each })
    }

    fn json(&self) -> Value {
        let samples = &self.samples;
        json!({
            "per_second": samples.per_second(), "p50_ms": samples.percentile(50), "p99_ms": samples.percentile(99),
            "cpu_us_each": self.cpu_each,
        })
    }
}

fn compare(path: &str, pairs: &[(Run, Run)], report: &mut Report) {
    let mut line = |what: &str, unit: &str, aim: Aim, of: fn(&Run) -> f64| {
        let ratio = median(pairs.iter().map(|(bare, ours)| of(ours) / of(bare)));
        let (bare, ours) = (median(pairs.iter().map(|pair| of(&pair.0))), median(pairs.iter().map(|pair| of(&pair.1))));
        let from = format!("{}{unit} against {}{unit}", rounded(ours), rounded(bare));
        report.line(Line { what: format!("{path}: {what} ÷ bare"), figure: ratio, unit: "", aim, from });
    };
    line("checks", "/s", Aim::AtLeast(0.75), |run| run.samples.per_second());
    line("processor time", " µs", Aim::AtMost(1.4), |run| run.cpu_each);
    line("p99", " ms", Aim::AtMost(1.5), |run| run.samples.percentile(99));
    let raw: Vec<Value> =
        pairs.iter().map(|(base, run)| json!({ "bare": base.json(), "sekisho": run.json() })).collect();
    report.raw(path, json!(raw));
}

/// The middle one of an odd number.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
