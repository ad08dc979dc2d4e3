//! The list of users: narrowed and sorted here, a page at a time, also among a million. How it is read is `user_list/reads.rs`.

mod reads;

use std::cmp::Reverse;

pub use reads::FEW;

use super::{Db, On, StoreResult, sql, users::User};
use crate::domain::{
    time::Timestamp,
    user_filter::{Filter, Sort},
};

/// A user in the list.
#[derive(Debug)]
pub struct Listed {
    pub user: User,
    pub live_sessions: i64,
    pub last_active_at: Option<Timestamp>,
    /// What the list is sorted by.
    last_seen_at: i64,
    name_key: String,
}

/// What a page asks for.
#[derive(Debug)]
pub struct Wanted<'a> {
    pub filter: &'a Filter,
    pub sort: Sort,
    /// Where the page before it ended ([`cursor`]); empty for the first.
    pub after: &'a str,
    pub limit: i64,
    pub now: Timestamp,
}

/// Some users, in order, and how many there are in all if those are few.
#[derive(Debug)]
pub struct Found {
    pub users: Vec<Listed>,
    pub total: Option<i64>,
}

/// Where a page ends that ends with this user.
#[must_use]
pub fn cursor(listed: &Listed, sort: Sort) -> String {
    let Listed { user, .. } = listed;
    match sort {
        Sort::Email => user.email.clone(),
        Sort::Name => format!("{} {}", user.id, listed.name_key),
        Sort::Seen => format!("{} {}", user.id, listed.last_seen_at),
        Sort::Created => format!("{} {}", user.id, user.created_at.0),
    }
}

/// A page of the list.
///
/// # Errors
/// When the database can't be read.
pub async fn page(db: &Db, wanted: &Wanted<'_>) -> StoreResult<Found> {
    if let Some(users) = reads::few(db, wanted).await? {
        let total = i64::try_from(users.len()).ok();
        return Ok(Found { users: cut(users, wanted), total });
    }
    Ok(Found { users: reads::along(db.read(), wanted).await?, total: None })
}

/// How many users there are.
///
/// # Errors
/// When the database can't be read.
pub async fn count(db: On<'_>) -> StoreResult<i64> {
    let (count,): (i64,) = sql!(db, fetch_one, "SELECT COUNT(*) FROM users")?;
    Ok(count)
}

/// The page that is wanted of all there are.
fn cut(mut users: Vec<Listed>, wanted: &Wanted<'_>) -> Vec<Listed> {
    let sort = wanted.sort;
    users.sort_by_cached_key(|user| place(user, sort));
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let after = |user: &Listed| wanted.after.is_empty() || place(user, sort) > place_after(wanted.after, sort);
    users.into_iter().filter(after).take(limit).collect()
}

/// Where a user stands in an order: by a number (the latest first), a text, and the id.
type Place = (Reverse<(i64, String)>, String, String);

fn place(listed: &Listed, sort: Sort) -> Place {
    place_after(&cursor(listed, sort), sort)
}

fn place_after(cursor: &str, sort: Sort) -> Place {
    let (id, key) = cursor.split_once(' ').unwrap_or_default();
    let none = || Reverse((0, String::new()));
    match sort {
        Sort::Email => (none(), cursor.to_owned(), String::new()),
        Sort::Name => (none(), key.to_owned(), id.to_owned()),
        Sort::Seen | Sort::Created => {
            (Reverse((key.parse().unwrap_or_default(), id.to_owned())), String::new(), String::new())
        }
    }
}
