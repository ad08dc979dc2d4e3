//! Table `activity`: how much happened, by the minute and by the hour.

use super::{On, StoreError, StoreResult, Tx, sql};
use crate::domain::{
    activity::{Count, Grain, Kind, Range},
    time::Timestamp,
};

/// Counts `n` more of a kind.
///
/// # Errors
/// When the rows can't be written.
pub async fn count(tx: &mut Tx, more: Count) -> StoreResult<()> {
    for grain in Grain::ALL {
        sql!(
            tx.on(),
            execute,
            "INSERT INTO activity (grain, at, kind, n) VALUES ($1, $2, $3, $4)
             ON CONFLICT (grain, at, kind) DO UPDATE SET n = activity.n + excluded.n",
            grain.as_str(),
            grain.floor(more.at).0,
            more.kind.as_str(),
            more.n
        )?;
    }
    Ok(())
}

/// Writes down a level, in place of an earlier one of the same minute; of an hour the highest stays.
///
/// # Errors
/// When the rows can't be written.
pub async fn level(tx: &mut Tx, seen: Count) -> StoreResult<()> {
    for grain in Grain::ALL {
        sql!(
            tx.on(),
            execute,
            "INSERT INTO activity (grain, at, kind, n) VALUES ($1, $2, $3, $4)
             ON CONFLICT (grain, at, kind) DO UPDATE SET
               n = CASE WHEN excluded.grain = 'hour' AND activity.n > excluded.n THEN activity.n ELSE excluded.n END",
            grain.as_str(),
            grain.floor(seen.at).0,
            seen.kind.as_str(),
            seen.n
        )?;
    }
    Ok(())
}

/// What a range needs, as finely as it was asked for.
///
/// # Errors
/// When the database can't be read.
pub async fn read(db: On<'_>, range: Range, now: Timestamp) -> StoreResult<Vec<Count>> {
    let rows: Vec<(i64, String, i64)> = sql!(
        db,
        fetch_all,
        "SELECT at, kind, n FROM activity WHERE grain = $1 AND at >= $2 AND at <= $3 ORDER BY at",
        range.grain().as_str(),
        range.from(now).0,
        now.0
    )?;
    rows.into_iter()
        .map(|(at, kind, n)| {
            let kind = Kind::parse(&kind).ok_or(StoreError::Inconsistent { table: "activity", column: "kind" })?;
            Ok(Count { at: Timestamp(at), kind, n })
        })
        .collect()
}

/// The newest level since `since`.
///
/// # Errors
/// When the database can't be read.
pub async fn newest_level(db: On<'_>, since: Timestamp) -> StoreResult<Option<i64>> {
    let row: Option<(i64,)> = sql!(
        db,
        fetch_optional,
        "SELECT n FROM activity WHERE grain = 'minute' AND kind = 'live' AND at >= $1 ORDER BY at DESC LIMIT 1",
        since.0
    )?;
    Ok(row.map(|(n,)| n))
}
