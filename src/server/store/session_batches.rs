//! The two statements of a refresh on PostgreSQL, for many sessions at once.
//!
//! There a statement costs more than its rows: its way there and back, waking who waits, a commit of its own. SQLite has
//! none of that and its writer gathers by itself, so these texts are PostgreSQL's alone, with its arrays and its locks.
//!
//! A batch only ever says which rows it renewed, and never waits for a row that another transaction holds, so that it
//! keeps nobody waiting and is in no deadlock. What it did not renew is tried by itself, by the text of both databases
//! (`session_renewal.rs`): that one alone refuses, and waits.

use std::{collections::HashMap, sync::Arc};

use futures::FutureExt as _;
use sqlx::{PgPool, error::DatabaseError};
use tokio::time::timeout_at;
use tokio_util::task::TaskTracker;

use super::{
    On, StoreError, StoreResult,
    gatherer::{Gatherer, Job, LANES},
    on::{Lent, columns, in_time},
    plans::Plans,
    session_renewal::{Renewal, renew_on},
    session_row::session_columns,
    session_with_user::Both,
    sessions::Session,
    signed,
    user_row::joined_user_columns,
    users::User,
};
use crate::domain::{ids::SessionId, time::Timestamp};

/// For reads and writes each.
pub const CONNECTIONS: u32 = 2 * LANES;
/// A plan is made once for whatever is asked, and finds each row by its key, through an index that forgets what has been
/// overwritten: a session's row is, again and again, and a bitmap leads to all it ever was. Left to choose, the planner
/// also reads all of a table that is small when a connection begins, and goes on doing so while it grows.
pub const SETTINGS: [(&str, &str); 3] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("enable_bitmapscan", "off")];

type Found = Option<(Session, User)>;

pub struct SessionBatches {
    pool: PgPool,
    reads: Gatherer<(), Found>,
    renewals: Gatherer<Arc<Renewal>, Option<Timestamp>>,
    tasks: TaskTracker,
}

impl SessionBatches {
    /// Batches go to connections of their own, single statements to `single`.
    #[must_use]
    pub fn new(pool: PgPool, single: PgPool, plans: &Plans) -> Self {
        let tasks = TaskTracker::new();
        let (reading, outlived) = (pool.clone(), plans.clone());
        let reads =
            Gatherer::new(tasks.clone(), move |batch| find_all(reading.clone(), outlived.clone(), batch).boxed());
        let by_one = ByOne { pool: single, plans: plans.clone(), tasks: tasks.clone() };
        let writing = pool.clone();
        let renewals =
            Gatherer::new(tasks.clone(), move |batch| renew_all(writing.clone(), by_one.clone(), batch).boxed());
        Self { pool, reads, renewals, tasks }
    }

    /// A session with its user.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn find(&self, id: SessionId) -> StoreResult<Found> {
        self.reads.ask(id, ()).await
    }

    /// The idle end of a session that was renewed; it goes on when the caller is gone.
    ///
    /// # Errors
    /// When the row can't be written, or nobody knows whether it was.
    pub async fn renew(&self, renewal: Arc<Renewal>) -> StoreResult<Option<Timestamp>> {
        self.renewals.ask(renewal.read.id.clone(), renewal).await
    }

    /// Waits until everything handed in is committed or refused, and closes.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.pool.close().await;
    }
}

async fn find_all(pool: PgPool, plans: Plans, batch: Vec<Job<(), Found>>) {
    match read(&pool, &plans, &batch).await {
        Ok(mut rows) => {
            for job in batch {
                let found = rows.remove(job.id.as_str()).map(Both::read).transpose();
                job.answer(found);
            }
        }
        Err(error) => refuse(batch, &error),
    }
}

/// `OFFSET 0` keeps the planner from turning the look-up of each row into something else.
const READ: &str = concat!(
    "SELECT ",
    session_columns!("found."),
    ", ",
    columns!(
        "found.",
        user_email,
        user_display_name,
        user_role,
        user_row_version,
        user_locked_at,
        user_created_at,
        dead_reason
    ),
    " FROM unnest($1::text[]) AS r (id) CROSS JOIN LATERAL
       (SELECT ",
    session_columns!("s."),
    ", ",
    joined_user_columns!(),
    " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = r.id OFFSET 0) found"
);

async fn read(pool: &PgPool, plans: &Plans, batch: &[Job<(), Found>]) -> StoreResult<HashMap<String, Both>> {
    let ids: Vec<&str> = batch.iter().map(|job| job.id.as_str()).collect();
    let rows: Vec<Both> = in_time(async {
        let mut is_first = true;
        loop {
            let mut lent = Lent::from(pool).await?;
            let rows = sqlx::query_as(READ).bind(&ids).fetch_all(&mut *lent).await;
            if std::mem::take(&mut is_first) && plans.have_failed(&rows) {
                continue;
            }
            lent.give_back();
            break rows;
        }
    })
    .await?;
    Ok(rows.into_iter().map(|row| (row.id().to_owned(), row)).collect())
}

async fn renew_all(pool: PgPool, by_one: ByOne, batch: Vec<Job<Arc<Renewal>, Option<Timestamp>>>) {
    let renewed = match write(&pool, &batch).await {
        Err(error) if !is_of_one_row(&error) && !by_one.plans.have_refused(&Err::<(), _>(error.clone())) => {
            return refuse(batch, &error);
        }
        done => done.unwrap_or_default(),
    };
    for job in batch {
        match renewed.iter().find(|(id, _)| id == job.id.as_str()) {
            Some((_, idle_end_at)) => job.answer(Ok(Some(Timestamp(*idle_end_at)))),
            None => by_one.try_again(job),
        }
    }
}

/// The guards are those of `session_renewal.rs`, asked of each row once it is held, when nobody else can change it.
const RENEW: &str = "WITH held AS MATERIALIZED
       (SELECT r.id, r.generation, r.confirmed_generation, r.rotated_at, r.late_streak, r.late_generation, r.device_kind,
          r.user_agent, r.address, r.expires_at, r.issued_as, r.token_hash, r.former_token_hash, r.user_version,
          r.proved_at
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::bytea[], $13::bytea[], $14::bigint[],
            $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[])
          AS r (id, generation, confirmed_generation, rotated_at, late_streak, late_generation, device_kind,
            user_agent, address, expires_at, issued_as, token_hash, former_token_hash, user_version, proved_at,
            read_generation, read_confirmed_generation, read_late_streak, read_late_generation, now)
        CROSS JOIN LATERAL
          (SELECT s.generation, s.confirmed_generation, s.late_streak, s.late_generation, s.ended_at, s.expires_at,
             s.idle_end_at, s.absolute_end_at, u.version, u.locked_at
           FROM sessions s JOIN users u ON u.id = s.user_id
           WHERE s.id = r.id OFFSET 0 FOR NO KEY UPDATE OF s SKIP LOCKED) s
        WHERE s.generation = r.read_generation
          AND (s.confirmed_generation = r.read_confirmed_generation OR r.generation > r.read_generation)
          AND s.late_streak = r.read_late_streak AND s.late_generation = r.read_late_generation
          AND s.ended_at IS NULL AND s.expires_at > r.now AND s.idle_end_at > r.now AND s.absolute_end_at > r.now
          AND s.version = r.user_version AND s.locked_at IS NULL)
     UPDATE sessions s SET generation = r.generation, confirmed_generation = r.confirmed_generation,
       rotated_at = r.rotated_at, late_streak = r.late_streak, late_generation = r.late_generation,
       device_kind = r.device_kind, user_agent = r.user_agent, address = r.address, expires_at = r.expires_at,
       issued_as = r.issued_as, token_hash = r.token_hash, former_token_hash = r.former_token_hash,
       user_version = r.user_version, proved_at = r.proved_at
     FROM held r WHERE s.id = r.id RETURNING s.id, s.idle_end_at";

async fn write(pool: &PgPool, batch: &[Job<Arc<Renewal>, Option<Timestamp>>]) -> StoreResult<Vec<(String, i64)>> {
    let to = |column: fn(&Session) -> i64| batch.iter().map(|job| column(&job.what.to)).collect::<Vec<_>>();
    let read = |column: fn(&Session) -> i64| batch.iter().map(|job| column(&job.what.read)).collect::<Vec<_>>();
    let text = |column: fn(&Session) -> &str| batch.iter().map(|job| column(&job.what.to)).collect::<Vec<_>>();
    let hash = |column: fn(&Session) -> Option<&[u8]>| batch.iter().map(|job| column(&job.what.to)).collect::<Vec<_>>();
    let statement = sqlx::query_as(RENEW)
        .bind(text(|to| to.id.as_str()))
        .bind(to(|to| signed(to.chain.generation)))
        .bind(to(|to| signed(to.chain.confirmed_generation)))
        .bind(to(|to| to.chain.rotated_at.0))
        .bind(to(|to| i64::from(to.chain.late_streak)))
        .bind(to(|to| signed(to.chain.late_generation)))
        .bind(text(|to| &to.chain.device_kind))
        .bind(text(|to| &to.user_agent))
        .bind(text(|to| &to.address))
        .bind(to(|to| to.ends.expires_at.0))
        .bind(text(|to| to.issued_as.as_str()))
        .bind(hash(|to| to.token_hash.as_ref().map(<[u8; 32]>::as_slice)))
        .bind(hash(|to| to.former_token_hash.as_ref().map(<[u8; 32]>::as_slice)))
        .bind(to(|to| to.user_version))
        .bind(to(|to| to.proved_at.0))
        .bind(read(|read| signed(read.chain.generation)))
        .bind(read(|read| signed(read.chain.confirmed_generation)))
        .bind(read(|read| i64::from(read.chain.late_streak)))
        .bind(read(|read| signed(read.chain.late_generation)))
        .bind(batch.iter().map(|job| job.what.now.0).collect::<Vec<_>>());
    in_time(async {
        let mut lent = Lent::from(pool).await?;
        let renewed = statement.fetch_all(&mut *lent).await;
        lent.give_back();
        renewed
    })
    .await
}

/// Whether a row of a batch may be to blame, by what it says (classes 22 and 23 of PostgreSQL's appendix A) or by who
/// else writes it (40): the others are not to suffer for it.
fn is_of_one_row(error: &StoreError) -> bool {
    let StoreError::Driver(error) = error else { return matches!(error, StoreError::Conflict) };
    let code = error.as_database_error().and_then(DatabaseError::code).unwrap_or_default();
    ["22", "23", "40"].iter().any(|class| code.starts_with(class))
}

fn refuse<T, A>(batch: Vec<Job<T, A>>, error: &StoreError) {
    for job in batch {
        job.answer(Err(error.clone()));
    }
}

/// What carries out a renewal by itself, while the next batch is under way.
#[derive(Clone)]
struct ByOne {
    pool: PgPool,
    plans: Plans,
    tasks: TaskTracker,
}

impl ByOne {
    fn try_again(&self, job: Job<Arc<Renewal>, Option<Timestamp>>) {
        let pool = self.pool.clone();
        self.tasks.spawn(async move {
            let renewed = timeout_at(job.deadline, renew_one(&pool, &job.what)).await;
            job.answer(renewed.unwrap_or(Err(StoreError::Slow)));
        });
    }
}

async fn renew_one(pool: &PgPool, renewal: &Renewal) -> StoreResult<Option<Timestamp>> {
    let mut lent = Lent::from(pool).await?;
    let renewed = renew_on(On::PostgresTx(&mut lent), &renewal.read, &renewal.to, renewal.now).await;
    lent.give_back();
    renewed
}
