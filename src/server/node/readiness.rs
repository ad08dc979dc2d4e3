//! Whether this node can serve: its database is where it was opened, and it reads and writes it, as sign-in and refresh do.
//!
//! Anyone may ask, so that it is found out once a second at most, by one for all who ask meanwhile.

use std::{path::Path, time::Duration};

use tokio::{
    sync::Mutex,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use crate::server::{
    state::AppState,
    store::{Db, Fault, database_file::OpenedFile, guards},
};

const KEPT: Duration = Duration::from_secs(1);
/// How often the file is looked for, and how often it is said again that it is not there.
const LOOK: Duration = Duration::from_secs(1);
const SAY: Duration = Duration::from_mins(1);

pub struct Readiness {
    known: Mutex<Option<(Instant, Option<Fault>)>>,
    file: Option<OpenedFile>,
}

impl Readiness {
    /// Of a node that has just opened this file, or another kind of database.
    #[must_use]
    pub fn of(file: Option<&Path>) -> Self {
        Self { known: Mutex::default(), file: file.and_then(OpenedFile::at) }
    }

    /// What is wrong, if anything.
    pub async fn fault(&self, db: &Db) -> Option<Fault> {
        let mut known = self.known.lock().await;
        if let Some((at, fault)) = *known
            && at.elapsed() < KEPT
        {
            return fault;
        }
        // A file that has gone takes writes as before, and all of them are lost with this process.
        let fault = match self.file.as_ref().and_then(OpenedFile::fault) {
            Some(fault) => Some(fault),
            None => {
                db.write(|tx| Box::pin(async move { guards::rewrite(tx).await })).await.err().map(|error| error.fault())
            }
        };
        *known = Some((Instant::now(), fault));
        fault
    }
}

/// Says in the log when the database's file is gone or another, until `stop`.
pub async fn watch(state: AppState, stop: CancellationToken) {
    let Some(file) = &state.readiness.file else { return };
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said: Option<(Fault, Instant)> = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        match file.fault() {
            Some(fault) if said.is_none_or(|(known, at)| known != fault || at.elapsed() >= SAY) => {
                said = Some((fault, Instant::now()));
                say(file, fault);
            }
            None if said.take().is_some() => tracing::info!("the database file is in its place again"),
            Some(_) | None => {}
        }
    }
}

fn say(file: &OpenedFile, fault: Fault) {
    let what = if fault == Fault::Gone { "is gone" } else { "was replaced by another file" };
    tracing::error!(
        file = %file.path().display(),
        "the database file {what}: whatever is written from now on is lost when this server stops"
    );
}
