//! Word from PostgreSQL that something was revoked, sent with the commit of it (`LISTEN`, `NOTIFY`). It only hurries the
//! poll: a notice that is lost costs its second, and SQLite sends none.

use std::{sync::Arc, time::Duration};

use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Known to every session of a database; what is not ours costs a look.
const CHANNEL: &str = "sekisho_revocations";
/// Ends a transaction that revoked something.
pub(super) const COMMIT: &str = "NOTIFY sekisho_revocations; COMMIT";
/// Before another attempt to listen.
const PAUSE: Duration = Duration::from_secs(1);

pub struct Notices(Option<Arc<Notify>>);

impl Notices {
    /// None will come.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Listens on a connection of its own, again and again, until `stop`.
    pub(super) fn of(pool: PgPool, stop: CancellationToken) -> Self {
        let heard = Arc::new(Notify::new());
        let told = Arc::clone(&heard);
        tokio::spawn(async move { Box::pin(stop.run_until_cancelled(listen(pool, told))).await });
        Self(Some(heard))
    }

    /// The next one, and several at once as one.
    pub async fn next(&mut self) {
        match &self.0 {
            Some(heard) => heard.notified().await,
            None => std::future::pending().await,
        }
    }
}

async fn listen(pool: PgPool, heard: Arc<Notify>) {
    loop {
        if let Err(error) = listen_once(&pool, &heard).await {
            tracing::debug!(%error, "no notices of the database are heard");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(pool: &PgPool, heard: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = Box::pin(PgListener::connect_with(pool)).await?;
    listener.listen(CHANNEL).await?;
    // What came before it was listened for.
    heard.notify_one();
    while listener.try_recv().await?.is_some() {
        heard.notify_one();
    }
    Ok(())
}
