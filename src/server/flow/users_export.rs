//! The list of users as CSV, a batch at a time.
//!
//! In the order of e-mails, whatever order the list is looked at in: an e-mail stays, so whoever is there from the beginning to the
//! end is in it once, also if they act meanwhile.

use futures::{Stream, StreamExt as _, stream};

use crate::{
    api::{ApiError, ApiResult},
    domain::{
        audit::Event,
        csv,
        role::Action,
        time::Timestamp,
        user_filter::{Asked, Filter, Sort},
    },
    server::{
        clock,
        context::{Actor, RequestContext},
        flow::{
            audit_log,
            export::{self, Broken},
        },
        store::{
            Db, StoreResult,
            user_list::{self, Listed, Wanted},
        },
    },
};

/// Rows in a batch: a filter that finds few among many still answers in time.
const BATCH: i64 = 200;
/// Names of columns stay what they are; new ones come last.
const COLUMNS: [&str; 8] =
    ["id", "email", "display_name", "role", "locked", "live_sessions", "last_active_at", "created_at"];

/// What the filter finds, once it is written down that it was taken out.
///
/// # Errors
/// `forbidden`, `invalid` as for the list, `unavailable`.
pub async fn export(
    cx: &RequestContext,
    actor: &Actor,
    asked: &Asked,
) -> ApiResult<impl Stream<Item = Result<String, Broken>> + Send + 'static + use<>> {
    audit_log::allow(cx, actor, Action::ExportUsers).await?;
    let filter = Filter::parse(asked).map_err(|field| ApiError::invalid(field, "unknown"))?;
    Sort::parse(&asked.sort).ok_or_else(|| ApiError::invalid("sort", "unknown"))?;
    export::write_down(cx, Event::UsersExport, &asked.pairs()).await?;
    let now = cx.now;
    let batches = export::batches(cx, actor, Some((filter, String::new())), move |state, (filter, after)| async move {
        let Some((rows, next)) = batch(&state.db, &filter, &after, now).await? else { return Ok(None) };
        let lines = rows.iter().map(line).collect();
        Ok(Some((lines, next.map(|after| (filter, after)))))
    });
    Ok(stream::once(async { Ok(head()) }).chain(batches))
}

/// The next users after `after`, and where the batch after them begins; nothing after the last.
///
/// # Errors
/// When the database can't be read.
pub async fn batch(
    db: &Db,
    filter: &Filter,
    after: &str,
    now: Timestamp,
) -> StoreResult<Option<(Vec<Listed>, Option<String>)>> {
    let wanted = Wanted { filter, sort: Sort::Email, after, limit: BATCH, now };
    let users = user_list::page(db, &wanted).await?.users;
    let more = i64::try_from(users.len()).is_ok_and(|users| users == BATCH);
    let Some(last) = users.last().map(|last| user_list::cursor(last, Sort::Email)) else { return Ok(None) };
    Ok(Some((users, more.then_some(last))))
}

/// The names of the columns, where the file begins.
#[must_use]
pub fn head() -> String {
    format!("{}{}", csv::MARK, csv::line(&COLUMNS))
}

/// A user's line; instants as RFC 3339 in UTC.
#[must_use]
pub fn line(listed: &Listed) -> String {
    let Listed { user, live_sessions, last_active_at, .. } = listed;
    let locked = if user.locked_at.is_some() { "true" } else { "false" };
    csv::line(&[
        user.id.as_str(),
        &user.email,
        &user.display_name,
        user.role.as_str(),
        locked,
        &live_sessions.to_string(),
        &last_active_at.map(clock::shown).unwrap_or_default(),
        &clock::shown(user.created_at),
    ])
}
