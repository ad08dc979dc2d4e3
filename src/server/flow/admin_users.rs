//! The admin's view of users and their sessions.

use crate::{
    api::{
        ApiError, ApiResult,
        admin::{SessionRow, UserDetail, UserPage, UserRow},
    },
    domain::{
        ids::UserId,
        lifetimes::first_end,
        role::Action,
        session::SessionState,
        time::Timestamp,
        user_filter::{Asked, Filter, Sort},
    },
    server::{
        context::{Actor, RequestContext},
        device,
        flow::{
            audit_log::allow,
            paging::{next_cursor, page_size, place},
        },
        store::{
            sessions::{self, Session},
            user_list::{self, Found, Listed, Wanted},
            users::{self, User},
        },
    },
};

const SESSIONS_SHOWN: i64 = 100;

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

/// # Errors
/// `forbidden`, `not_found`, `unavailable`.
pub async fn detail(cx: &RequestContext, actor: &Actor, user_id: &str) -> ApiResult<UserDetail> {
    allow(cx, actor, Action::ViewUsers).await?;
    let id = UserId::parse(user_id).ok_or(ApiError::NotFound)?;
    let user = users::find(cx.state.db.read(), &id).await?.ok_or(ApiError::NotFound)?;
    let live = sessions::list_live(cx.state.db.read(), &id, cx.now).await?.len();
    let sessions = sessions::list_recent(cx.state.db.read(), &id, SESSIONS_SHOWN).await?;
    let last_active_at = sessions.iter().map(|session| session.last_active_at).max();
    let mut shown: Vec<SessionRow> = sessions.iter().map(|session| session_row(cx, session)).collect();
    shown.sort_by_key(|session| session.ended.is_some());
    Ok(UserDetail {
        own: id == actor.claims().sub,
        manageable: actor.claims().role.may(Action::ManageAccounts),
        user: row(user, i64::try_from(live).unwrap_or(i64::MAX), last_active_at),
        sessions: shown,
        server_now: cx.now.0,
    })
}

fn row(user: User, live_sessions: i64, last_active_at: Option<Timestamp>) -> UserRow {
    UserRow {
        id: user.id.to_string(),
        email: user.email,
        display_name: user.display_name,
        role: user.role,
        locked: user.locked_at.is_some(),
        live_sessions,
        created_at: user.created_at.0,
        last_active_at: last_active_at.map(|at| at.0),
    }
}

fn session_row(cx: &RequestContext, session: &Session) -> SessionRow {
    let ended = match session.state(cx.now) {
        SessionState::Live => None,
        SessionState::Ended(reason) => Some(reason),
    };
    let by_time = ended.map(|_| first_end(session.ends));
    SessionRow {
        session_id: session.id.to_string(),
        label: device::label(&session.user_agent),
        address: session.address.clone(),
        signed_in_at: session.signed_in_at.0,
        last_active_at: session.last_active_at.0,
        ends_at: first_end(session.ends).finite(),
        life_left_percent: if ended.is_some() {
            0
        } else {
            cx.state.config.lifetimes.life_left_percent(session.ends, session.remembered, cx.now)
        },
        ended,
        ended_at: session.ended.map(|(at, _)| at).or(by_time).map(|at| at.0),
    }
}
