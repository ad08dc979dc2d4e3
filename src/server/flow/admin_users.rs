//! The list of users. The page of one of them is `user_page.rs`.

use std::time::Duration;

use tokio::sync::Mutex;

use crate::{
    api::{ApiError, ApiResult, admin::UserPage},
    domain::{
        role::Action,
        time::Timestamp,
        user_filter::{Asked, Filter, Sort},
    },
    server::{
        context::{Actor, RequestContext},
        flow::{
            audit_log::allow,
            paging::{next_cursor, page_size, place},
            user_page::row,
        },
        store::{
            Db, StoreResult,
            user_list::{self, Found, Listed, Wanted},
        },
    },
};

/// Among so many an account more or less is no news.
const MANY: i64 = 10_000;
const COUNTED_FOR: Duration = Duration::from_secs(60);

/// How many accounts there are. Many are counted once a minute: PostgreSQL looks at each of them.
#[derive(Default)]
pub struct Headcount(Mutex<Option<(i64, Timestamp)>>);

impl Headcount {
    /// Whoever asks while others count waits for what they find.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn now(&self, db: &Db, now: Timestamp) -> StoreResult<i64> {
        let mut last = self.0.lock().await;
        if let Some((count, at)) = *last
            && count >= MANY
            && now.since(at) < COUNTED_FOR
        {
            return Ok(count);
        }
        let count = user_list::count(db.read()).await?;
        *last = Some((count, now));
        Ok(count)
    }
}

/// # Errors
/// `forbidden`, `invalid` (the field), `unavailable`.
pub async fn list(
    cx: &RequestContext,
    actor: &Actor,
    asked: &Asked,
    (cursor, limit): (&str, &str),
) -> ApiResult<UserPage> {
    allow(cx, actor, Action::ViewUsers).await?;
    let filter = Filter::parse(asked).map_err(|field| ApiError::invalid(field, "unknown"))?;
    let sort = Sort::parse(&asked.sort).ok_or_else(|| ApiError::invalid("sort", "unknown"))?;
    let limit = page_size(limit)?;
    let wanted = Wanted { filter: &filter, sort, after: place(cursor)?, limit: limit + 1, now: cx.now };
    let Found { mut users, mut total } = user_list::page(&cx.state.db, &wanted).await?;
    if filter.is_empty() {
        total = Some(cx.state.headcount.now(&cx.state.db, cx.now).await?);
    }
    let next = next_cursor(&mut users, limit, |last| user_list::cursor(last, sort));
    let row = |Listed { user, live_sessions, last_active_at, .. }| row(user, live_sessions, last_active_at);
    let role = actor.claims().role;
    Ok(UserPage {
        items: users.into_iter().map(row).collect(),
        next,
        total,
        manageable: role.may(Action::ManageAccounts),
        exportable: role.may(Action::ExportUsers),
        server_now: cx.now.0,
    })
}
