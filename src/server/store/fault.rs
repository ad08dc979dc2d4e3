//! What is wrong with a database that doesn't do what it is asked, in a word for operators.

use sqlx::error::DatabaseError;

use super::StoreError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nobody answers at its address, or not to us.
    Unreachable,
    /// It took too long.
    Slow,
    /// Another process holds it.
    Locked,
    /// It takes no writes: a standby, or a file that is not ours to write.
    ReadOnly,
    /// There is no room for more.
    Full,
    /// Its files can't be read or written.
    Disk,
    /// Its file is no longer where it was opened.
    Gone,
    /// Another file lies where it was opened.
    Replaced,
    /// Something else, said in the log.
    Broken,
}

impl Fault {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Slow => "slow",
            Self::Locked => "locked",
            Self::ReadOnly => "read_only",
            Self::Full => "full",
            Self::Disk => "disk",
            Self::Gone => "gone",
            Self::Replaced => "replaced",
            Self::Broken => "broken",
        }
    }
}

impl StoreError {
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Slow => Fault::Slow,
            Self::Driver(error) => match error.as_ref() {
                sqlx::Error::Database(source) => told_by_database(source.as_ref()),
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => Fault::Unreachable,
                _ => Fault::Broken,
            },
            Self::Conflict | Self::Inconsistent { .. } | Self::NotWritten => Fault::Broken,
        }
    }
}

/// SQLite says a number whose lowest byte is the kind (sqlite.org/rescode.html), PostgreSQL five characters whose
/// first two are the class (its appendix A).
fn told_by_database(error: &dyn DatabaseError) -> Fault {
    let code = error.code().unwrap_or_default();
    if let (Ok(number), true) = (code.parse::<u32>(), code.len() < 5) {
        return match number & 0xff {
            5 | 6 => Fault::Locked,
            8 => Fault::ReadOnly,
            10 => Fault::Disk,
            13 => Fault::Full,
            14 => Fault::Unreachable,
            _ => Fault::Broken,
        };
    }
    match code.as_ref() {
        "55P03" | "40P01" => Fault::Locked,
        "57014" => Fault::Slow,
        "25006" => Fault::ReadOnly,
        "53100" => Fault::Full,
        "58030" => Fault::Disk,
        "53300" => Fault::Unreachable,
        _ if ["08", "28", "3D", "57"].iter().any(|class| code.starts_with(class)) => Fault::Unreachable,
        _ => Fault::Broken,
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, Executor as _, SqliteConnection};

    use super::*;

    /// What the engine itself says of a write after `setting`.
    async fn told_after(setting: &'static str) -> Fault {
        let mut conn = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        conn.execute("CREATE TABLE t (a BLOB)").await.unwrap();
        conn.execute(setting).await.unwrap();
        let refused = conn.execute("INSERT INTO t VALUES (ZEROBLOB(100000))").await.unwrap_err();
        StoreError::from(refused).fault()
    }

    #[tokio::test]
    async fn what_the_engine_says_has_its_word() {
        assert_eq!(told_after("PRAGMA query_only = on").await, Fault::ReadOnly);
        assert_eq!(told_after("PRAGMA max_page_count = 3").await, Fault::Full);
        assert_eq!(told_after("DROP TABLE t").await, Fault::Broken);
    }

    #[test]
    fn a_server_that_is_not_there_and_one_too_slow_are_told_apart() {
        assert_eq!(StoreError::from(sqlx::Error::PoolTimedOut).fault(), Fault::Unreachable);
        assert_eq!(StoreError::Slow.fault(), Fault::Slow);
    }
}
