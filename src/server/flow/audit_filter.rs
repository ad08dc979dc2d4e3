//! What is typed to look through the audit log, made into what its rows are found by.

use std::str::FromStr as _;

use jiff::{civil::Date, tz::TimeZone};

use crate::{
    api::{ApiError, ApiResult, audit::AuditFilter},
    domain::{
        audit::{Event, Outcome},
        ids::{SessionId, UserId},
        time::Timestamp,
    },
    server::{
        canonical,
        store::{Db, audit::Filter, users},
    },
};

/// What to ask the store for; `None` where nothing can match.
///
/// # Errors
/// `invalid` (`outcome`, `from`, `to`), `unavailable`.
pub async fn resolve(db: &Db, asked: &AuditFilter) -> ApiResult<Option<Filter>> {
    let (from, before) = (bound("from", &asked.from, Edge::Begin)?, bound("to", &asked.to, Edge::End)?);
    let outcome = asked.outcome.trim();
    if !outcome.is_empty() && Outcome::ALL.iter().all(|known| known.as_str() != outcome) {
        return Err(ApiError::invalid("outcome", "unknown"));
    }
    let (Some(actor), Some(target)) = (user(db, &asked.actor).await?, user(db, &asked.target).await?) else {
        return Ok(None);
    };
    let session = asked.session.trim();
    let action = asked.action.trim();
    // An action may be of a newer release; PostgreSQL's text holds no NUL.
    if (!session.is_empty() && SessionId::parse(session).is_none()) || action.contains('\0') {
        return Ok(None);
    }
    let (session, outcome, action) = (session.to_owned(), outcome.to_owned(), action.to_owned());
    let filter = Filter { anyone: String::new(), action, outcome, actor, target, session, from, before };
    anything(db, asked.query.trim(), filter).await
}

/// The search for whatever it is: an action, or someone's id or e-mail.
async fn anything(db: &Db, query: &str, filter: Filter) -> ApiResult<Option<Filter>> {
    let query = query.to_lowercase();
    if query.is_empty() {
        return Ok(Some(filter));
    }
    if Event::ALL.iter().any(|event| event.as_str() == query) {
        let contradicts = !filter.action.is_empty() && filter.action != query;
        return Ok((!contradicts).then_some(Filter { action: query, ..filter }));
    }
    Ok(user(db, &query).await?.map(|anyone| Filter { anyone, ..filter }))
}

/// The id of who is meant, empty where nobody is; `None` where nobody is called so. An id is taken as it is: of someone
/// whose account was deleted nothing else is left.
async fn user(db: &Db, typed: &str) -> ApiResult<Option<String>> {
    let typed = typed.trim();
    if typed.is_empty() || UserId::parse(typed).is_some() {
        return Ok(Some(typed.to_owned()));
    }
    let Some(email) = canonical::email(typed) else { return Ok(None) };
    Ok(users::find_with_password(db.read(), &email).await?.map(|found| found.user.id.to_string()))
}

/// Which end of a day is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Begin,
    End,
}

/// The least id that a row of this instant can have.
fn bound(field: &'static str, typed: &str, edge: Edge) -> ApiResult<String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(String::new());
    }
    instant(typed, edge).map(first_id).ok_or_else(|| ApiError::invalid(field, "malformed"))
}

/// Whether `from` and `to` may be so.
#[must_use]
pub fn is_time(typed: &str) -> bool {
    [Edge::Begin, Edge::End].into_iter().all(|edge| instant(typed.trim(), edge).is_some())
}

fn instant(typed: &str, edge: Edge) -> Option<Timestamp> {
    if let Ok(at) = jiff::Timestamp::from_str(typed) {
        return Some(Timestamp(at.as_millisecond()));
    }
    // What is longer has a time of day, and no zone to read it in.
    let day = Date::from_str(typed).ok().filter(|_| typed.len() == "2026-11-21".len())?;
    let day = if edge == Edge::End { day.tomorrow().ok()? } else { day };
    Some(Timestamp(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()))
}

/// `UUIDv7` begins with its time (RFC 9562 section 5.7).
fn first_id(at: Timestamp) -> String {
    let millis = at.0.clamp(0, Timestamp::NEVER.0);
    format!("{:08x}-{:04x}", millis >> 16, millis & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::rng::Rng;

    #[test]
    fn days_are_whole_ones_in_utc_and_instants_are_exact() {
        let day = 1_795_219_200_000;
        assert_eq!(instant("2026-11-21", Edge::Begin), Some(Timestamp(day)));
        assert_eq!(instant("2026-11-21", Edge::End), Some(Timestamp(day + 86_400_000)));
        for edge in [Edge::Begin, Edge::End] {
            assert_eq!(instant("2026-11-21T01:00:00+01:00", edge), Some(Timestamp(day)));
            for odd in ["yesterday", "2026-11-31", "2026-11-21T10:00:00", "21.11.2026", "-1"] {
                assert_eq!(instant(odd, edge), None, "{odd}");
            }
        }
    }

    #[test]
    fn the_least_id_of_an_instant_parts_the_rows_before_it_from_those_from_it_on() {
        let rng = Rng::seeded(1);
        for at in [0, 1, 65_535, 65_536, 1_795_219_200_000] {
            let bound = first_id(Timestamp(at));
            assert!(rng.uuid(Timestamp(at)) >= bound);
            assert!(at == 0 || rng.uuid(Timestamp(at - 1)) < bound);
        }
    }
}
