//! Statements that a PostgreSQL connection keeps prepared, and that a change of the schema has outlived.
//!
//! Where a column changes its type, PostgreSQL refuses each prepared statement that returns it ("cached plan must not
//! change result type"), on each connection, for as long as the connection lives. The first that is told so has all
//! connections from before replaced when they are next asked for.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::StoreError;

/// PostgreSQL's `feature_not_supported`; no statement of ours asks for such a thing but with an outlived plan.
const OUTLIVED: &str = "0A000";

#[derive(Clone, Default)]
pub struct Plans {
    /// Since when they are known to be outlived.
    outlived_at: Arc<Mutex<Option<Instant>>>,
}

impl Plans {
    /// Whether a statement was refused because its plan is outlived: then it is worth another try.
    pub fn have_failed<T>(&self, done: &Result<T, sqlx::Error>) -> bool {
        done.as_ref().is_err_and(|error| self.are_told_by(error))
    }

    /// The same of what an intent came to, which is not tried again: nothing of it was written.
    pub fn have_refused<T>(&self, done: &Result<T, StoreError>) -> bool {
        matches!(done, Err(StoreError::Driver(error)) if self.are_told_by(error))
    }

    fn are_told_by(&self, error: &sqlx::Error) -> bool {
        let outlived =
            error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == OUTLIVED);
        if outlived {
            *self.outlived_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        outlived
    }

    /// Whether a connection of this age may hold some that are outlived.
    #[must_use]
    pub fn may_be_outlived(&self, age: Duration) -> bool {
        let outlived_at = *self.outlived_at.lock().unwrap_or_else(PoisonError::into_inner);
        outlived_at.is_some_and(|at| age > at.elapsed())
    }
}
