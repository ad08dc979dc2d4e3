//! Where a scenario takes place: a fresh database with demo accounts, all with one password, and the server on it.

use std::{io::Write as _, net::SocketAddr, path::Path, process::Stdio};

use tokio::time::Instant;

use crate::{
    Outcome, Plan,
    database::{Database, Kind},
    http::{self, Connection, Reply},
    server::{self, Server},
};

pub const PASSWORD: &str = "wallpaper teapot river 9";

/// A database with accounts in it.
pub struct Seeded {
    /// Of the first hundred at most.
    pub emails: Vec<String>,
    pub seconds: f64,
    database: Database,
}

impl Seeded {
    /// Makes so many accounts with so many live and expired sessions each.
    pub fn with(plan: &Plan, kind: Kind, people: [u32; 3]) -> Outcome<Self> {
        let database = Database::fresh(kind)?;
        let began = Instant::now();
        let emails = seed(plan, &database, people)?;
        Ok(Self { emails, seconds: began.elapsed().as_secs_f64(), database })
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    /// How long the server takes on it from its start to its first 200, and what it is afterwards.
    pub async fn start(&self, plan: &Plan, settings: &[(&str, &str)]) -> Outcome<Server> {
        Server::start(&plan.binary, &self.database, settings).await
    }

    /// Starts the server on it.
    pub async fn serve(self, plan: &Plan, settings: &[(&str, &str)]) -> Outcome<Stage> {
        Ok(Stage { server: self.start(plan, settings).await?, seeded: self })
    }
}

/// The server goes before its database.
pub struct Stage {
    pub server: Server,
    pub seeded: Seeded,
}

impl Stage {
    /// The usual one: a hundred people with four devices each.
    pub async fn set(plan: &Plan, kind: Kind, settings: &[(&str, &str)]) -> Outcome<Self> {
        Seeded::with(plan, kind, [100, 4, 0])?.serve(plan, settings).await
    }

    /// Signs in and gives one cookie, as it is sent back.
    pub async fn cookie(&self, email: &str, name: &str) -> Outcome<String> {
        let reply = Connection::open(self.server.addr).await?.send(&sign_in(email)).await?;
        let refused = || format!("sign-in: {} {}", reply.status, String::from_utf8_lossy(&reply.body));
        Ok(reply.cookie(name).ok_or_else(refused)?.to_owned())
    }

    /// What a page says.
    pub async fn get(&self, path: &str, cookies: &str) -> Outcome<Reply> {
        Ok(Connection::open(self.server.addr).await?.send(&http::get(path, cookies)).await?)
    }

    /// The same once for each of several people.
    pub async fn cookies(&self, emails: &[String], name: &str) -> Outcome<Vec<String>> {
        let mut cookies = Vec::new();
        for email in emails {
            cookies.push(self.cookie(email, name).await?);
        }
        Ok(cookies)
    }

    /// Where files for this time may lie.
    pub fn folder(&self) -> &Path {
        self.seeded.database.folder()
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

fn seed(plan: &Plan, database: &Database, people: [u32; 3]) -> Outcome<Vec<String>> {
    let [users, live, expired] = people.map(|number| number.to_string());
    let mut command = server::on(&plan.binary, database);
    command.args(["demo", "seed", "--json", "--password-stdin", "--users", &users]);
    command.args(["--live-each", &live, "--expired-each", &expired]);
    let mut seeding = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    // Dropped at once, which ends what there is to read.
    seeding.stdin.take().ok_or("no stdin")?.write_all(PASSWORD.as_bytes())?;
    let done = seeding.wait_with_output()?;
    if !done.status.success() {
        return Err("nobody was made".into());
    }
    let told: serde_json::Value = serde_json::from_slice(&done.stdout)?;
    let emails = told["emails"].as_array().ok_or("nobody was told")?;
    Ok(emails.iter().filter_map(|email| email.as_str()).map(str::to_owned).collect())
}
