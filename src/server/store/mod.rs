//! All SQL, one file per table, methods named by intent.
//!
//! Reads take an [`On`]; writes take a [`Tx`], which only the writers hand out (`writer.rs`, `postgres.rs`), so that no
//! write can bypass them. One text serves both databases (`on.rs`), but for batches on PostgreSQL (`session_batches.rs`).

pub mod activity;
pub mod alarms;
pub mod arrival;
pub mod audit;
pub mod audit_chain;
pub mod cleanup;
pub mod database_file;
pub mod db;
pub mod demo;
pub mod everybody;
mod fault;
mod gatherer;
pub mod guards;
pub mod invites;
pub mod keys;
pub mod known_devices;
pub mod leases;
pub mod nodes;
pub mod notices;
pub mod on;
pub mod pace;
pub mod password_due;
pub mod patience;
mod plans;
mod postgres;
pub mod redis_sessions;
pub mod revocations;
mod session_batches;
mod session_end;
mod session_list;
pub mod session_reader;
mod session_renewal;
mod session_row;
pub mod session_watch;
mod session_with_user;
pub mod sessions;
pub mod strategy_ends;
pub mod throttles;
mod tx;
pub mod user_list;
pub mod user_notes;
mod user_row;
pub mod users;
pub mod web_sessions;
pub mod webhook_deliveries;
pub mod webhooks;
pub mod writer;

pub use db::Db;
pub use fault::Fault;
pub use on::On;
pub(crate) use on::sql;
pub use tx::Tx;

use std::sync::Arc;

use crate::domain::ids::{SessionId, UserId};

/// Why a read or write did not happen.
/// Cheap to clone, because one fault may be the answer to many.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique rule refused the row.
    #[error("it exists already")]
    Conflict,
    /// A row says something this version can't read.
    #[error("inconsistent row: {table}.{column}")]
    Inconsistent { table: &'static str, column: &'static str },
    /// The database can't be reached, is locked or full; passing.
    #[error("database: {0}")]
    Driver(#[source] Arc<sqlx::Error>),
    /// The database did not answer in time; passing.
    #[error("database: no answer in time")]
    Slow,
    /// The writer is gone or the intent panicked.
    #[error("the write was not carried out")]
    NotWritten,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(source) if source.is_unique_violation() => Self::Conflict,
            _ => Self::Driver(Arc::new(error)),
        }
    }
}

pub type StoreResult<T> = Result<T, StoreError>;

fn user_id(text: &str, table: &'static str) -> StoreResult<UserId> {
    UserId::parse(text).ok_or(StoreError::Inconsistent { table, column: "user_id" })
}

fn session_id(text: &str, table: &'static str) -> StoreResult<SessionId> {
    SessionId::parse(text).ok_or(StoreError::Inconsistent { table, column: "session_id" })
}

/// Before this come all ids.
const END_OF_IDS: &str = "g";

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
