//! How fast the audit log is sealed: rows come all at once, as at the end of everybody's sessions, and the server that runs
//! beside gets to the last of them.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection as _, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::time::{Instant, sleep};

use crate::{
    Outcome, Plan,
    database::Kind,
    report::{Aim, Line, Report, rounded},
    stage::Stage,
};

const ROWS: u32 = 50_000;
const LOOK: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(120);
const INSERT: &str =
    "INSERT INTO audit (id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
    SELECT 'row-' || i, 1, 'sign_in', 'done', 'actor', 'target', 'session-' || i, '203.0.113.7',
      'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'request-' || i, '{}' FROM n";
const LEFT: &str = "SELECT COUNT(*) FROM audit WHERE seq IS NULL";

enum Connected {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Connected {
    async fn to(stage: &Stage, kind: Kind) -> Outcome<Self> {
        let database = stage.seeded.database();
        Ok(match kind {
            Kind::Sqlite => {
                let options = SqliteConnectOptions::new().filename(database.file()).busy_timeout(PATIENCE);
                Self::Sqlite(SqliteConnection::connect_with(&options).await?)
            }
            Kind::Postgres => Self::Postgres(PgConnection::connect(database.url()).await?),
        })
    }

    async fn insert(&mut self, rows: u32) -> Outcome<()> {
        let rows = i64::from(rows);
        match self {
            Self::Sqlite(conn) => sqlx::query(INSERT).bind(rows).execute(conn).await?.rows_affected(),
            Self::Postgres(conn) => sqlx::query(INSERT).bind(rows).execute(conn).await?.rows_affected(),
        };
        Ok(())
    }

    async fn left(&mut self) -> Outcome<i64> {
        Ok(match self {
            Self::Sqlite(conn) => sqlx::query_scalar(LEFT).fetch_one(conn).await?,
            Self::Postgres(conn) => sqlx::query_scalar(LEFT).fetch_one(conn).await?,
        })
    }
}

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let stage = Stage::set(plan, kind, &[]).await?;
        let mut database = Connected::to(&stage, kind).await?;
        let rows = plan.scaled(ROWS);
        database.insert(rows).await?;
        let began = Instant::now();
        while database.left().await? > 0 {
            if began.elapsed() > PATIENCE {
                return Err("the rows were not sealed".into());
            }
            sleep(LOOK).await;
        }
        let seconds = began.elapsed().as_secs_f64();
        let rate = f64::from(rows) / seconds;
        report.line(Line {
            what: format!("{}: audit rows sealed a second", kind.name()),
            figure: rate,
            unit: "",
            aim: Aim::AtLeast(5_000.0, 10_000.0),
            from: format!("{rows} rows in {} s", rounded(seconds)),
        });
        report.raw(&format!("seals on {}", kind.name()), json!({ "rows": rows, "seconds": seconds }));
    }
    Ok(())
}
