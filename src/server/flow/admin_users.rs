//! The list of users. The page of one of them is `user_page.rs`.

use crate::{
    api::{ApiError, ApiResult, admin::UserPage},
    domain::{
        role::Action,
        user_filter::{Asked, Filter, Sort},
    },
    server::{
        context::{Actor, RequestContext},
        flow::{
            audit_log::allow,
            paging::{next_cursor, page_size, place},
            user_page::row,
        },
        store::user_list::{self, Found, Listed, Wanted},
    },
};

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
    let Found { mut users, total } = user_list::page(&cx.state.db, &wanted).await?;
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
