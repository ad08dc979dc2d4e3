//! The server before anybody asks: how soon it answers, what memory it takes, how large its program is.

use std::{fs, time::Duration};

use serde_json::json;

use crate::{
    Outcome, Plan,
    compare::median,
    database::Kind,
    report::{Aim, Line, Report},
    stage::Seeded,
};

const STARTS: usize = 5;
/// For what it does after its first answer.
const CALM: Duration = Duration::from_secs(2);
const MIB: f64 = 1024.0 * 1024.0;

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let seeded = Seeded::with(plan, Kind::Sqlite, [100, 4, 0])?;
    let started = measure(plan, &seeded, "from start to the first 200", (150.0, 40.0), report).await?;
    let server = seeded.start(plan, &[]).await?;
    tokio::time::sleep(CALM).await;
    let idle = server.memory_mib()?;
    #[expect(clippy::cast_precision_loss, reason = "no program has 2^52 bytes")]
    let size = fs::metadata(&plan.binary)?.len() as f64 / MIB;
    for (what, figure, aim) in [
        ("memory when idle", idle, Aim::AtMost(30.0, 16.0)),
        ("the program, its site inside", size, Aim::AtMost(40.0, 20.0)),
    ] {
        report.line(Line { what: what.to_owned(), figure, unit: " MiB", aim, from: String::new() });
    }
    report.raw("start", json!({ "ms": started, "idle_mib": idle, "program_mib": size }));
    Ok(())
}

/// Starts the server several times on a database that has its schema, and reports the median.
pub async fn measure(
    plan: &Plan,
    seeded: &Seeded,
    what: &str,
    (most, better): (f64, f64),
    report: &mut Report,
) -> Outcome<Vec<f64>> {
    let mut started = Vec::new();
    for _ in 0..STARTS {
        started.push(seeded.start(plan, &[]).await?.started_in.as_secs_f64() * 1000.0);
    }
    let figure = median(started.iter().copied());
    let aim = Aim::AtMost(most, better);
    report.line(Line { what: what.to_owned(), figure, unit: " ms", aim, from: String::new() });
    Ok(started)
}
