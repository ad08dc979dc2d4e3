//! A route of ours against a bare one that gives the same answer. The two are measured in turns, and the median of three
//! pairs counts: what else the machine does meets both.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};

use crate::{
    Outcome, Plan, bare,
    http::{self, Connection},
    report::{Aim, Line, Report, rounded},
    server::Server,
    wrk::{Answers, Questions},
};

const PAIRS: usize = 3;
const WARM_UP: Duration = Duration::from_secs(1);

/// A figure that is compared.
#[derive(Clone, Copy)]
pub enum Measure {
    Rate,
    /// Microseconds of the server's processor time for each request.
    Processor,
    P50,
    P99,
}

/// A route under measurement, and the figures with their aims, each a ratio.
pub struct Subject<'a> {
    pub what: &'a str,
    pub server: &'a Server,
    /// One for all pairs, or one for each.
    pub questions: &'a [Questions],
    pub aims: &'a [(Measure, Aim)],
}

/// One measurement of one server.
struct Run {
    answers: Answers,
    cpu_us_each: f64,
}

impl Subject<'_> {
    /// Measures it and reports.
    pub async fn against_bare(&self, plan: &Plan, folder: &Path, report: &mut Report) -> Outcome<()> {
        let bare = self.bare(folder).await?;
        let mut pairs = Vec::new();
        let warm = self.questions.len() == 1;
        for pair in 0..PAIRS {
            let ours = &self.questions[pair % self.questions.len()];
            let base = ours.at(bare::PATH);
            if warm && pair == 0 {
                base.ask(bare.addr, WARM_UP)?;
                ours.ask(self.server.addr, WARM_UP)?;
            }
            pairs.push((Run::of(plan, &bare, &base)?, Run::of(plan, self.server, ours)?));
        }
        self.tell(&pairs, report);
        Ok(())
    }

    /// A server whose only answer is the one that ours gives to the first question.
    async fn bare(&self, folder: &Path) -> Outcome<Server> {
        let questions = &self.questions[0];
        let asked = http::get(&questions.path, &questions.first_cookies()?);
        let reply = Connection::open(self.server.addr).await?.send(&asked).await?;
        if (reply.status == 200) == questions.refused {
            return Err(format!("{}: it was answered with {}", self.what, reply.status).into());
        }
        let kept = folder.join("answer.json");
        bare::keep(&reply, &kept)?;
        Server::bare(&kept).await
    }

    fn tell(&self, pairs: &[(Run, Run)], report: &mut Report) {
        for (measure, aim) in self.aims {
            let (name, unit) = measure.words();
            let ratio = median(pairs.iter().map(|(bare, ours)| measure.of(ours) / measure.of(bare)));
            let bare = median(pairs.iter().map(|pair| measure.of(&pair.0)));
            let ours = median(pairs.iter().map(|pair| measure.of(&pair.1)));
            let from = format!("{}{unit} against {}{unit}", rounded(ours), rounded(bare));
            let what = format!("{}: {name} ÷ bare", self.what);
            report.line(Line { what, figure: ratio, unit: "", aim: *aim, from });
        }
        let raw: Vec<Value> =
            pairs.iter().map(|(base, run)| json!({ "bare": base.json(), "sekisho": run.json() })).collect();
        report.raw(self.what, json!(raw));
    }
}

impl Run {
    fn of(plan: &Plan, server: &Server, questions: &Questions) -> Outcome<Self> {
        let before = server.cpu_seconds()?;
        let answers = questions.ask(server.addr, plan.short_window())?;
        let used = server.cpu_seconds()? - before;
        Ok(Self { cpu_us_each: used * 1e6 / answers.count, answers })
    }

    fn json(&self) -> Value {
        let Answers { count, per_second, p50_ms, p99_ms } = self.answers;
        let cpu_us_each = self.cpu_us_each;
        json!({ "count": count, "per_second": per_second, "p50_ms": p50_ms, "p99_ms": p99_ms, "cpu_us_each": cpu_us_each })
    }
}

impl Measure {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Rate => ("rate", "/s"),
            Self::Processor => ("processor time", " µs"),
            Self::P50 => ("p50", " ms"),
            Self::P99 => ("p99", " ms"),
        }
    }

    fn of(self, run: &Run) -> f64 {
        match self {
            Self::Rate => run.answers.per_second,
            Self::Processor => run.cpu_us_each,
            Self::P50 => run.answers.p50_ms,
            Self::P99 => run.answers.p99_ms,
        }
    }
}

/// The middle one; of an even number the later of the two.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
