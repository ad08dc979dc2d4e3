//! Whether PostgreSQL is there when a server starts: one that isn't yet is waited for, one that says no is not, and
//! something else that answers in its place is found out.

use std::time::Duration;

use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _};
use tokio::time::sleep;

use super::{
    db::OpenError,
    postgres::{self, in_time_to_start},
};
use crate::server::config::DatabaseUrl;

/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(2);

/// Waits until a server answers, as long as it takes. An SQLite file is there or is made.
///
/// # Errors
/// What doesn't pass by itself: a wrong password, or no such database.
pub async fn wait(database: &DatabaseUrl) -> Result<(), OpenError> {
    let DatabaseUrl::Postgres(url) = database else { return Ok(()) };
    loop {
        match postgres::connect(url.expose()).await {
            Ok(conn) => {
                let _ = conn.close().await;
                return Ok(());
            }
            Err(error) if passes(&error) => {
                tracing::warn!(%error, "the database does not answer yet; it is waited for");
            }
            Err(error) => return Err(refused(error)),
        }
        sleep(PAUSE).await;
    }
}

/// Codes are those of PostgreSQL's appendix A: it starts, it ends, it has no connection free.
fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(said) => {
            ["57P01", "57P02", "57P03", "53300"].contains(&said.code().unwrap_or_default().as_ref())
        }
        _ => false,
    }
}

/// A first connection, to a server that gives each connection a session of its own.
///
/// # Errors
/// When nobody answers, or a pooler that shares sessions.
pub async fn connect(url: &str) -> Result<PgConnection, OpenError> {
    let mut first = postgres::connect(url).await.map_err(refused)?;
    let options = postgres::options_in_use(url).map_err(OpenError::Connect)?;
    let mut second = in_time_to_start(options.connect()).await.map_err(refused)?;
    if in_time_to_start(shares_sessions(&mut first, &mut second)).await.map_err(OpenError::Connect)? {
        return Err(OpenError::Pooled);
    }
    let _ = second.close().await;
    Ok(first)
}

/// A pooler doesn't know the settings that a connection begins with, and says so.
fn refused(error: sqlx::Error) -> OpenError {
    let of_settings = error.as_database_error().is_some_and(|said| said.message().contains("startup parameter"));
    if of_settings { OpenError::Pooled } else { OpenError::Connect(error) }
}

/// Two connections to a server are two of its processes, each the same one all the time, and each with its settings. All
/// of it is asked in the simple protocol, which a pooler passes on.
async fn shares_sessions(first: &mut PgConnection, second: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let limit: String = sqlx::raw_sql("SHOW statement_timeout").fetch_one(&mut *second).await?.try_get(0)?;
    let mut shares = limit == "0";
    for _ in 0..3 {
        let before = process(first).await?;
        sqlx::raw_sql("BEGIN").execute(&mut *second).await?;
        // Asked in this order: a pooler may have one session only, and the first would wait for it.
        shares = shares || process(second).await? == before || process(first).await? != before;
        sqlx::raw_sql("ROLLBACK").execute(&mut *second).await?;
    }
    Ok(shares)
}

async fn process(conn: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(conn).await?.try_get(0)
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_server_that_is_not_there_yet_is_waited_for() {
        assert!(passes(&sqlx::Error::Io(Error::from(ErrorKind::ConnectionRefused))));
        assert!(passes(&sqlx::Error::PoolTimedOut));
        assert!(!passes(&sqlx::Error::Protocol("this is no PostgreSQL".to_owned())));
    }
}
