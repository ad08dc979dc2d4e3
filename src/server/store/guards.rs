//! Table `guards`: rows that stand for an invariant over several rows.

use super::{StoreResult, Tx, sql};

/// What a transaction wants to find as it leaves it.
#[derive(Clone, Copy, Debug)]
pub enum Guard {
    /// There is an admin who is not locked.
    Admins,
    /// There is one keyring.
    Keys,
    /// A fresh database gets one first account.
    Accounts,
}

/// Writes a row that stands for nothing, to see whether rows can be written.
///
/// # Errors
/// When they can't.
pub async fn rewrite(tx: &mut Tx) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO guards (name, n) VALUES ('none', 0) ON CONFLICT (name) DO UPDATE SET n = guards.n + 1"
    )
    .map(drop)
}

/// Holds the guard until the transaction ends: others who depend on the same wait.
///
/// # Errors
/// When the row can't be written.
pub async fn hold(tx: &mut Tx, guard: Guard) -> StoreResult<()> {
    let name = match guard {
        Guard::Admins => "admins",
        Guard::Keys => "keys",
        Guard::Accounts => "accounts",
    };
    sql!(tx.on(), execute, "UPDATE guards SET n = n + 1 WHERE name = $1", name).map(drop)
}
