//! Table `leases`: which node does what is to be done once.

use super::{On, StoreResult, Tx, sql};

/// Who cleans up and rotates keys when it is time.
pub const SCHEDULE: &str = "schedule";

/// The holder, if there is one.
///
/// # Errors
/// When the database can't be read.
pub async fn holder(db: On<'_>, name: &str) -> StoreResult<Option<String>> {
    let row: Option<(String,)> = sql!(db, fetch_optional, "SELECT holder FROM leases WHERE name = $1", name)?;
    Ok(row.map(|(holder,)| holder).filter(|holder| !holder.is_empty()))
}

/// Takes a lease from its former holder; whether it was still theirs.
///
/// # Errors
/// When the row can't be written.
pub async fn take(tx: &mut Tx, name: &str, former: Option<&str>, new: &str) -> StoreResult<bool> {
    let taken: u64 = sql!(
        tx.on(),
        execute,
        "UPDATE leases SET holder = $1 WHERE name = $2 AND holder = $3",
        new,
        name,
        former.unwrap_or_default()
    )?;
    Ok(taken == 1)
}
