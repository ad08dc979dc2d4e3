//! The server under measurement: its own process with its own folder, gone when dropped.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use crate::{Outcome, database::Database, http, http::Connection};

const START: Duration = Duration::from_secs(30);
/// Of the databases made here, which hold nobody.
pub const SECRET: &str = "hT2vK9sWq8ZrXn4LwYd6PcMf1JbGu0oEaVi7DkRt5xA=";
/// The kernel counts the time of processes in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;

pub struct Server {
    pub addr: SocketAddr,
    /// From its start to its first 200.
    pub started_in: Duration,
    process: Child,
    /// What it has logged, line by line.
    log: mpsc::UnboundedReceiver<String>,
}

impl Server {
    /// Starts the program on a database, with settings, and waits until it serves.
    pub async fn start(binary: &Path, database: &Database, settings: &[(&str, &str)]) -> Outcome<Self> {
        let addr = free_addr()?;
        let mut command = on(binary, database);
        command.arg("serve").env("SEKISHO_SERVER__ADDR", addr.to_string());
        command.env("SEKISHO_SERVER__PUBLIC_URL", format!("http://{addr}")).env("SEKISHO_LOG__FORMAT", "json");
        for (key, value) in settings {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        Self::wait_for(&mut command, addr, "/readyz").await
    }

    /// Starts the bare server, with an answer that was kept.
    pub async fn bare(answer: &Path) -> Outcome<Self> {
        let addr = free_addr()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(crate::bare::COMMAND).arg(addr.to_string()).arg(answer);
        Self::wait_for(&mut command, addr, crate::bare::PATH).await
    }

    async fn wait_for(command: &mut Command, addr: SocketAddr, path: &str) -> Outcome<Self> {
        let began = Instant::now();
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let lines = BufReader::new(process.stderr.take().ok_or("no log")?).lines();
        let (send, log) = mpsc::unbounded_channel();
        // Also while nobody asks for a line, or the server would come to wait for a reader.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(send.send(line))));
        let mut server = Self { addr, started_in: Duration::ZERO, process, log };
        while !server.answers(path).await {
            if began.elapsed() > START || server.process.try_wait()?.is_some() {
                return Err(format!("the server did not start: {:?}", server.log.recv().await).into());
            }
            sleep(Duration::from_millis(1)).await;
        }
        server.started_in = began.elapsed();
        Ok(server)
    }

    async fn answers(&self, path: &str) -> bool {
        let Ok(mut connection) = Connection::open(self.addr).await else { return false };
        // The bare one has the answer it was given, whichever that is.
        let reply = connection.send(&http::get(path, "")).await;
        reply.is_ok_and(|reply| path == crate::bare::PATH || reply.status == 200)
    }

    /// Waits for a line of its log with this message.
    pub async fn logged(&mut self, message: &str, patience: Duration) -> Outcome<serde_json::Value> {
        let wait = async {
            while let Some(line) = self.log.recv().await {
                let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                if line["fields"]["message"] == message {
                    return Some(line["fields"].clone());
                }
            }
            None
        };
        timeout(patience, wait).await?.ok_or_else(|| format!("the server ended before it logged: {message}").into())
    }

    /// Resident memory in MiB.
    pub fn memory_mib(&self) -> Outcome<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }

    /// Processor time used so far, in seconds.
    pub fn cpu_seconds(&self) -> Outcome<f64> {
        let stat = self.proc("stat")?;
        // The name of the program, in brackets, may hold anything; user and system time are the 12th and 13th after it.
        let (_, fields) = stat.rsplit_once(')').ok_or("no stat")?;
        let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(times.sum::<Result<f64, _>>()? / TICKS_PER_SECOND)
    }

    fn proc(&self, file: &str) -> Outcome<String> {
        Ok(fs::read_to_string(format!("/proc/{}/{file}", self.process.id()))?)
    }
}

impl Drop for Server {
    /// It may have ended by itself.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program on a database, with nothing else of this shell's settings.
pub fn on(binary: &Path, database: &Database) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(database.folder()).env_clear().env("SEKISHO_DATABASE__URL", database.url());
    command.env("AUTH_SECRET", SECRET).envs(std::env::var_os("PATH").map(|path| (OsStr::new("PATH"), path)));
    command
}

fn free_addr() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
