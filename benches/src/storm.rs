//! What is left of session checks while everybody signs in at once: 8 connections check, 32 sign in.

use serde_json::json;

use crate::{
    Outcome, Plan,
    database::Kind,
    http,
    load::{Client, Load},
    report::{Aim, Line, Report, rounded},
    stage::{self, Stage},
};

const CHECKING: usize = 8;
const SIGNING_IN: usize = 32;
/// Of two blocks of a hash, which a hashing thread may hold; there is one such thread less than cores.
const BLOCKS_MIB: f64 = 38.0;

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let stage = Stage::set(plan, Kind::Sqlite, &[]).await?;
    let cookie = stage.cookie(&stage.seeded.emails[0], "__Host-access").await?;
    let mut checks = vec![Client::steady(http::get("/auth/verify", &cookie)); CHECKING];
    // Everybody as themselves, and with the right password.
    let sign_ins: Vec<_> =
        stage.seeded.emails[1..=SIGNING_IN].iter().map(|email| Client::steady(stage::sign_in(email))).collect();

    Load::run(stage.addr(), &mut checks, None, plan.window() / 4).await?;
    let before = stage.server.memory_mib()?;
    let alone = Load::run(stage.addr(), &mut checks, None, plan.window()).await?;
    let storm = Load::start(stage.addr(), &sign_ins, None);
    let amid = Load::run(stage.addr(), &mut checks, None, plan.window() * 2).await?;
    let storm = storm.stop().await?;
    let grown = stage.server.memory_mib()? - before;
    if alone.failed + amid.failed + storm.failed > 0 {
        return Err(format!("refused: {} checks, {} sign-ins", alone.failed + amid.failed, storm.failed).into());
    }

    let (kept, p99) = (amid.per_second() / alone.per_second(), amid.percentile(99));
    let threads = f64::from(u32::try_from(std::thread::available_parallelism()?.get())?) - 1.0;
    let from = format!("{}/s against {}/s alone", rounded(amid.per_second()), rounded(alone.per_second()));
    let signed_in = format!("{} sign-ins/s, p50 {} ms", rounded(storm.per_second()), rounded(storm.percentile(50)));
    for (what, figure, unit, aim, from) in [
        ("sign-in storm: checks kept", kept, "", Aim::AtLeast(0.25, 0.5), from),
        ("sign-in storm: p99 of a check", p99, " ms", Aim::AtMost(20.0, 5.0), signed_in),
        ("sign-in storm: memory grown by", grown, " MiB", Aim::AtMost(64.0, BLOCKS_MIB * threads), String::new()),
    ] {
        report.line(Line { what: what.to_owned(), figure, unit, aim, from });
    }
    report.raw("storm", json!({
        "checks_per_second": { "alone": alone.per_second(), "amid": amid.per_second() },
        "check_p99_ms": { "alone": alone.percentile(99), "amid": p99 },
        "sign_ins_per_second": storm.per_second(), "sign_in_p50_ms": storm.percentile(50), "memory_grown_mib": grown,
    }));
    Ok(())
}
