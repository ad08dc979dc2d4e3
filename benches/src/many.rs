//! Ten thousand sessions: what the first sight of a token costs, and what a million checks leave in memory.
//!
//! To sign in that often would take minutes. The sessions are the demo's, each given a session token whose hash is
//! written into its row; the server then exchanges those, as it does after a change of strategy, and refreshes them.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use crate::{
    Outcome, Plan,
    compare::{Measure, Subject},
    database::Kind,
    http::{self, Connection},
    raw, refresh,
    report::{Aim, Line, Report},
    stage::{Seeded, Stage},
    wrk::Questions,
};

/// With ten sessions each.
const PEOPLE: u32 = 1000;
const SESSIONS_EACH: u32 = 10;
/// Tokens of each session; a third of them for each pair.
const ROUNDS: usize = 9;
const CHECKS: f64 = 1e6;
const AT_ONCE: usize = 16;
const ACCESS: &str = "__Host-access";
/// The same when the server starts anew, or its tokens would be another's.
const SETTINGS: [(&str, &str); 2] = [("server.public_url", "http://localhost:3000"), ("session.rotation_grace", "0s")];

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let seeded = Seeded::with(plan, Kind::Sqlite, [plan.scaled(PEOPLE), SESSIONS_EACH, 0])?;
    let mut newest = give_tokens(&seeded)?;
    let stage = seeded.serve(plan, &SETTINGS).await?;
    let mut seen = Vec::new();
    for _ in 0..ROUNDS {
        let (access, refresh) = exchange(&stage, newest).await?;
        seen.push(access);
        newest = refresh;
    }
    first_sight(plan, &stage, &seen, report).await?;

    let last = seen.pop().unwrap_or_default();
    let Stage { server, seeded } = stage;
    drop(server);
    let stage = seeded.serve(plan, &SETTINGS).await?;
    let sessions = last.len();
    let questions = Questions::of("/auth/verify", &last, stage.folder(), "all")?;
    let mut count = 0.0;
    while count < CHECKS * plan.scale {
        count += questions.ask(stage.addr(), plan.short_window())?.count;
    }
    report.line(Line {
        what: "memory after 10⁶ checks over 10⁴ sessions".to_owned(),
        figure: stage.server.memory_mib()?,
        unit: " MiB",
        aim: Aim::AtMost(64.0, 32.0),
        from: format!("{count} over {sessions}"),
    });
    Ok(())
}

/// No token is sent twice, and those that sign them don't look at them.
async fn first_sight(plan: &Plan, stage: &Stage, seen: &[Vec<String>], report: &mut Report) -> Outcome<()> {
    let mut questions = Vec::new();
    for (number, rounds) in seen.chunks(ROUNDS / 3).enumerate() {
        let name = format!("unseen-{number}");
        questions.push(Questions::of("/auth/verify", &rounds.concat(), stage.folder(), &name)?.each_once());
    }
    let subject = Subject {
        what: "/auth/verify, first sight of each token",
        server: &stage.server,
        questions: &questions,
        aims: &[(Measure::Rate, Aim::AtLeast(0.22, 0.3))],
    };
    subject.against_bare(plan, stage.folder(), report).await
}

/// Session tokens, as cookies, for all live sessions.
fn give_tokens(seeded: &Seeded) -> Outcome<Vec<String>> {
    let file = seeded.database().file();
    let ids = raw::sqlite(&file, "SELECT id FROM sessions WHERE ended_at IS NULL;")?;
    let (mut statements, mut cookies) = ("BEGIN;\n".to_owned(), Vec::new());
    for (number, id) in (1_u128..).zip(ids.lines()) {
        let token = number.to_le_bytes();
        let hash = format!("{:x}", Sha256::digest(token));
        statements +=
            &format!("UPDATE sessions SET token_hash = x'{hash}', issued_as = 'database' WHERE id = '{id}';\n");
        cookies.push(format!("__Host-session={}", BASE64_URL_SAFE_NO_PAD.encode(token)));
    }
    raw::sqlite(&file, &(statements + "COMMIT;\n"))?;
    Ok(cookies)
}

/// Exchanges each cookie; the access cookies and, apart, the refresh cookies that come instead.
async fn exchange(stage: &Stage, cookies: Vec<String>) -> Outcome<(Vec<String>, Vec<String>)> {
    let (addr, each) = (stage.addr(), cookies.len().div_ceil(AT_ONCE));
    let mut browsers = JoinSet::new();
    for cookies in cookies.chunks(each).map(<[String]>::to_vec) {
        browsers.spawn(async move {
            let mut connection = Connection::open(addr).await?;
            let mut given: (Vec<String>, Vec<String>) = Default::default();
            for cookie in cookies {
                let reply = connection.send(&http::post("/api/refresh", &cookie, "")).await?;
                let (access, refresh) = reply.cookie(ACCESS).zip(reply.cookie(refresh::COOKIE)).ok_or_else(|| {
                    format!("an exchange was refused: {} {}", reply.status, String::from_utf8_lossy(&reply.body))
                })?;
                given.0.push(access.to_owned());
                given.1.push(refresh.to_owned());
            }
            Outcome::Ok(given)
        });
    }
    let mut all: (Vec<String>, Vec<String>) = Default::default();
    while let Some(given) = browsers.join_next().await {
        let (access, refresh) = given??;
        all.0.extend(access);
        all.1.extend(refresh);
    }
    Ok(all)
}
