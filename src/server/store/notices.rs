//! Word from PostgreSQL that something was revoked, sent with the commit of it (`LISTEN`, `NOTIFY`). It only hurries the
//! poll: a notice that is lost costs its second, and SQLite sends none.
//!
//! Beside it goes whose sessions or account changed, for pages that show them: nothing depends on it, and what is lost
//! is lost.

use std::{sync::Arc, time::Duration};

use sqlx::{
    Executor as _,
    postgres::{PgListener, PgNotification},
};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{StoreResult, Tx, patience::PATIENCE, postgres::Postgres, tx::Conn};
use crate::domain::ids::UserId;

/// Known to every session of a database; what is not ours costs a look.
const CHANNEL: &str = "sekisho_revocations";
/// Carries the id of a user.
const CHANGES: &str = "sekisho_changes";
/// Ends a transaction that revoked something.
pub(super) const COMMIT: &str = "NOTIFY sekisho_revocations; COMMIT";
/// Before another attempt to listen.
const PAUSE: Duration = Duration::from_secs(1);
/// After so long without a notice the connection is asked whether it is still there: a firewall may have forgotten it.
const ASK_AFTER: Duration = Duration::from_secs(10);

/// Told of a change that any node made.
pub type OnChange = Arc<dyn Fn(&UserId) + Send + Sync>;

/// Sends word of what a transaction changed, once it is committed: a notice makes commits wait for each other, and a
/// sign-in is not to wait for this.
pub(super) async fn tell_changes(tx: &mut Tx) -> StoreResult<()> {
    if let Conn::Postgres(conn) = &mut tx.conn {
        for user in &tx.changed {
            let told = sqlx::query("SELECT pg_notify('sekisho_changes', $1)").bind(user.as_str());
            told.execute(&mut **conn).await?;
        }
    }
    Ok(())
}

pub struct Notices(Option<Arc<Notify>>);

impl Notices {
    /// None will come.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Listens on a connection of its own, again and again, until `stop`.
    pub(super) fn of(server: Postgres, on_change: OnChange, stop: CancellationToken) -> Self {
        let heard = Arc::new(Notify::new());
        let told = Arc::clone(&heard);
        tokio::spawn(async move { Box::pin(stop.run_until_cancelled(listen(server, told, on_change))).await });
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

async fn listen(server: Postgres, heard: Arc<Notify>, on_change: OnChange) {
    loop {
        if let Err(error) = Box::pin(listen_once(&server, &heard, &on_change)).await {
            tracing::debug!(%error, "no notices of the database are heard");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(server: &Postgres, heard: &Notify, on_change: &OnChange) -> Result<(), sqlx::Error> {
    // A pool for each time: a connection that was forgotten may take a quarter of an hour to end.
    let mut listener = in_time(Box::pin(PgListener::connect_with(&server.apart().pool))).await?;
    in_time(Box::pin(listener.listen_all([CHANNEL, CHANGES]))).await?;
    // What came before it was listened for.
    heard.notify_one();
    loop {
        match timeout(ASK_AFTER, listener.try_recv()).await {
            Ok(Ok(Some(notice))) => pass_on(&notice, heard, on_change),
            Ok(lost) => return lost.map(drop),
            Err(_) => {
                in_time(listener.execute("SELECT 1")).await?;
            }
        }
    }
}

async fn in_time<T>(run: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(PATIENCE, run).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

fn pass_on(notice: &PgNotification, heard: &Notify, on_change: &OnChange) {
    if notice.channel() == CHANNEL {
        heard.notify_one();
    } else if let Some(user) = UserId::parse(notice.payload()) {
        on_change(&user);
    }
}
