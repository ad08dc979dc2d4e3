//! What a database does by itself: the same rows written by its own program, with nothing of ours around it.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::time::Instant;

use crate::Outcome;

/// Rows that are written in turn, or at once.
pub const ROWS: usize = 16;
/// What PostgreSQL is asked for, each client with a row of its own.
const UPDATE: &str = "UPDATE sessions SET generation = generation + 1, confirmed_generation = generation,
    rotated_at = rotated_at + 1, expires_at = expires_at + 1
    WHERE id = :prefix || substr(CAST(1000000000000 + :client_id AS TEXT), 2) AND ended_at IS NULL
    RETURNING generation;";
/// All of an id of the demo's sessions but its number.
const PREFIX: &str = "SELECT min(substr(id, 1, 24)) FROM sessions WHERE ended_at IS NULL AND rotated_at = 0";

/// What SQLite's program says to some statements.
pub fn sqlite(file: &Path, statements: &str) -> Outcome<String> {
    let mut program = start_sqlite(file, Stdio::piped())?;
    program.stdin.take().ok_or("no stdin")?.write_all(statements.as_bytes())?;
    let done = program.wait_with_output()?;
    if !done.status.success() {
        return Err("sqlite3 failed".into());
    }
    Ok(String::from_utf8(done.stdout)?)
}

/// Transactions a second, one at a time and each on disk before the next: a read, and a write that compares and sets.
pub fn sqlite_transactions(file: &Path, time: Duration) -> Outcome<f64> {
    let prefix = sqlite(file, &format!("{PREFIX};"))?;
    let mut program = start_sqlite(file, Stdio::null())?;
    let mut stdin = program.stdin.take().ok_or("no stdin")?;
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < time {
        let id = format!("{}{:012}", prefix.trim(), count as usize % ROWS);
        writeln!(
            stdin,
            "BEGIN IMMEDIATE; SELECT * FROM sessions WHERE id = '{id}'; UPDATE sessions SET generation = generation + 1, \
             confirmed_generation = generation, rotated_at = rotated_at + 1, expires_at = expires_at + 1 \
             WHERE id = '{id}' AND ended_at IS NULL RETURNING generation; COMMIT;"
        )?;
        count += 1;
    }
    // What the pipe still holds is done, and counts too.
    drop(stdin);
    if !program.wait()?.success() {
        return Err("sqlite3 failed".into());
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

/// As durable as the server, and as patient with who else writes.
fn start_sqlite(file: &Path, stdout: Stdio) -> Outcome<Child> {
    let mut program = Command::new("sqlite3");
    program.args(["-bail", "-cmd", ".timeout 5000", "-cmd", "PRAGMA synchronous = FULL;"]).arg(file);
    program.stdin(Stdio::piped()).stdout(stdout).spawn().map_err(|error| format!("sqlite3: {error}").into())
}

/// Single statements a second, prepared and committed by themselves, over so many connections at once.
pub fn postgres_updates(url: &str, folder: &Path, time: Duration) -> Outcome<f64> {
    let prefix = output(Command::new("psql").args(["-AtX", url, "-c", PREFIX]))?;
    let script = folder.join("update.sql");
    fs::write(&script, UPDATE.replace('\n', " "))?;
    let (clients, seconds) = (ROWS.to_string(), time.as_secs().max(1).to_string());
    let mut pgbench = Command::new("pgbench");
    pgbench
        .args(["-n", "-M", "prepared", "-c", &clients, "-T", &seconds, "-D"])
        .arg(format!("prefix={}", prefix.trim()));
    let told = output(pgbench.arg("-f").arg(script).arg(url))?;
    let rate = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
    Ok(rate.ok_or_else(|| format!("pgbench: {told}"))?.parse()?)
}

fn output(command: &mut Command) -> Outcome<String> {
    let done = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    if !done.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&done.stderr)).into());
    }
    Ok(String::from_utf8(done.stdout)?)
}
