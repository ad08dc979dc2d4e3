//! The session under guard: its two state machines, begun from the reply that named it.

use super::dom;
use crate::{
    api::session::{CurrentSession, SessionEnds},
    domain::{
        idle_clock::{IdleClock, IdleRules},
        refresh_schedule::{AccessEnds, RefreshSchedule},
    },
};

pub struct Watch {
    pub session_id: String,
    pub idle: IdleClock,
    pub schedule: RefreshSchedule,
}

impl Watch {
    /// `at` is when the session was received, by the browser's clock.
    pub fn new(session: &CurrentSession, at: i64) -> Self {
        let (timers, ends) = (session.timers, &session.ends);
        let rules = IdleRules::new(timers.idle_timeout_ms, timers.idle_warning_ms, timers.touch_interval_ms);
        Self {
            session_id: session.session_id.clone(),
            idle: IdleClock::new(rules, at, ends.server_now, ends.idle_ends_at),
            schedule: RefreshSchedule::new(timers.refresh_lead_ms, at, access_ends(ends), dom::random()),
        }
    }
}

pub fn access_ends(ends: &SessionEnds) -> AccessEnds {
    AccessEnds {
        server_now: ends.server_now,
        access_ends_at: ends.access_ends_at,
        absolute_ends_at: ends.absolute_ends_at,
    }
}
