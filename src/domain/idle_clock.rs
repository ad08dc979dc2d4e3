//! The browser's idle timer as a state machine: fed with instants, answers with what to do. It reads no clock itself.
//!
//! Decisions:
//! - Instants are compared *before* an act is accepted, so a laptop opened after an hour is signed out by the same
//!   mouse movement that would have kept it. A tab becoming visible is no act and has no function here.
//! - While the warning stands only an explicit answer ("Stay signed in", Esc) counts. A nudge of the mouse can be a cat
//!   or a cleaner; the warning is modal and takes the focus, and the answer is one key (the HMRC pattern; WCAG 2.2
//!   success criterion 2.2.1: at least 20 s, a simple action, any number of times).
//! - The length is measured on this machine's clock, whether it has moved is the server's word: an `idle_ends_at` the
//!   server hasn't moved since its last reply says nothing new, and one that it has moved revives even an ended clock,
//!   because then someone acted in a tab we did not hear.
//!
//! All instants are milliseconds of the browser's clock unless they are called the server's.

/// An instant no clock reaches.
const NEVER: i64 = i64::MAX;
/// Acts are reported once a minute where there is no idle timeout to derive the interval from: for "last active" only.
const DEFAULT_TOUCH_INTERVAL_MS: i64 = 60_000;
/// The server's end counts as moved when it is later by more than this; two acts closer together are one.
const MOVED_MS: i64 = 1_000;

/// The lengths, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleRules {
    timeout: i64,
    warning: i64,
    touch_interval: i64,
}

impl IdleRules {
    /// `timeout_ms` 0 is never. The warning takes at most half of the timeout.
    #[must_use]
    pub fn new(timeout_ms: u64, warning_ms: u64, touch_interval_ms: u64) -> Self {
        let [timeout, warning, interval] =
            [timeout_ms, warning_ms, touch_interval_ms].map(|ms| i64::try_from(ms).unwrap_or(NEVER));
        Self {
            timeout,
            warning: warning.min(timeout / 2),
            touch_interval: if interval == 0 { DEFAULT_TOUCH_INTERVAL_MS } else { interval },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Active,
    Warning { left_ms: i64 },
    Ended,
}

/// What the browser is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Tell the server of the act at this instant; `acted_ms_ago` is counted when the request goes out.
    Touch { acted_at: i64 },
    /// The time is up: hide what is private and ask the server. Said once.
    End,
}

#[derive(Clone, Debug)]
pub struct IdleClock {
    rules: IdleRules,
    ends_at: i64,
    /// The idle end the server named last, on the server's clock.
    server_ends_at: Option<i64>,
    seen_at: i64,
    ended: bool,
    touched_at: Option<i64>,
    unreported_act: Option<i64>,
}

impl IdleClock {
    /// Starts from the server's word at `now`: its own time, and its idle end (`None` is never).
    #[must_use]
    pub fn new(rules: IdleRules, now: i64, server_now: i64, idle_ends_at: Option<i64>) -> Self {
        let ends_at = match idle_ends_at {
            Some(end) if rules.timeout > 0 => now.saturating_add(end.saturating_sub(server_now)),
            _ => NEVER,
        };
        Self {
            rules,
            ends_at,
            server_ends_at: idle_ends_at,
            seen_at: now,
            ended: false,
            touched_at: None,
            unreported_act: None,
        }
    }

    #[must_use]
    pub fn phase(&self, now: i64) -> Phase {
        if self.ended || now >= self.ends_at {
            Phase::Ended
        } else if now >= self.warns_at() {
            Phase::Warning { left_ms: self.ends_at - now }
        } else {
            Phase::Active
        }
    }

    /// When a session that is found to be over at `now` was over by this clock: the idle end, if that has passed.
    #[must_use]
    pub fn ended_at(&self, now: i64) -> i64 {
        self.ends_at.min(now)
    }

    /// Time has passed; to be called each second and whenever the page wakes.
    pub fn tick(&mut self, now: i64) -> Option<Command> {
        self.follow(now);
        if self.ended {
            return None;
        }
        if now >= self.ends_at {
            self.ended = true;
            self.unreported_act = None;
            return Some(Command::End);
        }
        self.due_touch(now)
    }

    /// A human acted in this tab.
    pub fn act(&mut self, now: i64) -> Option<Command> {
        self.follow(now);
        match self.phase(now) {
            Phase::Ended => self.tick(now),
            Phase::Warning { .. } => None,
            Phase::Active => {
                self.extend(now);
                self.unreported_act = Some(now);
                self.due_touch(now)
            }
        }
    }

    /// The explicit answer to the warning, which is reported at once.
    pub fn stay(&mut self, now: i64) -> Option<Command> {
        self.follow(now);
        if self.phase(now) == Phase::Ended {
            return self.tick(now);
        }
        self.extend(now);
        self.touched_at = Some(now);
        self.unreported_act = None;
        Some(Command::Touch { acted_at: now })
    }

    /// A human acted at `at` in another tab, which reports it. `at` decides, not when we hear of it: a frozen tab hears late.
    pub fn acted_elsewhere(&mut self, at: i64) {
        if !self.ended && at < self.warns_at() {
            self.extend(at);
        }
    }

    /// The warning was answered at `at` in another tab.
    pub fn stayed_elsewhere(&mut self, at: i64) {
        if !self.ended && at < self.ends_at {
            self.extend(at);
        }
    }

    /// The server's word in any reply, asked for at `at`. Returns whether it moved the end.
    pub fn server_ends(&mut self, at: i64, server_now: i64, idle_ends_at: Option<i64>) -> bool {
        let (Some(end), Some(known)) = (idle_ends_at, self.server_ends_at) else {
            return false;
        };
        if end <= known.saturating_add(MOVED_MS) || self.ends_at == NEVER {
            return false;
        }
        self.server_ends_at = Some(end);
        self.ends_at = self.ends_at.max(at.saturating_add(end.saturating_sub(server_now)));
        self.ended = self.ended && self.ends_at <= self.seen_at;
        true
    }

    /// The report of the act at `acted_at` did not get through; it is repeated after the interval.
    pub fn touch_failed(&mut self, acted_at: i64) {
        if !self.ended {
            self.unreported_act = self.unreported_act.max(Some(acted_at));
        }
    }

    fn warns_at(&self) -> i64 {
        if self.ends_at == NEVER { NEVER } else { self.ends_at - self.rules.warning }
    }

    fn extend(&mut self, acted_at: i64) {
        self.ends_at = self.ends_at.max(acted_at.saturating_add(self.rules.timeout));
    }

    fn due_touch(&mut self, now: i64) -> Option<Command> {
        let rested = self.touched_at.is_none_or(|at| now - at >= self.rules.touch_interval);
        let acted_at = self.unreported_act.take_if(|_| rested)?;
        self.touched_at = Some(now);
        Some(Command::Touch { acted_at })
    }

    /// A wall clock that was set back takes the instants with it, so that correcting the time grants none.
    fn follow(&mut self, now: i64) {
        let back = self.seen_at - now;
        if back > 0 {
            if self.ends_at != NEVER {
                self.ends_at -= back;
            }
            self.touched_at = self.touched_at.map(|at| at - back);
            self.unreported_act = self.unreported_act.map(|at| at - back);
        }
        self.seen_at = now;
    }
}

#[cfg(test)]
#[path = "idle_clock_tests.rs"]
mod tests;
