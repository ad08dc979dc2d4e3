//! Sign-ins a second, against what the cores could hash if they did nothing else.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    Outcome, Plan,
    compare::median,
    database::Kind,
    load::{Client, Load},
    report::{Aim, Line, Report, rounded},
    stage::{self, Stage},
};

const SIGNING_IN: usize = 16;
/// As many before and after.
const HASHES: usize = 15;

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let stage = Stage::set(plan, Kind::Sqlite, &[]).await?;
    let emails = &stage.seeded.emails[..SIGNING_IN];
    let mut sign_ins: Vec<_> = emails.iter().map(|email| Client::steady(stage::sign_in(email))).collect();
    let cores = std::thread::available_parallelism()?.get();
    let mut seconds = hash_seconds()?;
    let side_by_side = hashes_per_second(cores)?;
    let samples = Load::run(stage.addr(), &mut sign_ins, None, plan.window()).await?;
    seconds.extend(hash_seconds()?);
    if samples.failed > 0 {
        return Err(format!("{} of {} sign-ins were refused", samples.failed, samples.count()).into());
    }
    let hash = median(seconds.into_iter());
    let cores = f64::from(u32::try_from(cores)?);
    let (rate, most) = (samples.per_second(), cores / hash);
    report.line(Line {
        what: "sign-ins ÷ (cores ÷ the time of one hash)".to_owned(),
        figure: rate / most,
        unit: "",
        aim: Aim::AtLeast(0.8, 0.95),
        from: format!("{}/s; a hash takes {} ms alone", rounded(rate), rounded(hash * 1000.0)),
    });
    report.line(Line {
        what: "sign-ins ÷ hashes on all cores at once, in one program that does nothing else".to_owned(),
        figure: rate / side_by_side,
        unit: "",
        aim: Aim::None,
        from: format!("{}/s: cores share caches and memory", rounded(side_by_side)),
    });
    report.raw("sign-in", json!({
        "per_second": rate, "p50_ms": samples.percentile(50), "p99_ms": samples.percentile(99), "hash_s": hash, "cores": cores,
        "hashes_at_once_per_second": side_by_side,
    }));
    Ok(())
}

/// What so many threads reach side by side, each in memory of its own.
fn hashes_per_second(threads: usize) -> Outcome<f64> {
    let began = Instant::now();
    let hashing: Vec<_> = (0..threads).map(|_| std::thread::spawn(hash_seconds)).collect();
    let mut hashes = 0_u32;
    for thread in hashing {
        hashes += u32::try_from(thread.join().map_err(|_| "a hashing thread panicked")??.len())?;
    }
    Ok(f64::from(hashes) / began.elapsed().as_secs_f64())
}

/// How long one hash of the server's cost takes on a core that does nothing else, in memory that is there already.
fn hash_seconds() -> Outcome<Vec<f64>> {
    let params = Params::new(19 * 1024, 2, 1, Some(32))?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut seconds = Vec::new();
    for _ in 0..HASHES {
        let (began, mut output) = (Instant::now(), [0; 32]);
        argon2.hash_password_into_with_memory(stage::PASSWORD.as_bytes(), &[7; 16], &mut output, &mut memory)?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    Ok(seconds)
}
