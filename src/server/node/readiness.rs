//! Whether this node can serve: it reads and writes the database, as sign-in and refresh do.
//!
//! Anyone may ask, so that it is found out once a second at most, by one for all who ask meanwhile.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

use crate::server::store::{Db, Fault, guards};

const KEPT: Duration = Duration::from_secs(1);

#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, Option<Fault>)>>);

impl Readiness {
    /// What is wrong, if anything.
    pub async fn fault(&self, db: &Db) -> Option<Fault> {
        let mut known = self.0.lock().await;
        if let Some((at, fault)) = *known
            && at.elapsed() < KEPT
        {
            return fault;
        }
        let tried = db.write(|tx| Box::pin(async move { guards::rewrite(tx).await })).await;
        let fault = tried.err().map(|error| error.fault());
        *known = Some((Instant::now(), fault));
        fault
    }
}
