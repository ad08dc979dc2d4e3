//! Table `audit`: append only. Rows are written in the transaction of what they tell of.

use sqlx::FromRow;

use super::{END_OF_IDS, On, StoreResult, Tx, on::columns, sql};
use crate::domain::{
    audit::{Event, Outcome},
    audit_content::Content,
    ids::{SessionId, UserId},
    time::Timestamp,
};

/// One row. `detail` is evidence as JSON text, without secrets.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    pub at: Timestamp,
    pub event: Event,
    pub outcome: Outcome,
    pub actor: Option<UserId>,
    pub target: Option<UserId>,
    pub session: Option<SessionId>,
    pub address: Option<String>,
    pub device: Option<String>,
    pub request_id: Option<String>,
    pub detail: Option<String>,
}

impl Entry {
    /// What nobody asked for over the wire: neither actor nor request.
    #[must_use]
    pub fn of_system(id: String, at: Timestamp, event: Event) -> Self {
        Self {
            id,
            at,
            event,
            outcome: Outcome::Done,
            actor: None,
            target: None,
            session: None,
            address: None,
            device: None,
            request_id: None,
            detail: None,
        }
    }

    /// What is sealed of it.
    #[must_use]
    pub fn content(&self) -> Content<'_> {
        Content {
            id: &self.id,
            at: self.at.0,
            action: self.event.as_str(),
            outcome: self.outcome.as_str(),
            actor: self.actor.as_ref().map(UserId::as_str),
            target: self.target.as_ref().map(UserId::as_str),
            session: self.session.as_ref().map(SessionId::as_str),
            address: self.address.as_deref(),
            device: self.device.as_deref(),
            request_id: self.request_id.as_deref(),
            detail: self.detail.as_deref(),
        }
    }
}

/// # Errors
/// When the row can't be written.
pub async fn append(tx: &mut Tx, entry: &Entry) -> StoreResult<()> {
    sql!(tx.on(), execute, "INSERT INTO audit (id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", &entry.id, entry.at.0, entry.event.as_str(), entry.outcome.as_str(), entry.actor.as_ref().map(UserId::as_str), entry.target.as_ref().map(UserId::as_str), entry.session.as_ref().map(SessionId::as_str), &entry.address, &entry.device, &entry.request_id, &entry.detail)?;
    Ok(())
}

/// A row as it is listed, with the e-mails of actor and target, where they are known still.
#[derive(Debug, FromRow)]
pub struct Listed {
    pub id: String,
    pub at: i64,
    pub action: String,
    pub outcome: String,
    pub actor_id: Option<String>,
    pub target_id: Option<String>,
    pub session_id: Option<String>,
    pub address: Option<String>,
    pub device: Option<String>,
    pub request_id: Option<String>,
    pub detail: Option<String>,
    /// Its number, once it is sealed.
    pub seq: Option<i64>,
    pub actor: Option<String>,
    pub target: Option<String>,
}

/// Which rows are listed. What is empty filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The id of a session, an actor or a target.
    pub anyone: String,
    pub action: String,
    pub outcome: String,
    /// Ids of users.
    pub actor: String,
    pub target: String,
    pub session: String,
    /// Ids, which are in the order of time: from this one on, and those before this one.
    pub from: String,
    pub before: String,
}

/// The columns of a row itself.
macro_rules! own_columns {
    ($of:literal) => {
        columns!(
            $of, id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail, seq
        )
    };
}

/// The newest rows that all of the filter admits. Each text names besides the one condition that finds them.
macro_rules! rows {
    ($found_by:literal) => {
        concat!(
            "SELECT ",
            own_columns!(""),
            " FROM audit
             WHERE id < $1 AND id >= $2
               AND ($3 = '' OR session_id = $3 OR actor_id = $3 OR target_id = $3)
               AND ($4 = '' OR action = $4) AND ($5 = '' OR outcome = $5)
               AND ($6 = '' OR actor_id = $6) AND ($7 = '' OR target_id = $7) AND ($8 = '' OR session_id = $8)
               AND ",
            $found_by,
            " ORDER BY id DESC LIMIT $9"
        )
    };
}

/// The same with the e-mails, looked up for what is listed and no more.
macro_rules! listed {
    ($found_by:literal) => {
        listed!(@of rows!($found_by))
    };
    (@of $rows:expr) => {
        concat!(
            "SELECT ",
            own_columns!("page."),
            ", actor.email AS actor, target.email AS target FROM (",
            $rows,
            ") page
             LEFT JOIN users actor ON actor.id = page.actor_id
             LEFT JOIN users target ON target.id = page.target_id
             ORDER BY page.id DESC"
        )
    };
}

/// One after the other by its own index, each no further than to where the page can end.
macro_rules! of_anyone {
    () => {
        concat!(
            "SELECT ",
            own_columns!("found."),
            " FROM (SELECT ",
            own_columns!("by_session."),
            " FROM (",
            rows!("session_id = $3"),
            ") by_session UNION SELECT ",
            own_columns!("by_actor."),
            " FROM (",
            rows!("actor_id = $3"),
            ") by_actor UNION SELECT ",
            own_columns!("by_target."),
            " FROM (",
            rows!("target_id = $3"),
            ") by_target) found ORDER BY id DESC LIMIT $9"
        )
    };
}

/// The texts, each with the index it is found by.
pub const BY_SESSION: (&str, &str) = ("audit_of_session", listed!("session_id = $8"));
pub const BY_ACTOR: (&str, &str) = ("audit_of_actor", listed!("actor_id = $6"));
pub const BY_TARGET: (&str, &str) = ("audit_of_target", listed!("target_id = $7"));
pub const BY_ANYONE: (&str, &str) = ("audit_of_session", listed!(@of of_anyone!()));
pub const BY_REFUSED_ACTION: (&str, &str) = ("audit_refused_of_action", listed!("outcome = 'refused' AND action = $4"));
pub const BY_ACTION: (&str, &str) = ("audit_of_action", listed!("action = $4"));
pub const BY_REFUSAL: (&str, &str) = ("audit_refused", listed!("outcome = 'refused'"));
/// The newest first, as they lie.
pub const BY_TIME: (&str, &str) = ("audit", listed!("TRUE"));

impl Filter {
    /// What finds the fewest comes first.
    fn text(&self) -> &'static str {
        let refused = self.outcome == Outcome::Refused.as_str();
        let found_by = match self {
            Self { session, .. } if !session.is_empty() => BY_SESSION,
            Self { actor, .. } if !actor.is_empty() => BY_ACTOR,
            Self { target, .. } if !target.is_empty() => BY_TARGET,
            Self { anyone, .. } if !anyone.is_empty() => BY_ANYONE,
            Self { action, .. } if !action.is_empty() && refused => BY_REFUSED_ACTION,
            Self { action, .. } if !action.is_empty() => BY_ACTION,
            _ if refused => BY_REFUSAL,
            _ => BY_TIME,
        };
        found_by.1
    }
}

/// Newest first, those before `cursor` (empty for all).
///
/// # Errors
/// When the database can't be read.
pub async fn list(db: On<'_>, filter: &Filter, cursor: &str, limit: i64) -> StoreResult<Vec<Listed>> {
    let before = [cursor, filter.before.as_str()].into_iter().filter(|id| !id.is_empty()).min().unwrap_or(END_OF_IDS);
    sql!(
        db,
        fetch_all,
        filter.text(),
        before,
        &filter.from,
        &filter.anyone,
        &filter.action,
        &filter.outcome,
        &filter.actor,
        &filter.target,
        &filter.session,
        limit
    )
}

/// When the newest row was written.
///
/// # Errors
/// When the database can't be read.
pub async fn newest(db: On<'_>) -> StoreResult<Option<Timestamp>> {
    let row: Option<(i64,)> = sql!(db, fetch_optional, "SELECT at FROM audit ORDER BY id DESC LIMIT 1")?;
    Ok(row.map(|(at,)| Timestamp(at)))
}

/// How the newest sign-ins to an account came out, found by its own index whatever else happened to it.
///
/// # Errors
/// When the database can't be read.
pub async fn sign_ins(db: On<'_>, user: &UserId, limit: i64) -> StoreResult<Vec<Listed>> {
    sql!(db, fetch_all, SIGN_INS, user.as_str(), limit)
}

pub const SIGN_INS: &str =
    "SELECT id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail, seq,
       NULL AS actor, NULL AS target
     FROM audit WHERE target_id = $1 AND action = 'sign_in' ORDER BY at DESC LIMIT $2";
