//! A write in progress, on either database.

use sqlx::SqliteConnection;

use super::{On, StoreResult, postgres::Lent, revocations};
use crate::domain::{ids::UserId, revocation::Revocation};

pub(super) enum Conn {
    Sqlite(SqliteConnection),
    Postgres(Lent),
}

/// What an intent writes through. Only the writers of this folder make one, so that no write bypasses them.
pub struct Tx {
    pub(super) conn: Conn,
    pub(super) revocations: Vec<Revocation>,
    pub(super) changed: Vec<UserId>,
}

impl Tx {
    pub(super) fn new(conn: Conn) -> Self {
        Self { conn, revocations: Vec::new(), changed: Vec::new() }
    }

    pub(super) fn on(&mut self) -> On<'_> {
        match &mut self.conn {
            Conn::Sqlite(conn) => On::SqliteTx(conn),
            Conn::Postgres(conn) => On::PostgresTx(conn),
        }
    }

    /// For reads that the write depends on.
    pub fn read(&mut self) -> On<'_> {
        self.on()
    }

    /// Publishes a revocation with this write: numbered as its last statement, in force once it is committed.
    pub fn revoke(&mut self, revocation: Revocation) {
        self.revocations.push(revocation);
    }

    /// Has those who look on told, once this is committed, that what is shown of this user or of their sessions is
    /// another. It says nothing that decides anything: to be told once too often, as after an intent that was taken
    /// back, costs a look.
    pub(super) fn changed(&mut self, user: &UserId) {
        if !self.changed.contains(user) {
            self.changed.push(user.clone());
        }
    }

    /// Numbers and writes the revocations published since there were `published`.
    pub(super) async fn number_revocations(&mut self, published: usize) -> StoreResult<()> {
        let own = self.revocations.split_off(published);
        let numbered = revocations::append(self, &own).await;
        self.revocations.extend(own);
        numbered
    }
}
