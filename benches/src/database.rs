//! The databases under the server: an SQLite file, or a PostgreSQL of its own, as durable as in service.

use std::{
    fs,
    os::unix::process::parent_id,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::Outcome;

const FILE: &str = "bench.db";
const SERVICES: &str = "scripts/test-services.sh";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// An empty database, gone when dropped. It belongs to the process that started this one: `scripts/bench.sh` takes it
/// away when this one is interrupted.
pub struct Database {
    kind: Kind,
    folder: PathBuf,
    url: String,
}

impl Database {
    pub fn fresh(kind: Kind) -> Outcome<Self> {
        let folder = std::env::current_dir()?.join(format!("target/bench.{}", parent_id()));
        fs::create_dir_all(&folder)?;
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}", folder.join(FILE).display()),
            Kind::Postgres => start_postgres()?,
        };
        Ok(Self { kind, folder, url })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Of SQLite.
    pub fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    /// What can't be removed is in nobody's way.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
        if self.kind == Kind::Postgres {
            let _ = services("stop").status();
        }
    }
}

fn start_postgres() -> Outcome<String> {
    let told = String::from_utf8(services("start").arg("durable").stderr(Stdio::inherit()).output()?.stdout)?;
    let url = told.lines().find_map(|line| line.strip_prefix("export SEKISHO_TEST_POSTGRES="));
    Ok(url.ok_or("PostgreSQL did not start")?.to_owned())
}

fn services(command: &str) -> Command {
    let mut services = Command::new(SERVICES);
    services.env_remove("SEKISHO_TEST_POSTGRES").arg(command).arg(parent_id().to_string());
    services
}
