//! How the list of users is read.
//!
//! What a filter finds is either much or little. Much is met soon on the way along the index of the order asked for. Little is
//! fetched by the filter's own index and sorted afterwards. Which it is, is found out by counting up to [`FEW`].
//!
//! Many who begin alike stand together in the order of their e-mails or names, and the way there may lead past all the others:
//! they are met by their own indexes.

use sqlx::FromRow;

use super::{Listed, Wanted};
use crate::{
    domain::{
        role::Role,
        time::Timestamp,
        user_filter::{Filter, Sort},
    },
    server::store::{Db, On, StoreResult, sql, users::Row},
};

/// As many are fetched and sorted at once.
pub const FEW: i64 = 1000;

#[derive(FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    row: Row,
    live_sessions: i64,
    last_active_at: Option<i64>,
    last_seen_at: i64,
    name_key: String,
}

impl ListedRow {
    fn read(self) -> StoreResult<Listed> {
        Ok(Listed {
            user: self.row.read()?,
            live_sessions: self.live_sessions,
            last_active_at: self.last_active_at.map(Timestamp),
            last_seen_at: self.last_seen_at,
            name_key: self.name_key,
        })
    }
}

/// What else a filter asks for than a beginning. What it does not ask for is not read, and none of it takes the place of the index
/// that sorts.
macro_rules! narrowed {
    () => {
        " AND ($3 = '' OR role = $3)
          AND ($4 = '' OR ($4 = 'yes') = (locked_at IS NOT NULL))
          AND ($5 = '' OR ($5 = 'yes') = EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = users.id
            AND s.ended_at IS NULL AND s.expires_at > $8 AND s.idle_end_at > $8 AND s.absolute_end_at > $8))
          AND ($6 = -1 OR (last_seen_at >= $6 AND last_seen_at < $7)) "
    };
}

/// The text of a list: which rows, from where, in which order. `$1` to `$8` are the filter, `$9` the limit.
macro_rules! list {
    ($which:expr, $order:literal) => {
        concat!(
            "SELECT id, email, display_name, role, version, locked_at, created_at, last_seen_at, name_key,
               (SELECT COUNT(*) FROM sessions s WHERE s.user_id = users.id AND s.ended_at IS NULL
                  AND s.expires_at > $8 AND s.idle_end_at > $8 AND s.absolute_end_at > $8) AS live_sessions,
               (SELECT MAX(s.last_active_at) FROM sessions s WHERE s.user_id = users.id) AS last_active_at
             FROM users WHERE ",
            $which,
            " AND ($1 = '' OR (email >= $1 AND email < $2) OR (name_key >= $1 AND name_key < $2))",
            narrowed!(),
            $order,
            " LIMIT $9"
        )
    };
}

/// Which begin so: the first of those by e-mail and the first of those by name, each from where and in which order. What is
/// put together with `''` is read by no index.
macro_rules! beginning {
    ($by_email:literal, $email_order:literal, $by_name:literal, $name_order:literal) => {
        concat!(
            "id IN (SELECT id FROM (SELECT id FROM users WHERE email >= $1 AND email < $2 AND ",
            $by_email,
            narrowed!(),
            $email_order,
            " LIMIT $9) AS by_email
             UNION SELECT id FROM (SELECT id FROM users WHERE name_key >= $1 AND name_key < $2 AND ",
            $by_name,
            narrowed!(),
            $name_order,
            " LIMIT $9) AS by_name)"
        )
    };
}

/// The filter as its parameters.
struct Bound {
    prefix: String,
    prefix_end: String,
    role: &'static str,
    locked: &'static str,
    live: &'static str,
    seen_from: i64,
    seen_before: i64,
    now: i64,
}

impl Bound {
    fn of(filter: &Filter, now: Timestamp) -> Self {
        let yes_or_no = |asked: Option<bool>| asked.map_or("", |yes| if yes { "yes" } else { "no" });
        let (from, before) = filter.seen.map_or((Timestamp(-1), Timestamp::NEVER), |seen| seen.between(now));
        Self {
            prefix: filter.prefix.clone(),
            prefix_end: end_of(&filter.prefix),
            role: filter.role.map_or("", Role::as_str),
            locked: yes_or_no(filter.locked),
            live: yes_or_no(filter.live),
            seen_from: from.0,
            seen_before: before.0,
            now: now.0,
        }
    }
}

/// After all that begins with `prefix`, in the order of bytes.
fn end_of(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

/// Runs one of the texts above with the filter, and what else it needs.
macro_rules! select {
    ($db:expr, $wanted:expr, $limit:expr, $text:expr $(, $value:expr)*) => {{
        let bound = Bound::of(&$wanted.filter, $wanted.now);
        let rows: StoreResult<Vec<ListedRow>> = sql!(
            $db, fetch_all, $text, &bound.prefix, &bound.prefix_end, bound.role, bound.locked, bound.live,
            bound.seen_from, bound.seen_before, bound.now, $limit $(, $value)*
        );
        rows
    }};
}

/// Along the index of the order.
///
/// # Errors
/// When the database can't be read.
pub async fn along(db: On<'_>, wanted: &Wanted<'_>) -> StoreResult<Vec<Listed>> {
    let (id, key) = wanted.after.split_once(' ').unwrap_or_default();
    let before: i64 = key.parse().unwrap_or(i64::MAX);
    let all = wanted.filter.prefix.is_empty();
    let limit = wanted.limit;
    let rows = match wanted.sort {
        Sort::Email if all => select!(db, wanted, limit, list!("email > $10", "ORDER BY email"), wanted.after),
        Sort::Email => {
            const TEXT: &str = list!(
                beginning!("email > $10", "ORDER BY email", "email || '' > $10", "ORDER BY email || ''"),
                "ORDER BY email"
            );
            select!(db, wanted, limit, TEXT, wanted.after)
        }
        Sort::Name if all => {
            select!(db, wanted, limit, list!("(name_key, id) > ($10, $11)", "ORDER BY name_key, id"), key, id)
        }
        Sort::Name => {
            const TEXT: &str = list!(
                beginning!(
                    "(name_key || '', id) > ($10, $11)",
                    "ORDER BY name_key || '', id",
                    "(name_key, id) > ($10, $11)",
                    "ORDER BY name_key, id"
                ),
                "ORDER BY name_key, id"
            );
            select!(db, wanted, limit, TEXT, key, id)
        }
        Sort::Seen => {
            const TEXT: &str = list!("(last_seen_at, id) < ($10, $11)", "ORDER BY last_seen_at DESC, id DESC");
            select!(db, wanted, limit, TEXT, before, id)
        }
        Sort::Created => {
            const TEXT: &str = list!("(created_at, id) < ($10, $11)", "ORDER BY created_at DESC, id DESC");
            select!(db, wanted, limit, TEXT, before, id)
        }
    };
    rows?.into_iter().map(ListedRow::read).collect()
}

/// All that the filter finds, if one of its conditions finds few.
///
/// # Errors
/// When the database can't be read.
pub async fn few(db: &Db, wanted: &Wanted<'_>) -> StoreResult<Option<Vec<Listed>>> {
    let filter = wanted.filter;
    let mut rows = None;
    if !filter.prefix.is_empty() && few_begin_with(db, &filter.prefix).await? {
        rows = Some(select!(
            db.read(),
            wanted,
            FEW,
            list!(
                "id IN (SELECT id FROM users WHERE email >= $1 AND email < $2
                UNION SELECT id FROM users WHERE name_key >= $1 AND name_key < $2)",
                ""
            )
        )?);
    }
    if rows.is_none() && filter.role.is_some_and(|role| role != Role::User) {
        rows = limited(select!(db.read(), wanted, FEW + 1, list!("role = $3 AND role <> 'user'", ""))?);
    }
    if rows.is_none() && filter.locked == Some(true) {
        rows = limited(select!(db.read(), wanted, FEW + 1, list!("locked_at IS NOT NULL", ""))?);
    }
    if rows.is_none() && filter.live == Some(true) && few_are_live(db).await? {
        rows = Some(select!(
            db.read(),
            wanted,
            FEW,
            list!("id IN (SELECT user_id FROM sessions WHERE due_at < $10)", ""),
            Timestamp::NEVER.0
        )?);
    }
    if rows.is_none() && filter.seen.is_some() && few_were_seen(db, filter, wanted.now).await? {
        rows = Some(select!(
            db.read(),
            wanted,
            FEW,
            list!("id IN (SELECT id FROM users WHERE last_seen_at >= $6 AND last_seen_at < $7)", "")
        )?);
    }
    rows.map(|rows| rows.into_iter().map(ListedRow::read).collect()).transpose()
}

fn limited(rows: Vec<ListedRow>) -> Option<Vec<ListedRow>> {
    i64::try_from(rows.len()).is_ok_and(|found| found <= FEW).then_some(rows)
}

async fn few_begin_with(db: &Db, prefix: &str) -> StoreResult<bool> {
    let (found,): (i64,) = sql!(
        db.read(),
        fetch_one,
        "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM users WHERE email >= $1 AND email < $2 LIMIT $3) AS by_email)
           + (SELECT COUNT(*) FROM (SELECT 1 FROM users WHERE name_key >= $1 AND name_key < $2 LIMIT $3) AS by_name)",
        prefix,
        end_of(prefix),
        FEW
    )?;
    Ok(found < FEW)
}

async fn few_are_live(db: &Db) -> StoreResult<bool> {
    let (found,): (i64,) = sql!(
        db.read(),
        fetch_one,
        "SELECT COUNT(*) FROM (SELECT 1 FROM sessions WHERE due_at < $1 LIMIT $2) AS live",
        Timestamp::NEVER.0,
        FEW
    )?;
    Ok(found < FEW)
}

async fn few_were_seen(db: &Db, filter: &Filter, now: Timestamp) -> StoreResult<bool> {
    let bound = Bound::of(filter, now);
    let (found,): (i64,) = sql!(
        db.read(),
        fetch_one,
        "SELECT COUNT(*) FROM (SELECT 1 FROM users WHERE last_seen_at >= $1 AND last_seen_at < $2 LIMIT $3) AS seen",
        bound.seen_from,
        bound.seen_before,
        FEW
    )?;
    Ok(found < FEW)
}
