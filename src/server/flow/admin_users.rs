//! The admin's view of users and their sessions.

use crate::{
    api::{
        ApiError, ApiResult,
        admin::{Page, SessionRow, UserDetail, UserRow},
    },
    domain::{ids::UserId, lifetimes::first_end, role::Action, session::SessionState},
    server::{
        context::{Actor, RequestContext},
        device,
        flow::{
            audit_log::allow,
            paging::{next_cursor, page_size},
        },
        store::{
            sessions::{self, Session},
            users::{self, ListQuery, Listed},
        },
    },
};

const SESSIONS_SHOWN: i64 = 100;

/// # Errors
/// `forbidden`, `invalid` (`limit`), `unavailable`.
pub async fn list(
    cx: &RequestContext,
    actor: &Actor,
    query: &str,
    cursor: &str,
    limit: &str,
) -> ApiResult<Page<UserRow>> {
    allow(cx, actor, Action::ViewUsers).await?;
    let limit = page_size(limit)?;
    let prefix = query.trim().to_lowercase();
    let query = ListQuery { prefix: &prefix, after_email: cursor, limit: limit + 1, now: cx.now };
    let mut rows = users::list(cx.state.db.read(), &query).await?;
    let next = next_cursor(&mut rows, limit, |row| row.user.email.clone());
    Ok(Page { items: rows.into_iter().map(row).collect(), next, server_now: cx.now.0 })
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
    let listed = Listed { user, live_sessions: i64::try_from(live).unwrap_or(i64::MAX), last_active_at };
    Ok(UserDetail {
        own: id == actor.claims().sub,
        manageable: actor.claims().role.may(Action::ManageAccounts),
        user: row(listed),
        sessions: shown,
        server_now: cx.now.0,
    })
}

fn row(listed: Listed) -> UserRow {
    UserRow {
        id: listed.user.id.to_string(),
        email: listed.user.email,
        display_name: listed.user.display_name,
        role: listed.user.role,
        locked: listed.user.locked_at.is_some(),
        live_sessions: listed.live_sessions,
        created_at: listed.user.created_at.0,
        last_active_at: listed.last_active_at.map(|at| at.0),
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
