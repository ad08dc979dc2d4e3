//! One SQL text on two databases: where a statement runs, and the macro that runs it there.
//!
//! Texts use `$1` parameters, TEXT, BIGINT, BOOLEAN and byte strings, and no dialect's functions, so that each means the
//! same to SQLite and to PostgreSQL. Each is compiled for both; nothing is decided by the text at run time.

use sqlx::{PgConnection, SqliteConnection, SqlitePool};

pub use super::{
    patience::in_time,
    postgres::{Lent, Postgres},
};

/// A pool for reads, or the connection of a write in progress.
pub enum On<'c> {
    Sqlite(&'c SqlitePool),
    SqliteTx(&'c mut SqliteConnection),
    Postgres(&'c Postgres),
    PostgresTx(&'c mut PgConnection),
}

/// `sql!(on, fetch_optional, "SELECT … WHERE id = $1", id)` reads rows by `query_as`; `execute` gives the number of rows.
/// The text is a constant: nothing that came from outside is ever part of one.
macro_rules! sql {
    (@run execute, $on:expr, $text:expr, $($value:expr),*) => {
        async { sqlx::query($text)$(.bind($value))*.execute($on).await.map(|done| done.rows_affected()) }
    };
    (@run $fetch:ident, $on:expr, $text:expr, $($value:expr),*) => {
        sqlx::query_as($text)$(.bind($value))*.$fetch($on)
    };
    ($on:expr, $fetch:ident, $text:expr $(, $value:expr)* $(,)?) => {
        match $on {
            $crate::server::store::On::Sqlite(on) => {
                $crate::server::store::on::in_time($crate::server::store::sql!(@run $fetch, on, $text, $($value),*)).await
            }
            $crate::server::store::On::SqliteTx(on) => {
                $crate::server::store::sql!(@run $fetch, on, $text, $($value),*).await.map_err($crate::server::store::StoreError::from)
            }
            $crate::server::store::On::Postgres(server) => {
                $crate::server::store::on::in_time(async {
                    let mut is_first = true;
                    loop {
                        let mut lent = $crate::server::store::on::Lent::from(&server.pool).await?;
                        let done = $crate::server::store::sql!(@run $fetch, &mut *lent, $text, $($value),*).await;
                        if std::mem::take(&mut is_first) && server.plans.have_failed(&done) {
                            continue;
                        }
                        lent.give_back();
                        break done;
                    }
                })
                .await
            }
            $crate::server::store::On::PostgresTx(on) => {
                $crate::server::store::sql!(@run $fetch, on, $text, $($value),*).await.map_err($crate::server::store::StoreError::from)
            }
        }
    };
}

pub(crate) use sql;

/// `columns!("s.", id, email)` is `"s.id, s.email"`. Statements name what they read: a `*` changes its meaning under a
/// running node when a newer one adds a column, and prepared statements break on that.
macro_rules! columns {
    ($of:literal, $first:ident $(, $column:ident)* $(,)?) => {
        concat!($of, stringify!($first) $(, ", ", $of, stringify!($column))*)
    };
}

pub(super) use columns;
