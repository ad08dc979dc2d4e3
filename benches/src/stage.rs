//! Where a scenario takes place: a fresh database with demo accounts, all with one password, and the server on it.

use std::{net::SocketAddr, process::Stdio};

use tokio::{io::AsyncWriteExt as _, time::Instant};

use crate::{
    Outcome, Plan,
    database::{Database, Kind},
    http::{self, Connection},
    server::{self, Server},
};

const PASSWORD: &str = "wallpaper teapot river 9";

/// A database with accounts in it.
pub struct Seeded {
    /// Of the first hundred at most.
    pub emails: Vec<String>,
    pub seconds: f64,
    database: Database,
}

impl Seeded {
    /// Makes so many accounts with so many live and expired sessions each.
    pub async fn with(plan: &Plan, kind: Kind, people: [u32; 3]) -> Outcome<Self> {
        let database = Database::fresh(kind)?;
        let began = Instant::now();
        let emails = seed(plan, &database, people).await?;
        Ok(Self { emails, seconds: began.elapsed().as_secs_f64(), database })
    }

    /// Starts the server on it.
    pub async fn serve(self, plan: &Plan, settings: &[(&str, &str)]) -> Outcome<Stage> {
        let server = Server::start(&plan.binary, &self.database, settings).await?;
        Ok(Stage { server, seeded: self })
    }
}

/// The server goes before its database.
pub struct Stage {
    pub server: Server,
    pub seeded: Seeded,
}

impl Stage {
    /// The usual one: a hundred people on SQLite.
    pub async fn set(plan: &Plan, settings: &[(&str, &str)]) -> Outcome<Self> {
        Seeded::with(plan, Kind::Sqlite, [100, 3, 0]).await?.serve(plan, settings).await
    }

    /// Signs in and gives one cookie, as it is sent back.
    pub async fn cookie(&self, email: &str, name: &str) -> Outcome<String> {
        let reply = Connection::open(self.server.addr).await?.send(&sign_in(email)).await?;
        let refused = || format!("sign-in: {} {}", reply.status, String::from_utf8_lossy(&reply.body));
        Ok(reply.cookie(name).ok_or_else(refused)?.to_owned())
    }

    pub fn addr(&self) -> SocketAddr {
        self.server.addr
    }
}

/// The request of a sign-in.
pub fn sign_in(email: &str) -> Vec<u8> {
    let form = format!("email={}&password={}&remember=true", email.replace('@', "%40"), PASSWORD.replace(' ', "+"));
    http::post("/api/login", "", &form)
}

async fn seed(plan: &Plan, database: &Database, people: [u32; 3]) -> Outcome<Vec<String>> {
    let [users, live, expired] = people.map(|number| number.to_string());
    let mut command = server::on(&plan.binary, database);
    command.args(["demo", "seed", "--json", "--password-stdin", "--users", &users]);
    command.args(["--live-each", &live, "--expired-each", &expired]);
    let mut seeding = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    // Dropped at once, which ends what there is to read.
    seeding.stdin.take().ok_or("no stdin")?.write_all(PASSWORD.as_bytes()).await?;
    let done = seeding.wait_with_output().await?;
    if !done.status.success() {
        return Err("nobody was made".into());
    }
    let told: serde_json::Value = serde_json::from_slice(&done.stdout)?;
    let emails = told["emails"].as_array().ok_or("nobody was told")?;
    Ok(emails.iter().filter_map(|email| email.as_str()).map(str::to_owned).collect())
}
