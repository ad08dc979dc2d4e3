//! What a database does by itself: the same rows written by its own program, with nothing of ours around it.

use std::{
    io::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use sqlx::{Connection as _, PgConnection};
use tokio::{task::JoinSet, time::Instant};

use crate::Outcome;

/// Rows that are written in turn, or at once.
pub const ROWS: usize = 16;
/// What PostgreSQL is asked for.
const UPDATE: &str = "UPDATE sessions SET generation = generation + 1, confirmed_generation = generation,
    rotated_at = rotated_at + 1, expires_at = expires_at + 1
    WHERE id = $1 AND ended_at IS NULL RETURNING generation";
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

/// Single statements a second, prepared and committed by themselves, by the server's own driver over so many
/// connections at once, each with a row of its own.
pub async fn postgres_updates(url: &str, time: Duration) -> Outcome<f64> {
    let mut first = PgConnection::connect(url).await?;
    let prefix: String = sqlx::query_scalar(PREFIX).fetch_one(&mut first).await?;
    let mut connections = vec![first];
    while connections.len() < ROWS {
        connections.push(PgConnection::connect(url).await?);
    }
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for (row, mut connection) in connections.into_iter().enumerate() {
        let id = format!("{prefix}{row:012}");
        clients.spawn(async move {
            let mut count = 0_u32;
            while began.elapsed() < time {
                let _: (i64,) = sqlx::query_as(UPDATE).bind(&id).fetch_one(&mut connection).await?;
                count += 1;
            }
            Ok::<_, sqlx::Error>(count)
        });
    }
    let mut all = 0;
    while let Some(count) = clients.join_next().await {
        all += count??;
    }
    Ok(f64::from(all) / began.elapsed().as_secs_f64())
}
