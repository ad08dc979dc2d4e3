//! The micro-benchmarks (`micro.rs` of this package, by criterion) as lines of the same table.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{
    Outcome, Plan,
    report::{Aim, Line, Report},
};

/// Where criterion leaves what it found.
const FOUND: &str = "target/criterion";

pub fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let mut command = Command::new("cargo");
    command.args(["bench", "--quiet", "--package", "sekisho-bench", "--bench", "micro", "--"]);
    let seconds = if plan.scale < 1.0 { "0.1" } else { "1" };
    command.args(["--noplot", "--warm-up-time", seconds, "--measurement-time", seconds]);
    let home = std::env::current_dir()?.join(FOUND);
    let done = command.env("CRITERION_HOME", &home).stdin(Stdio::null()).output()?;
    if !done.status.success() {
        return Err(format!("cargo bench: {}", String::from_utf8_lossy(&done.stderr)).into());
    }
    for (what, name, aim) in [
        ("verify a token: known", "token/known", Aim::None),
        ("verify a token: first sight", "token/new", Aim::None),
        ("decide a rotation", "rotation", Aim::None),
        ("look up among 1 revoked", "revoked/1", Aim::None),
        ("look up among 10⁴ revoked", "revoked/10000", Aim::None),
        ("look up among 10⁶ revoked", "revoked/1000000", Aim::AtMost(1.0, 0.5)),
    ] {
        let figure = nanoseconds(&home.join(name))? / 1000.0;
        report.line(Line { what: what.to_owned(), figure, unit: " µs", aim, from: String::new() });
    }
    let bytes = fs::read_to_string(home.join("revoked-bytes"))?.trim().parse()?;
    let what = "memory of each of 10⁶ revoked".to_owned();
    report.line(Line { what, figure: bytes, unit: " B", aim: Aim::AtMost(150.0, 64.0), from: String::new() });
    Ok(())
}

fn nanoseconds(folder: &Path) -> Outcome<f64> {
    let found: Value = serde_json::from_slice(&fs::read(folder.join("new/estimates.json"))?)?;
    found["median"]["point_estimate"].as_f64().ok_or_else(|| format!("{}: no median", folder.display()).into())
}
