//! `make bench`: what the server promises in numbers, measured over HTTP on the release binary.
//!
//! Machines differ and this one may be noisy, so each figure that is judged is a ratio to another of the same run, or
//! stands far from its aim. What is printed is the short of it; `target/bench.json` has every number.

mod bare;
mod checks;
mod cleanup;
mod compare;
mod database;
mod desk;
mod ends;
mod flood;
mod http;
mod kick;
mod load;
mod many;
mod micro;
mod million;
mod raw;
mod refresh;
mod refusals;
mod relay;
mod report;
mod seal;
mod server;
mod sign_in;
mod stage;
mod start;
mod storm;
mod wrk;

use std::{error::Error, path::PathBuf, process::ExitCode, time::Duration};

use self::report::Report;

pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const SCENARIOS: [&str; 19] = [
    "start",
    "checks",
    "refusals",
    "many",
    "refresh-sqlite",
    "refresh-postgres",
    "sign-in",
    "storm",
    "flood",
    "kick",
    "ends",
    "seal",
    "million-sqlite",
    "million-postgres",
    "micro",
    "desk-sqlite",
    "desk-postgres",
    "cleanup-sqlite",
    "cleanup-postgres",
];
/// So many of them, the last, take minutes each and run only when they are named.
const NAMED_ONLY: usize = 4;

/// What a run is asked for.
pub struct Plan {
    /// The server's program.
    pub binary: PathBuf,
    /// 1 is the size that counts; less is a quick try.
    pub scale: f64,
    only: Vec<String>,
}

impl Plan {
    fn of(arguments: impl IntoIterator<Item = String>) -> Outcome<Self> {
        let mut plan = Self { binary: "target/release/sekisho".into(), scale: 1.0, only: Vec::new() };
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name}: a value is missing"))?;
            match name.as_str() {
                "--binary" => plan.binary = value.into(),
                "--scale" => plan.scale = value.parse()?,
                "--only" if SCENARIOS.contains(&value.as_str()) => plan.only.push(value),
                "--only" => return Err(format!("--only: one of {}", SCENARIOS.join(", ")).into()),
                _ => return Err(format!("{name}: not known; --scale 0.01, --only SCENARIO, --binary FILE").into()),
            }
        }
        // The server starts in a folder of its own.
        plan.binary = plan.binary.canonicalize()?;
        Ok(plan)
    }

    /// How long one measurement takes.
    pub fn window(&self) -> Duration {
        Duration::from_secs(if self.scale < 1.0 { 1 } else { 5 })
    }

    /// The same where very many answers come in it.
    pub fn short_window(&self) -> Duration {
        Duration::from_secs(if self.scale < 1.0 { 1 } else { 2 })
    }

    /// So many at full size, and so few at least.
    pub fn at_least(&self, fewest: u32, number: u32) -> u32 {
        if self.scale < 1.0 { fewest } else { number }
    }

    /// So many at full size.
    pub fn scaled(&self, number: u32) -> u32 {
        // Fewer would not be enough to name those who sign in.
        let scaled = (f64::from(number) * self.scale).clamp(100.0, f64::from(u32::MAX));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
        let scaled = scaled as u32;
        scaled
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    // The bare server is a process of its own, with all threads; the load comes from one, to leave the cores to it.
    let done = match arguments.next_if(|first| first == bare::COMMAND) {
        Some(_) => bare::serve(arguments),
        None => Plan::of(arguments)
            .and_then(|plan| tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(&plan))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// What fails is told, and what else was measured is reported all the same.
async fn run(plan: &Plan) -> Outcome<()> {
    let mut report = Report::new(plan.scale);
    let mut failed = Ok(());
    let usual = &SCENARIOS[..SCENARIOS.len() - NAMED_ONLY];
    let is_wanted = |name: &&str| match plan.only.as_slice() {
        [] => usual.contains(name),
        only => only.iter().any(|only| only == name),
    };
    for scenario in SCENARIOS.into_iter().filter(is_wanted) {
        report::say(&format!("… {scenario}"));
        let done = match scenario {
            "start" => start::run(plan, &mut report).await,
            "checks" => checks::run(plan, &mut report).await,
            "refusals" => refusals::run(plan, &mut report).await,
            "many" => many::run(plan, &mut report).await,
            "refresh-sqlite" => refresh::run(plan, database::Kind::Sqlite, &mut report).await,
            "refresh-postgres" => refresh::run(plan, database::Kind::Postgres, &mut report).await,
            "sign-in" => sign_in::run(plan, &mut report).await,
            "storm" => storm::run(plan, &mut report).await,
            "flood" => flood::run(plan, &mut report).await,
            "kick" => kick::run(plan, &mut report).await,
            "ends" => ends::run(plan, &mut report).await,
            "seal" => seal::run(plan, &mut report).await,
            "million-sqlite" => million::run(plan, database::Kind::Sqlite, &mut report).await,
            "million-postgres" => million::run(plan, database::Kind::Postgres, &mut report).await,
            "micro" => micro::run(plan, &mut report),
            "desk-sqlite" => desk::run(plan, database::Kind::Sqlite, &mut report).await,
            "desk-postgres" => desk::run(plan, database::Kind::Postgres, &mut report).await,
            "cleanup-sqlite" => cleanup::run(plan, database::Kind::Sqlite, &mut report).await,
            _ => cleanup::run(plan, database::Kind::Postgres, &mut report).await,
        };
        if let Err(error) = done {
            failed = Err(format!("{scenario}: {error}").into());
        }
    }
    report.finish()?;
    failed
}
