//! What is done at each event: the clock and the schedule decide, this carries out. The calls it makes are in `guard_calls`.

use leptos::prelude::*;

use super::{
    changes, dom, drafts,
    idle_timer::Wake,
    session_guard::{Ended, GuardEvents},
    silent_refresh::{self, Received},
    tab_sync::{self, Letter, News},
    watch::Watch,
};
use crate::{
    api::session::{CurrentSession, SessionEnds},
    domain::{
        idle_clock::{Command, Phase},
        session::EndReason,
    },
};

#[derive(Clone, Copy)]
pub struct Guard {
    watch: StoredValue<Option<Watch>>,
    /// Who was signed in here last, also after the end.
    last_user: StoredValue<Option<String>>,
    pub running: RwSignal<bool>,
    pub left_secs: RwSignal<Option<u64>>,
    pub offline: RwSignal<bool>,
    pub ends: RwSignal<Option<SessionEnds>>,
    pub(super) events: GuardEvents,
}

impl Guard {
    pub fn new(events: GuardEvents) -> Self {
        Self {
            watch: StoredValue::new(None),
            last_user: StoredValue::new(None),
            running: RwSignal::new(false),
            left_secs: RwSignal::new(None),
            offline: RwSignal::new(false),
            ends: RwSignal::new(None),
            events,
        }
    }

    /// The page was loaded with this session, or has loaded it anew.
    pub fn receive(self, session: &CurrentSession) {
        let received = Received { at: dom::now_ms(), ends: session.ends.clone() };
        if self.with(&session.session_id, |_| ()).is_some() {
            return self.learn(&session.session_id, &received);
        }
        silent_refresh::forget();
        drafts::forget();
        silent_refresh::note(&received);
        self.last_user.set_value(Some(session.user.id.clone()));
        self.ends.set(Some(session.ends.clone()));
        tab_sync::set_session_id(Some(session.session_id.clone()));
        self.watch.set_value(Some(Watch::new(session, received.at)));
        self.running.set(true);
        self.tick();
        if let Some(user_id) = self.last_user.get_value() {
            tab_sync::tell_others(News::SignedIn { user_id });
            tab_sync::tell_others(News::Ends(received));
        }
    }

    /// There is no session (any more). Replies still under way find nothing to change.
    pub fn stop(self) {
        self.watch.update_value(|watch| {
            if let Some(watch) = watch {
                watch.schedule.stop();
            }
            *watch = None;
        });
        tab_sync::set_session_id(None);
        silent_refresh::forget();
        drafts::forget();
        self.running.set(false);
        self.offline.set(false);
        self.left_secs.set(None);
        self.ends.set(None);
    }

    pub fn tick(self) {
        let now = dom::now_ms();
        self.step(|watch| watch.idle.tick(now));
        let due = self.current(|watch| match watch.idle.phase(now) {
            Phase::Ended => None,
            Phase::Active | Phase::Warning { .. } => watch.schedule.begin(now),
        });
        if let Some((session_id, Some(attempt))) = due {
            self.renew(session_id, attempt);
        }
    }

    pub fn act(self, now: i64) {
        self.step(|watch| watch.idle.act(now));
        if let Some((_, Phase::Active)) = self.current(|watch| watch.idle.phase(now)) {
            tab_sync::tell_others(News::Acted { at: now });
        }
    }

    pub fn stay(self) {
        let now = dom::now_ms();
        self.step(|watch| watch.idle.stay(now));
        if let Some((_, Phase::Active)) = self.current(|watch| watch.idle.phase(now)) {
            tab_sync::tell_others(News::WarningAnswered { at: now });
        }
    }

    pub fn wake(self, wake: Wake) {
        match wake {
            Wake::Seen => {}
            Wake::Restored => {
                self.events.on_back.try_run(());
            }
            Wake::Online => {
                let now = dom::now_ms();
                self.current(|watch| watch.schedule.network_returned(now));
                self.look_again();
            }
            Wake::Offline => self.set_offline(true),
        }
        self.tick();
    }

    pub fn hear(self, letter: Letter) {
        let Letter { session_id, news } = letter;
        match news {
            News::SignedIn { user_id } => return self.hear_sign_in(session_id, &user_id),
            News::Left => return self.hear_leaving(session_id),
            _ => {}
        }
        let Some(session_id) = session_id.filter(|id| self.with(id, |_| ()).is_some()) else {
            return;
        };
        let now = dom::now_ms();
        match news {
            News::Acted { at } => self.step_elsewhere(|watch| watch.idle.acted_elsewhere(at.min(now))),
            News::WarningAnswered { at } => self.step_elsewhere(|watch| watch.idle.stayed_elsewhere(at.min(now))),
            News::Ends(received) => self.learn(&session_id, &Received { at: received.at.min(now), ..received }),
            News::SignedOut { reason } => self.end(&session_id, reason),
            News::Changed { what } => changes::tell(what),
            News::Renewed => {
                self.events.on_back.try_run(());
            }
            News::SignedIn { .. } | News::Left => {}
        }
    }

    /// The person has left of their own accord: there is nothing to come back to, also where the end was heard of first.
    fn hear_leaving(self, session_id: Option<String>) {
        if let Some(session_id) = session_id {
            self.end(&session_id, EndReason::Revoked);
        }
        if self.current(|_| ()).is_none() {
            self.events.on_left.try_run(());
        }
    }

    /// A page of another user must not stay beside the new one: its next call would be the other's.
    fn hear_sign_in(self, session_id: Option<String>, user_id: &str) {
        let same_user = self.last_user.with_value(|last| last.as_deref() == Some(user_id));
        let here = self.current(|_| ()).map(|(session_id, ())| session_id);
        match here {
            _ if !same_user => dom::reload(),
            Some(here) if session_id.is_none_or(|there| there == here) => {}
            _ => {
                self.events.on_back.try_run(());
            }
        }
    }

    fn perform(self, session_id: String, command: Command) {
        match command {
            Command::Touch { acted_at } => self.touch(session_id, acted_at),
            Command::End => self.ask(session_id),
        }
    }

    pub(super) fn end(self, session_id: &str, reason: EndReason) {
        let now = dom::now_ms();
        if let Some(at) = self.with(session_id, |watch| watch.idle.ended_at(now)) {
            self.stop();
            self.events.on_ended.try_run(Ended { reason, at });
        }
    }

    /// Shows and hides the warning.
    pub(super) fn show(self) {
        let now = dom::now_ms();
        let left = match self.current(|watch| watch.idle.phase(now)) {
            Some((_, Phase::Warning { left_ms })) => u64::try_from(left_ms).ok().map(|left| left.div_ceil(1_000)),
            _ => None,
        };
        if self.left_secs.get_untracked() != left {
            self.left_secs.set(left);
        }
    }

    fn step(self, decide: impl FnOnce(&mut Watch) -> Option<Command>) {
        let decided = self.current(decide);
        self.show();
        if let Some((session_id, Some(command))) = decided {
            self.perform(session_id, command);
        }
    }

    fn step_elsewhere(self, note: impl FnOnce(&mut Watch)) {
        self.current(note);
        self.show();
    }

    /// The session under guard, whichever it is, with its id.
    pub(super) fn current<T>(self, act: impl FnOnce(&mut Watch) -> T) -> Option<(String, T)> {
        self.watch
            .try_update_value(|watch| {
                let watch = watch.as_mut()?;
                Some((watch.session_id.clone(), act(watch)))
            })
            .flatten()
    }

    /// This session, if it is still the one under guard: a reply that comes later changes nothing.
    pub(super) fn with<T>(self, session_id: &str, act: impl FnOnce(&mut Watch) -> T) -> Option<T> {
        self.watch
            .try_update_value(|watch| watch.as_mut().filter(|watch| watch.session_id == session_id).map(act))
            .flatten()
    }
}
