//! How long someone who is kicked still gets in: from the moment a kick is sent until the first refusal has arrived, at a
//! connection that checks as fast as it is answered.

use std::{net::SocketAddr, time::Duration};

use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    Outcome, Plan,
    database::Kind,
    http::{self, Connection},
    relay,
    report::{Aim, Line, Report, rounded},
    stage::{self, Stage},
};

const KICKS: u32 = 40;
const FEWEST: u32 = 5;
const ACCESS: &str = "__Host-access";
/// Tokens of one node are good at the other.
const SETTINGS: [(&str, &str); 1] = [("server.public_url", "http://localhost:3000")];
/// Until nodes know of each other, and the listeners listen.
const ACQUAINTED: Duration = Duration::from_secs(3);
/// By so much each kick comes later in the second in which a node polls than the one before.
const DRIFT: Duration = Duration::from_millis(271);
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let stage = Stage::set(plan, Kind::Sqlite, &SETTINGS).await?;
    let here = stage.addr();
    measure(plan, &stage, here, ("same process", Aim::AtMost(5.0, 1.0)), report).await?;
    drop(stage);

    let stage = Stage::set(plan, Kind::Postgres, &SETTINGS).await?;
    let other = stage.seeded.start(plan, &SETTINGS).await?;
    sleep(ACQUAINTED).await;
    measure(plan, &stage, other.addr, ("another node", Aim::AtMost(200.0, 50.0)), report).await?;
    drop(other);

    let relayed = relay::start(stage.seeded.database().url()).await?;
    let other = stage.seeded.start(plan, &[SETTINGS[0], ("database.url", &relayed)]).await?;
    sleep(ACQUAINTED).await;
    measure(plan, &stage, other.addr, ("another node, no notices", Aim::AtMost(1000.0, 1000.0)), report).await
}

async fn measure(
    plan: &Plan,
    stage: &Stage,
    checked_at: SocketAddr,
    (place, aim): (&str, Aim),
    report: &mut Report,
) -> Outcome<()> {
    let own = stage.cookie(&stage.seeded.emails[0], ACCESS).await?;
    let mut took = Vec::new();
    for number in 0..plan.at_least(FEWEST, KICKS) {
        let (victim, sid) = sign_in(stage).await?;
        sleep(DRIFT * (number % 4)).await;
        took.push(timeout(PATIENCE, kick(stage, checked_at, (&own, &victim, &sid))).await??.as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    let (median, last) = (took[took.len() / 2], took[(took.len() * 99 / 100).min(took.len() - 1)]);
    report.line(Line {
        what: format!("kick to refusal, {place}: p99"),
        figure: last,
        unit: " ms",
        aim,
        from: format!("p50 {} ms, {} kicks", rounded(median), took.len()),
    });
    report.raw(&format!("kick to refusal, {place}"), json!(took));
    Ok(())
}

/// Another device of the one who kicks: its cookie, and the name of its session.
async fn sign_in(stage: &Stage) -> Outcome<(String, String)> {
    let reply = Connection::open(stage.addr()).await?.send(&stage::sign_in(&stage.seeded.emails[0])).await?;
    let cookie = reply.cookie(ACCESS).ok_or("a sign-in was refused")?.to_owned();
    let session = stage.get("/auth/verify", &cookie).await?;
    Ok((cookie, session.header("x-auth-session").ok_or("a check was refused")?.to_owned()))
}

async fn kick(stage: &Stage, checked_at: SocketAddr, (own, victim, sid): (&str, &str, &str)) -> Outcome<Duration> {
    let check = http::get("/auth/verify", victim);
    let mut checking = Connection::open(checked_at).await?;
    if checking.send(&check).await?.status != 200 {
        return Err("a check was refused before the kick".into());
    }
    let mut kicking = Connection::open(stage.addr()).await?;
    let kick = http::post("/api/devices/revoke", own, &format!("session_id={sid}"));
    let began = Instant::now();
    let refused = async {
        while checking.send(&check).await?.status == 200 {}
        Outcome::Ok(began.elapsed())
    };
    let kicked = async { Outcome::Ok(kicking.send(&kick).await?) };
    let (refused, kicked) = tokio::try_join!(refused, kicked)?;
    if kicked.status != 200 {
        return Err(format!("a kick was answered with {}", kicked.status).into());
    }
    Ok(refused)
}
