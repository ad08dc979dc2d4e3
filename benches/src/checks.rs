//! What each request begins with, the session check, in each strategy; and what else people ask for most: who they are,
//! where they are signed in, the sign-in page. Each against a route that does nothing for the same answer.

use crate::{
    Outcome, Plan,
    compare::{Measure, Subject},
    database::Kind,
    report::{Aim, Report},
    stage::Stage,
    wrk::Questions,
};

const ACCESS: &str = "__Host-access";
/// The own one and the four of the demo.
const DEVICES: usize = 5;
/// Of a check without a query, warm.
const WITHOUT_QUERY: &[(Measure, Aim)] = &[
    (Measure::Rate, Aim::AtLeast(0.75, 0.9)),
    (Measure::Processor, Aim::AtMost(1.4, 1.15)),
    (Measure::P99, Aim::AtMost(1.5, 1.1)),
];

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let stage = Stage::set(plan, Kind::Sqlite, &[]).await?;
    let cookie = stage.cookie(&stage.seeded.emails[0], ACCESS).await?;
    let listed = stage.get("/api/devices", &cookie).await?.json()?["devices"].as_array().map_or(0, Vec::len);
    if listed != DEVICES {
        return Err(format!("{listed} devices are listed").into());
    }
    check(plan, &stage, "hybrid", (&cookie, WITHOUT_QUERY), report).await?;
    let rate = |least, better| [(Measure::Rate, Aim::AtLeast(least, better))];
    for (what, path, cookie, aims) in [
        ("/api/session", "/api/session", cookie.as_str(), &[(Measure::Rate, Aim::None)][..]),
        ("/api/devices, 5 of them", "/api/devices", cookie.as_str(), &rate(0.1, 0.3)),
        ("the sign-in page", "/login", "", &[Measure::Rate, Measure::P50, Measure::P99].map(|it| (it, Aim::None))),
    ] {
        let questions = Questions::of(path, &[cookie.to_owned()], stage.folder(), "one")?;
        let subject = Subject { what, server: &stage.server, questions: &[questions], aims };
        subject.against_bare(plan, stage.folder(), report).await?;
    }
    drop(stage);

    for (strategy, kind, name, aims) in [
        ("jwt", Kind::Sqlite, ACCESS, WITHOUT_QUERY),
        ("database", Kind::Sqlite, "__Host-session", &rate(0.15, 0.3)),
        ("database", Kind::Postgres, "__Host-session", &[(Measure::Rate, Aim::None)]),
    ] {
        let stage = Stage::set(plan, kind, &[("session.strategy", strategy)]).await?;
        let cookie = stage.cookie(&stage.seeded.emails[0], name).await?;
        let what = if strategy == "jwt" { "jwt".to_owned() } else { format!("{strategy} on {}", kind.name()) };
        check(plan, &stage, &what, (&cookie, aims), report).await?;
    }
    Ok(())
}

async fn check(
    plan: &Plan,
    stage: &Stage,
    how: &str,
    (cookie, aims): (&str, &[(Measure, Aim)]),
    report: &mut Report,
) -> Outcome<()> {
    let questions = Questions::of("/auth/verify", &[cookie.to_owned()], stage.folder(), "one")?;
    let what = format!("/auth/verify, {how}");
    let subject = Subject { what: &what, server: &stage.server, questions: &[questions], aims };
    subject.against_bare(plan, stage.folder(), report).await
}
