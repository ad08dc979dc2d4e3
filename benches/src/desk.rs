//! The admin's desk over a million people with three million sessions: how long each page takes, how long a search by the
//! beginning of an e-mail, and how much memory it takes to hand out the whole list.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tokio::time::Instant;

use crate::{
    Outcome, Plan,
    compare::median,
    database::Kind,
    http::{self, Connection},
    report::{Aim, Line, Report, rounded},
    server,
    stage::{Seeded, Stage},
};

const PEOPLE: u32 = 1_000_000;
const SESSIONS_EACH: u32 = 3;
const TIMES: usize = 41;
/// Pages that are turned to get far from the beginning.
const TURNS: usize = 20;
const BY_KEY: &str = "SELECT email FROM users WHERE id = $1";
const SOME_ID: &str = "SELECT id FROM users ORDER BY created_at DESC LIMIT 1";
const LOOK: Duration = Duration::from_millis(20);

pub async fn run(plan: &Plan, kind: Kind, report: &mut Report) -> Outcome<()> {
    let people = plan.scaled(PEOPLE);
    let seeded = Seeded::with(plan, kind, [people, SESSIONS_EACH, 0])?;
    let admin = seeded.emails[0].clone();
    let promoted = server::on(&plan.binary, seeded.database()).args(["user", "set-role", &admin, "admin"]).status()?;
    if !promoted.success() {
        return Err("nobody is an admin".into());
    }
    let by_key = by_key(kind, &seeded).await?;
    let stage = seeded.serve(plan, &[]).await?;
    let cookies = stage.cookie(&admin, "__Host-access").await?;
    let desk = Desk { kind, stage: &stage, cookies: &cookies, by_key_ms: by_key };

    let mut raw = Map::new();
    for (what, path) in desk.pages().await? {
        let (most, better) = if what.starts_with("search") { (50.0, 10.0) } else { (100.0, 50.0) };
        let times = desk.times(&path).await?;
        let (p50, slowest) = (median(times.iter().copied()), times.iter().copied().fold(0.0, f64::max));
        report.line(Line {
            what: format!("{}: {what}", kind.name()),
            figure: p50,
            unit: " ms",
            aim: Aim::AtMost(most, better),
            from: format!("{} reads by key; slowest {} ms", rounded(p50 / by_key), rounded(slowest)),
        });
        raw.insert(what.to_owned(), json!({ "p50_ms": p50, "slowest_ms": slowest, "reads_by_key": p50 / by_key }));
    }
    raw.insert("export".to_owned(), desk.export(report).await?);
    raw.insert("read_by_key_ms".to_owned(), by_key.into());
    raw.insert("seeded_in_s".to_owned(), stage.seeded.seconds.into());
    report.raw(&format!("desk over {people} people on {}", kind.name()), Value::Object(raw));
    Ok(())
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

struct Desk<'a> {
    kind: Kind,
    stage: &'a Stage,
    cookies: &'a str,
    by_key_ms: f64,
}

impl Desk<'_> {
    /// What each is, and where.
    async fn pages(&self) -> Outcome<Vec<(&'static str, String)>> {
        let someone = &self.stage.seeded.emails[self.stage.seeded.emails.len() / 2];
        let found = self.json(&format!("/api/admin/users?query={}", encoded(someone))).await?;
        let id = found["items"][0]["id"].as_str().ok_or("nobody was found")?.to_owned();
        let mut cursor = String::new();
        for _ in 0..TURNS {
            let page = self.json(&format!("/api/admin/users?sort=name&limit=100&cursor={}", encoded(&cursor))).await?;
            page["next"].as_str().unwrap_or_default().clone_into(&mut cursor);
        }
        let beginning = someone.chars().take(3).collect::<String>();
        let owned = |(what, path): (&'static str, &str)| (what, path.to_owned());
        let mut pages: Vec<_> = [
            ("overview, an hour", "/admin"),
            ("overview, a month", "/admin?range=month"),
            ("users", "/admin/users"),
            ("users by when they were last seen", "/admin/users?sort=seen"),
            ("users who are signed in", "/admin/users?live=yes"),
            ("users seen today", "/admin/users?seen=day&sort=name"),
            ("admins", "/admin/users?role=admin"),
            ("locked users", "/admin/users?locked=yes"),
            ("people to be invited", "/admin/users/new"),
            ("webhooks", "/admin/webhooks"),
            ("audit log", "/admin/audit"),
            ("audit log, what was refused", "/admin/audit?outcome=refused"),
        ]
        .map(owned)
        .into();
        pages.push(("users, two thousand further on", format!("/admin/users?sort=name&cursor={}", encoded(&cursor))));
        pages.push(("search by three letters", format!("/admin/users?query={}", encoded(&beginning))));
        pages.push(("search by an e-mail", format!("/admin/users?query={}", encoded(someone))));
        pages.push(("a user", format!("/admin/users/{id}")));
        Ok(pages)
    }

    async fn json(&self, path: &str) -> Outcome<Value> {
        self.stage.get(path, self.cookies).await?.json()
    }

    /// How long the page took each time, in milliseconds.
    async fn times(&self, path: &str) -> Outcome<Vec<f64>> {
        let mut connection = Connection::open(self.stage.addr()).await?;
        let request = http::get(path, self.cookies);
        let mut times = Vec::new();
        for _ in 0..TIMES {
            let began = Instant::now();
            let reply = connection.send(&request).await?;
            times.push(began.elapsed().as_secs_f64() * 1000.0);
            if reply.status != 200 {
                return Err(format!("{path}: {}", reply.status).into());
            }
        }
        Ok(times)
    }

    /// Takes the whole list, and looks at the server's memory meanwhile.
    async fn export(&self, report: &mut Report) -> Outcome<Value> {
        let before = self.stage.server.memory_mib()?;
        let (addr, request) = (self.stage.addr(), http::get("/api/admin/users/export", self.cookies));
        let began = Instant::now();
        let taking = tokio::spawn(async move { Connection::open(addr).await?.drain(&request).await });
        let mut most = before;
        while !taking.is_finished() {
            most = self.stage.server.memory_mib()?.max(most);
            tokio::time::sleep(LOOK).await;
        }
        let (status, bytes) = taking.await??;
        if status != 200 {
            return Err(format!("the export was answered with {status}").into());
        }
        let seconds = began.elapsed().as_secs_f64();
        report.line(Line {
            what: format!("{}: memory that the export of all users takes", self.kind.name()),
            figure: most - before,
            unit: " MiB",
            aim: Aim::AtMost(16.0, 4.0),
            from: format!(
                "{bytes} bytes in {} s; a read by key takes {} ms",
                rounded(seconds),
                rounded(self.by_key_ms)
            ),
        });
        Ok(json!({ "bytes": bytes, "seconds": seconds, "mib_before": before, "mib_most": most }))
    }
}

/// How long a read of one row by its primary key takes, prepared, over the driver that the server uses: the median, in
/// milliseconds.
async fn by_key(kind: Kind, seeded: &Seeded) -> Outcome<f64> {
    let mut times = Vec::new();
    match kind {
        Kind::Sqlite => {
            let mut db = SqliteConnection::connect(seeded.database().url()).await?;
            let id: String = sqlx::query_scalar(SOME_ID).fetch_one(&mut db).await?;
            for _ in 0..TIMES {
                let began = Instant::now();
                let _: String = sqlx::query_scalar(BY_KEY).bind(&id).fetch_one(&mut db).await?;
                times.push(began.elapsed().as_secs_f64() * 1000.0);
            }
        }
        Kind::Postgres => {
            let mut db = PgConnection::connect(seeded.database().url()).await?;
            let id: String = sqlx::query_scalar(SOME_ID).fetch_one(&mut db).await?;
            for _ in 0..TIMES {
                let began = Instant::now();
                let _: String = sqlx::query_scalar(BY_KEY).bind(&id).fetch_one(&mut db).await?;
                times.push(began.elapsed().as_secs_f64() * 1000.0);
            }
        }
    }
    Ok(median(times.into_iter()))
}
