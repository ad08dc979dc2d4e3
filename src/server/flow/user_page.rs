//! The desk's page of one person: their sessions, live and over, how sign-ins came out, what was done by them and to them,
//! alarms and notes. Each part is found by its own index and is as long as a page, whatever the tables hold.

use crate::{
    api::{
        ApiError, ApiResult,
        admin::{SessionRow, UserRow},
        audit::AuditRow,
        desk::UserDetail,
    },
    domain::{
        access_claims::AccessClaims, ids::UserId, lifetimes::first_end, role::Action, session::SessionState,
        time::Timestamp,
    },
    server::{
        config::Config,
        context::{Actor, RequestContext},
        device,
        flow::{
            alarms,
            audit_log::{self, allow},
            notes,
            paging::{live_cursor, live_place, next_cursor, place},
        },
        store::{
            Db, StoreResult,
            audit::{self, Filter},
            password_due,
            sessions::{self, EndedSession, LivePage, LivePlace, Session},
            users::{self, User},
        },
    },
};

const LIVE_SHOWN: i64 = 100;
const ENDED_SHOWN: i64 = 20;
const EVENTS_SHOWN: i64 = 10;

/// Who looks, and at what. Without claims it is the machine's operator, who may see all of it.
pub struct Looking<'a> {
    pub db: &'a Db,
    pub config: &'a Config,
    pub now: Timestamp,
    pub by: Option<&'a AccessClaims>,
}

/// # Errors
/// `forbidden`, `invalid` (`cursor`), `not_found`, `unavailable`.
pub async fn read(
    cx: &RequestContext,
    actor: &Actor,
    user_id: &str,
    (ended, live): (&str, &str),
) -> ApiResult<UserDetail> {
    allow(cx, actor, Action::ViewUsers).await?;
    let id = UserId::parse(user_id).ok_or(ApiError::NotFound)?;
    let user = users::find(cx.state.db.read(), &id).await?.ok_or(ApiError::NotFound)?;
    let looking = Looking { db: &cx.state.db, config: &cx.state.config, now: cx.now, by: Some(actor.claims()) };
    let pages = Pages { ended_before: place(ended)?, live_after: live_place(live)? };
    Ok(look(&looking, user, &pages).await?)
}

/// Where the lists of sessions begin.
#[derive(Default)]
pub struct Pages<'a> {
    /// Of those that are over; empty for the newest.
    pub ended_before: &'a str,
    pub live_after: Option<LivePlace>,
}

/// The sessions of a page.
struct Read {
    /// Live ones, then the others.
    rows: Vec<SessionRow>,
    next_ended: Option<String>,
    next_live: Option<String>,
    /// How many are live on all pages.
    live: i64,
    last_active_at: Option<Timestamp>,
}

/// The page itself.
///
/// # Errors
/// When the database can't be read.
pub async fn look(looking: &Looking<'_>, user: User, pages: &Pages<'_>) -> StoreResult<UserDetail> {
    let (Looking { db, config, now, by }, id) = (looking, user.id.clone());
    let read = read_sessions(looking, &id, pages).await?;
    let (sign_ins, trail) = read_events(looking, &id).await?;
    Ok(UserDetail {
        password_due_at: password_due::since(db.read(), &id).await?.map(|at| at.0),
        sign_ins,
        trail,
        alarms: alarms::of_user(db, &id).await?,
        notes: notes::list(db, *by, &id).await?,
        own: by.is_some_and(|by| by.sub == id),
        manageable: looking.may(Action::ManageAccounts),
        kept: config.strategy.keeps_sessions(),
        user: row(user, read.live, read.last_active_at),
        sessions: read.rows,
        next_ended: read.next_ended,
        next_live: read.next_live,
        server_now: now.0,
    })
}

impl Looking<'_> {
    fn may(&self, action: Action) -> bool {
        self.by.is_none_or(|by| by.role.may(action))
    }
}

async fn read_sessions(looking: &Looking<'_>, user: &UserId, pages: &Pages<'_>) -> StoreResult<Read> {
    let (db, now, after) = (looking.db, looking.now, pages.live_after.as_ref());
    let page = LivePage { after, except: None, limit: LIVE_SHOWN + 1 };
    let mut live = sessions::list_live_some(db.read(), user, now, page).await?;
    let next_live = next_cursor(&mut live, LIVE_SHOWN, live_cursor);
    let mut ended = sessions::list_ended(db.read(), user, pages.ended_before, now, ENDED_SHOWN + 1).await?;
    let next_ended = next_cursor(&mut ended, ENDED_SHOWN, |last| last.session.id.to_string());
    // A later page holds neither all that are live nor the one that was active last.
    let first = match after {
        Some(_) => sessions::list_live_some(db.read(), user, now, LivePage { limit: 1, ..LivePage::default() }).await?,
        None => Vec::new(),
    };
    let count = match (after, &next_live) {
        (None, None) => i64::try_from(live.len()).unwrap_or(LIVE_SHOWN),
        _ => sessions::count_live(db.read(), user, now).await?,
    };
    let seen = first.iter().chain(&live).chain(ended.iter().map(|ended| &ended.session));
    let last_active_at = seen.map(|session| session.last_active_at).max();
    let live = live.iter().map(|session| session_row(looking, session, None));
    let ended = ended.into_iter().map(|EndedSession { session, message }| session_row(looking, &session, message));
    Ok(Read { rows: live.chain(ended).collect(), next_ended, next_live, live: count, last_active_at })
}

/// How sign-ins came out, and what was done by this person and to them: for those who may look into the log.
async fn read_events(looking: &Looking<'_>, user: &UserId) -> StoreResult<(Vec<AuditRow>, Vec<AuditRow>)> {
    if !looking.may(Action::ViewAudit) {
        return Ok((Vec::new(), Vec::new()));
    }
    let sign_ins = audit::sign_ins(looking.db.read(), user, EVENTS_SHOWN).await?;
    let filter = Filter { anyone: user.to_string(), ..Filter::default() };
    let trail = audit::list(looking.db.read(), &filter, "", EVENTS_SHOWN).await?;
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

fn session_row(looking: &Looking<'_>, session: &Session, message: Option<String>) -> SessionRow {
    let by_somebody = session.ended.map(|(_, reason)| reason);
    let ended = by_somebody.or(match session.state(looking.now) {
        SessionState::Live => None,
        SessionState::Ended(reason) => Some(reason),
    });
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
            looking.config.lifetimes.life_left_percent(session.ends, session.remembered, looking.now)
        },
        ended,
        ended_at: session.ended.map(|(at, _)| at).or(by_time).map(|at| at.0),
        message,
    }
}
