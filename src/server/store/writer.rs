//! The one writer on SQLite: a task that drains a queue of intents and commits many at once.
//!
//! SQLite takes one writer at a time; a pool of them only queues in busy handlers. Each intent of a batch has its
//! own savepoint, so that one refused leaves the others alone, and each is answered after the commit.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Fault, StoreError, StoreResult, Tx,
    patience::{self, patiently},
    tx::Conn,
};
use crate::domain::{ids::UserId, revocation::Revocation};

/// Told of every revocation after it is committed and before its intent is answered, and whose sessions or account are
/// another now.
pub type OnCommit = Arc<dyn Fn(&[Revocation], &[UserId]) + Send + Sync>;

const QUEUE: usize = 1024;
const BATCH: usize = 64;
/// A batch that takes longer waits for a connection that will never answer: where its thread panics, what was handed to it
/// meanwhile is neither answered nor refused.
const HUNG: Duration = Duration::from_secs(10);

/// What an intent leaves behind: whether to keep it, and how to answer once the batch is committed or lost.
struct Verdict {
    keep: bool,
    answer: Box<dyn FnOnce(StoreResult<()>) + Send>,
}

struct Job {
    /// Until when it may begin: later, its caller has been told that nothing was done.
    deadline: Instant,
    run: Run,
}

/// With an error instead of a transaction, it is the error's turn to be answered.
type Run = Box<dyn for<'t> FnOnce(StoreResult<&'t mut Tx>) -> BoxFuture<'t, Verdict> + Send>;

#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
    stop: CancellationToken,
    task: TaskTracker,
}

impl Writer {
    /// Opens the writing connection and starts the task that owns it.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub async fn start(options: &SqliteConnectOptions, on_commit: OnCommit) -> Result<Self, sqlx::Error> {
        let conn = options.connect().await?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (stop, task) = (CancellationToken::new(), TaskTracker::new());
        let options = options.clone().create_if_missing(false);
        let link = Link { tx: Tx::new(Conn::Sqlite(conn)), options, hung: false };
        task.spawn(run(link, jobs, on_commit, stop.clone()));
        task.close();
        Ok(Self { queue, stop, task })
    }

    /// Queues an intent and waits for its batch to be committed.
    ///
    /// # Errors
    /// What the intent returned, that it could not be committed, or [`StoreError::Slow`]: an intent that had begun by
    /// then may yet be carried out, as when a reply is lost; one that had not is dropped.
    pub async fn write<T, F>(&self, intent: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, StoreResult<T>> + Send + 'static,
    {
        patiently(self.queue(intent, Instant::now() + patience::left())).await
    }

    async fn queue<T, F>(&self, intent: F, deadline: Instant) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, StoreResult<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let run: Run = Box::new(move |tx| {
            Box::pin(async move {
                let result = match tx {
                    Ok(tx) => AssertUnwindSafe(intent(tx)).catch_unwind().await.unwrap_or(Err(StoreError::NotWritten)),
                    Err(error) => Err(error),
                };
                let keep = result.is_ok();
                let answer = Box::new(move |committed: StoreResult<()>| {
                    // A caller who is gone needs no answer.
                    let _ = reply.send(result.and_then(|value| committed.map(|()| value)));
                });
                Verdict { keep, answer }
            })
        });
        self.queue.send(Job { deadline, run }).await.map_err(|_| StoreError::NotWritten)?;
        answer.await.map_err(|_| StoreError::NotWritten)?
    }

    /// Takes nothing more, and waits until everything handed in is committed or refused and the connection is closed.
    pub async fn end(&self) {
        self.stop.cancel();
        self.task.wait().await;
    }
}

/// The writing connection, and how it is opened again. A file that is not there any more is not made.
struct Link {
    tx: Tx,
    options: SqliteConnectOptions,
    /// The connection is not waited for any more.
    hung: bool,
}

impl Link {
    /// Begins a transaction. On a connection that has broken down (its thread panicked, its transaction can't be ended) a
    /// new one takes its place: nothing of the batch has happened yet.
    async fn begin(&mut self) -> StoreResult<()> {
        let begun = if self.hung { Err(StoreError::Slow) } else { execute(&mut self.tx, "BEGIN IMMEDIATE").await };
        let Err(error) = begun else { return Ok(()) };
        if !self.hung && !matches!(error.fault(), Fault::Unreachable | Fault::Disk | Fault::Broken) {
            return Err(error);
        }
        tracing::warn!(error = %error, "the writing connection has broken down and is opened again");
        self.tx.conn = Conn::Sqlite(self.options.connect().await?);
        self.hung = false;
        execute(&mut self.tx, "BEGIN IMMEDIATE").await
    }
}

async fn run(mut link: Link, mut jobs: mpsc::Receiver<Job>, on_commit: OnCommit, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let taken = tokio::select! {
            biased;
            // What has been handed in is still carried out.
            () = stop.cancelled(), if !jobs.is_closed() => { jobs.close(); continue }
            taken = jobs.recv_many(&mut batch, BATCH) => taken,
        };
        if taken == 0 {
            break;
        }
        let now = Instant::now();
        let waited_for = batch.drain(..).filter(|job| job.deadline > now).collect();
        let (verdicts, outcome) = if let Ok(done) = timeout(HUNG, commit(&mut link, waited_for)).await {
            done
        } else {
            // Those who wait were told long ago; whether it was committed nobody knows, as when a reply is lost.
            link.hung = true;
            (Vec::new(), Err(StoreError::Slow))
        };
        let tx = &mut link.tx;
        if outcome.is_ok() {
            on_commit(&tx.revocations, &tx.changed);
        }
        tx.revocations.clear();
        tx.changed.clear();
        for verdict in verdicts {
            (verdict.answer)(outcome.clone());
        }
    }
    if let Conn::Sqlite(conn) = link.tx.conn {
        let _ = conn.close().await;
    }
}

/// Runs the jobs in one transaction. After a fault of the database none of them stays, and those not reached are
/// not begun: SQLite may have ended the transaction by itself, and what came next would be one of its own.
async fn commit(link: &mut Link, jobs: Vec<Job>) -> (Vec<Verdict>, StoreResult<()>) {
    let mut verdicts = Vec::with_capacity(jobs.len());
    let mut outcome = link.begin().await;
    let tx = &mut link.tx;
    for job in jobs {
        let verdict = match outcome.clone() {
            // The wait for another process may have been longer than the caller's.
            Ok(()) if job.deadline <= Instant::now() => (job.run)(Err(StoreError::Slow)).await,
            Ok(()) => run_one(tx, job, &mut outcome).await,
            Err(error) => (job.run)(Err(error)).await,
        };
        verdicts.push(verdict);
    }
    if outcome.is_ok() {
        outcome = execute(tx, "COMMIT").await;
    }
    if let Err(error) = &outcome {
        tracing::warn!(error = %error, refused = verdicts.len(), "the database takes no write");
        // It fails where there is no transaction any more, which is as good.
        let _ = execute(tx, "ROLLBACK").await;
    }
    (verdicts, outcome)
}

/// Runs a job in a savepoint of its own; a fault of the database itself is left in `outcome`.
async fn run_one(tx: &mut Tx, job: Job, outcome: &mut StoreResult<()>) -> Verdict {
    let published = tx.revocations.len();
    *outcome = execute(tx, "SAVEPOINT intent").await;
    let begun = match outcome.clone() {
        Ok(()) => Ok(&mut *tx),
        Err(error) => Err(error),
    };
    let mut verdict = (job.run)(begun).await;
    if verdict.keep
        && let Err(error) = tx.number_revocations(published).await
    {
        verdict = Verdict { keep: false, answer: refusing(verdict.answer, error) };
    }
    if !verdict.keep {
        tx.revocations.truncate(published);
        if outcome.is_ok() {
            *outcome = execute(tx, "ROLLBACK TO intent").await;
        }
    }
    if outcome.is_ok() {
        *outcome = execute(tx, "RELEASE intent").await;
    }
    verdict
}

fn refusing(
    answer: Box<dyn FnOnce(StoreResult<()>) + Send>,
    error: StoreError,
) -> Box<dyn FnOnce(StoreResult<()>) + Send> {
    Box::new(move |_| answer(Err(error)))
}

async fn execute(tx: &mut Tx, statement: &'static str) -> StoreResult<()> {
    match &mut tx.conn {
        Conn::Sqlite(conn) => Ok(sqlx::query(statement).execute(conn).await.map(drop)?),
        Conn::Postgres(_) => Ok(()),
    }
}
