//! The desk's page of one person: their sessions, live and over, how sign-ins came out, what was done by them and to them,
//! alarms and notes. Each part is found by its own index and is as long as a page, whatever the tables hold.

use crate::{
    api::{
        ApiError, ApiResult,
        admin::{SessionRow, UserRow},
        audit::AuditRow,
        desk::UserDetail,
    },
    domain::{ids::UserId, lifetimes::first_end, role::Action, session::SessionState, time::Timestamp},
    server::{
        context::{Actor, RequestContext},
        device,
        flow::{
            alarms,
            audit_log::{self, allow},
            notes,
            paging::{next_cursor, place},
        },
        store::{
            audit::{self, Filter},
            password_due,
            sessions::{self, EndedSession, Session},
            users::{self, User},
        },
    },
};

const LIVE_SHOWN: i64 = 100;
const ENDED_SHOWN: i64 = 20;
const EVENTS_SHOWN: i64 = 10;

/// # Errors
/// `forbidden`, `invalid` (`cursor`), `not_found`, `unavailable`.
pub async fn read(cx: &RequestContext, actor: &Actor, user_id: &str, cursor: &str) -> ApiResult<UserDetail> {
    allow(cx, actor, Action::ViewUsers).await?;
    let id = UserId::parse(user_id).ok_or(ApiError::NotFound)?;
    let user = users::find(cx.state.db.read(), &id).await?.ok_or(ApiError::NotFound)?;
    let (sessions, next_ended, live) = read_sessions(cx, &id, place(cursor)?).await?;
    let seen = sessions.iter().map(|session| session.last_active_at).max();
    let (sign_ins, trail) = read_events(cx, actor, &id).await?;
    Ok(UserDetail {
        password_due_at: password_due::since(cx.state.db.read(), &id).await?.map(|at| at.0),
        sign_ins,
        trail,
        alarms: alarms::of_user(cx, &id).await?,
        notes: notes::list(cx, actor, &id).await?,
        own: id == actor.claims().sub,
        manageable: actor.claims().role.may(Action::ManageAccounts),
        kept: cx.state.config.strategy.keeps_sessions(),
        user: row(user, live, seen.map(Timestamp)),
        sessions,
        next_ended,
        server_now: cx.now.0,
    })
}

/// The live ones and a page of the others, the cursor of the next, and how many are live.
async fn read_sessions(
    cx: &RequestContext,
    user: &UserId,
    before: &str,
) -> ApiResult<(Vec<SessionRow>, Option<String>, i64)> {
    let db = &cx.state.db;
    let live = sessions::list_live_some(db.read(), user, cx.now, LIVE_SHOWN).await?;
    let mut count = i64::try_from(live.len()).unwrap_or(LIVE_SHOWN);
    if count == LIVE_SHOWN {
        count = sessions::count_live(db.read(), user, cx.now).await?;
    }
    let mut ended = sessions::list_ended(db.read(), user, before, cx.now, ENDED_SHOWN + 1).await?;
    let next = next_cursor(&mut ended, ENDED_SHOWN, |last| last.session.id.to_string());
    let live = live.iter().map(|session| session_row(cx, session, None));
    let ended = ended.into_iter().map(|EndedSession { session, message }| session_row(cx, &session, message));
    Ok((live.chain(ended).collect(), next, count))
}

/// How sign-ins came out, and what was done by this person and to them: for those who may look into the log.
async fn read_events(cx: &RequestContext, actor: &Actor, user: &UserId) -> ApiResult<(Vec<AuditRow>, Vec<AuditRow>)> {
    if !actor.claims().role.may(Action::ViewAudit) {
        return Ok((Vec::new(), Vec::new()));
    }
    let sign_ins = audit::sign_ins(cx.state.db.read(), user, EVENTS_SHOWN).await?;
    let filter = Filter { anyone: user.to_string(), ..Filter::default() };
    let trail = audit::list(cx.state.db.read(), &filter, "", EVENTS_SHOWN).await?;
    let told = |rows: Vec<audit::Listed>| rows.into_iter().map(audit_log::row).collect();
    Ok((told(sign_ins), told(trail)))
}

/// A user as the desk sees them.
#[must_use]
pub fn row(user: User, live_sessions: i64, last_active_at: Option<Timestamp>) -> UserRow {
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

fn session_row(cx: &RequestContext, session: &Session, message: Option<String>) -> SessionRow {
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
        message,
    }
}
