//! The one writer on SQLite: a task that drains a queue of intents and commits many at once.
//!
//! SQLite takes one writer at a time; a pool of them only queues in busy handlers. Each intent of a batch has its
//! own savepoint, so that one refused leaves the others alone, and each is answered after the commit.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tokio::sync::{mpsc, oneshot};

use super::{StoreError, StoreResult, Tx, tx::Conn};
use crate::domain::revocation::Revocation;

/// Told of every revocation after it is committed and before its intent is answered.
pub type OnCommit = Arc<dyn Fn(&[Revocation]) + Send + Sync>;

const QUEUE: usize = 1024;
const BATCH: usize = 64;

/// What an intent leaves behind: whether to keep it, and how to answer once the batch is committed or lost.
struct Verdict {
    keep: bool,
    answer: Box<dyn FnOnce(StoreResult<()>) + Send>,
}

type Job = Box<dyn for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Verdict> + Send>;

#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
}

impl Writer {
    /// Opens the writing connection and starts the task that owns it.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub async fn start(options: &SqliteConnectOptions, on_commit: OnCommit) -> Result<Self, sqlx::Error> {
        let conn = options.connect().await?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(run(Tx::new(Conn::Sqlite(conn)), jobs, on_commit));
        Ok(Self { queue })
    }

    /// Queues an intent and waits for its batch to be committed.
    ///
    /// # Errors
    /// What the intent returned, or that it could not be committed.
    pub async fn write<T, F>(&self, intent: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, StoreResult<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            Box::pin(async move {
                let result = AssertUnwindSafe(intent(tx)).catch_unwind().await.unwrap_or(Err(StoreError::NotWritten));
                let keep = result.is_ok();
                let answer = Box::new(move |committed: StoreResult<()>| {
                    // A caller who is gone needs no answer.
                    let _ = reply.send(committed.and(result));
                });
                Verdict { keep, answer }
            })
        });
        self.queue.send(job).await.map_err(|_| StoreError::NotWritten)?;
        answer.await.map_err(|_| StoreError::NotWritten)?
    }

    pub async fn drain(&self) {
        // Answered in order, so everything before it has been committed.
        let _ = self.write(|_| Box::pin(async { Ok(()) })).await;
    }
}

async fn run(mut tx: Tx, mut jobs: mpsc::Receiver<Job>, on_commit: OnCommit) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        let (verdicts, outcome) = commit(&mut tx, batch.drain(..)).await;
        if outcome.is_ok() {
            on_commit(&tx.revocations);
        }
        tx.revocations.clear();
        let failed = outcome.err().map(|error| error.to_string());
        for verdict in verdicts {
            let committed = match &failed {
                None => Ok(()),
                Some(text) => Err(StoreError::Driver(sqlx::Error::Protocol(text.clone()))),
            };
            (verdict.answer)(committed);
        }
    }
    if let Conn::Sqlite(conn) = tx.conn {
        let _ = conn.close().await;
    }
}

/// Runs the jobs in one transaction. The verdicts are those reached; jobs not reached are dropped, and their
/// callers hear that nothing was written.
async fn commit(tx: &mut Tx, jobs: impl Iterator<Item = Job>) -> (Vec<Verdict>, Result<(), sqlx::Error>) {
    let mut verdicts = Vec::new();
    if let Err(error) = execute(tx, "BEGIN IMMEDIATE").await {
        return (refuse_all(jobs, &error), Ok(()));
    }
    let mut outcome = Ok(());
    for job in jobs {
        match run_one(tx, job).await {
            Ok(verdict) => verdicts.push(verdict),
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    if outcome.is_ok() {
        outcome = execute(tx, "COMMIT").await;
    }
    if outcome.is_err() {
        let _ = execute(tx, "ROLLBACK").await;
    }
    (verdicts, outcome)
}

/// Without a transaction there is nothing to run the jobs in: each is dropped unanswered, which its caller reads
/// as [`StoreError::NotWritten`].
fn refuse_all(jobs: impl Iterator<Item = Job>, error: &sqlx::Error) -> Vec<Verdict> {
    tracing::warn!(error = %error, dropped = jobs.count(), "the database takes no write");
    Vec::new()
}

async fn run_one(tx: &mut Tx, job: Job) -> Result<Verdict, sqlx::Error> {
    execute(tx, "SAVEPOINT intent").await?;
    let published = tx.revocations.len();
    let mut verdict = job(tx).await;
    if verdict.keep
        && let Err(error) = tx.number_revocations(published).await
    {
        verdict = Verdict { keep: false, answer: refusing(verdict.answer, error) };
    }
    if !verdict.keep {
        tx.revocations.truncate(published);
        execute(tx, "ROLLBACK TO intent").await?;
    }
    execute(tx, "RELEASE intent").await?;
    Ok(verdict)
}

fn refusing(
    answer: Box<dyn FnOnce(StoreResult<()>) + Send>,
    error: StoreError,
) -> Box<dyn FnOnce(StoreResult<()>) + Send> {
    Box::new(move |_| answer(Err(error)))
}

async fn execute(tx: &mut Tx, statement: &'static str) -> Result<(), sqlx::Error> {
    match &mut tx.conn {
        Conn::Sqlite(conn) => sqlx::query(statement).execute(conn).await.map(drop),
        Conn::Postgres(_) => Ok(()),
    }
}
