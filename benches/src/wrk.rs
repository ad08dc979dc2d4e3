//! wrk, which asks as fast as it is answered, 32 connections on one thread: in C, so that the load costs few of the cycles
//! of the machine that it shares with what it measures.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{Outcome, http::USER_AGENT};

const CONNECTIONS: &str = "32";
const SCRIPT: &str = include_str!("wrk.lua");
/// For what ends by itself.
const LONG: Duration = Duration::from_secs(120);

/// What is asked for: a path, with each of these cookie headers in turn.
#[derive(Clone)]
pub struct Questions {
    pub path: String,
    cookies: PathBuf,
    /// Each cookie is sent a single time.
    once: bool,
    /// Whether each is to be refused, or none.
    pub refused: bool,
}

/// What came of it.
pub struct Answers {
    pub count: f64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Questions {
    /// Those of a page with these cookies, kept in a folder under a name.
    pub fn of(path: &str, cookies: &[String], folder: &Path, name: &str) -> Outcome<Self> {
        let file = folder.join(format!("{name}.cookies"));
        fs::write(&file, cookies.join("\n") + "\n")?;
        fs::write(file.with_file_name("wrk.lua"), SCRIPT)?;
        Ok(Self { path: path.to_owned(), cookies: file, once: false, refused: false })
    }

    /// The first cookie header.
    pub fn first_cookies(&self) -> Outcome<String> {
        Ok(fs::read_to_string(&self.cookies)?.lines().next().unwrap_or_default().to_owned())
    }

    /// The same of another page.
    pub fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }

    pub fn each_once(self) -> Self {
        Self { once: true, ..self }
    }

    pub fn all_refused(self) -> Self {
        Self { refused: true, ..self }
    }

    /// Asks for so long, or until each was asked once.
    pub fn ask(&self, addr: SocketAddr, time: Duration) -> Outcome<Answers> {
        let time = if self.once { LONG } else { time };
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", "-c", CONNECTIONS, "--latency", "-d", &format!("{}s", time.as_secs().max(1))]);
        wrk.args(["-H", "Accept: application/json", "-H", "Sec-Fetch-Site: same-origin"]);
        wrk.args(["-H", &format!("User-Agent: {USER_AGENT}")]);
        wrk.arg("-s").arg(self.cookies.with_file_name("wrk.lua")).arg(format!("http://{addr}{}", self.path));
        wrk.arg("--").arg(&self.cookies).arg(if self.once { "once" } else { "again" });
        let done = wrk.stdin(Stdio::null()).output().map_err(|error| format!("wrk: {error}"))?;
        let told = String::from_utf8_lossy(&done.stdout);
        let line = told.lines().find_map(|line| line.strip_prefix("done "));
        let failed = || format!("wrk: {told}{}", String::from_utf8_lossy(&done.stderr));
        let told: Value = serde_json::from_str(line.ok_or_else(failed)?)?;
        self.judge(&told)
    }

    fn judge(&self, told: &Value) -> Outcome<Answers> {
        let number = |name: &str| told[name].as_f64().unwrap_or_default();
        let wrongly = if self.refused { number("asked") - number("refused") } else { number("refused") };
        if wrongly + number("broken") > 0.0 || number("count") < 1.0 {
            let what = if self.refused { "taken" } else { "refused" };
            return Err(format!("{}: {wrongly} {what}, and {told}", self.path).into());
        }
        let per_second = number("count") / number("seconds");
        Ok(Answers { count: number("count"), per_second, p50_ms: number("p50_ms"), p99_ms: number("p99_ms") })
    }
}
