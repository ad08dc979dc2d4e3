//! Who listens at this node (`GET /events`), and what wakes them: a revocation that takes effect here, a change of what
//! their pages show, and the end of the server.
//!
//! Nothing is queued. A stream has one mark for each thing it may be told, so that a slow one holds no memory and
//! misses nothing; what became of its session it judges for itself (`flow/events.rs`).

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        access_claims::AccessClaims,
        ids::{SessionId, UserId},
        revocation::{Revocation, Subject},
        role::Action,
    },
    server::state::AppState,
};

/// A browser opens one; the oldest of more is closed.
pub const MOST_OF_SESSION: usize = 6;
/// So that nobody takes all places by signing in often.
const MOST_OF_USER: usize = 60;

/// What a stream is woken for; marks add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    /// Its session may have ended.
    pub const JUDGE: Self = Self(1);
    pub const DEVICES: Self = Self(2);
    pub const USERS: Self = Self(4);
    /// It must make room, or the server ends.
    pub const CLOSE: Self = Self(8);

    #[must_use]
    pub fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    #[must_use]
    pub fn without(self, mark: Self) -> Self {
        Self(self.0 & !mark.0)
    }
}

/// One stream's ear.
#[derive(Default)]
struct Ear {
    marks: AtomicU8,
    woken: Notify,
}

impl Ear {
    fn wake(&self, marks: Marks) {
        self.marks.fetch_or(marks.0, Ordering::AcqRel);
        self.woken.notify_one();
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Topic {
    Session(SessionId),
    User(UserId),
    /// Whoever may look at all users.
    Viewers,
}

/// By default with room for none.
#[derive(Default)]
pub struct Live(Mutex<Ears>);

#[derive(Default)]
struct Ears {
    most: usize,
    /// The oldest first.
    by_topic: HashMap<Topic, Vec<Arc<Ear>>>,
    open: usize,
    closed: bool,
}

impl Ears {
    fn wake(&self, topic: &Topic, marks: Marks) {
        for ear in self.by_topic.get(topic).into_iter().flatten() {
            ear.wake(marks);
        }
    }

    fn make_room(&mut self, topic: &Topic, most: usize) {
        let Some(ears) = self.by_topic.get_mut(topic) else { return };
        while ears.len() >= most {
            ears.remove(0).wake(Marks::CLOSE);
        }
    }
}

impl Live {
    /// So many may listen at once.
    #[must_use]
    pub fn with_room_for(most: usize) -> Self {
        Self(Mutex::new(Ears { most, ..Ears::default() }))
    }

    fn ears(&self) -> MutexGuard<'_, Ears> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more stream of the session of `claims`; `None` when the node has no room or ends.
    #[must_use]
    pub fn open(self: &Arc<Self>, claims: &AccessClaims) -> Option<Place> {
        let (session, user) = (Topic::Session(claims.sid.clone()), Topic::User(claims.sub.clone()));
        let mut ears = self.ears();
        if ears.closed || ears.open >= ears.most {
            return None;
        }
        ears.make_room(&session, MOST_OF_SESSION);
        ears.make_room(&user, MOST_OF_USER);
        let mut topics = vec![session, user];
        topics.extend(claims.role.may(Action::ViewUsers).then_some(Topic::Viewers));
        let ear = Arc::new(Ear::default());
        for topic in &topics {
            ears.by_topic.entry(topic.clone()).or_default().push(Arc::clone(&ear));
        }
        ears.open += 1;
        Some(Place { live: Arc::clone(self), ear, topics })
    }

    /// Wakes whom a revocation may concern, once it is in force here.
    pub fn revoked(&self, revocation: &Revocation) {
        let ears = self.ears();
        // A node that starts may take in a million of them.
        if ears.open == 0 {
            return;
        }
        match &revocation.subject {
            Subject::Session(sid) => ears.wake(&Topic::Session(sid.clone()), Marks::JUDGE),
            Subject::User { user, .. } | Subject::Stale { user, .. } => {
                ears.wake(&Topic::User(user.clone()), Marks::JUDGE.and(Marks::DEVICES));
            }
            // Every stream looks at its key with its next heartbeat.
            Subject::Key(_) | Subject::Keys => return,
        }
        ears.wake(&Topic::Viewers, Marks::USERS);
    }

    /// Wakes those who may see that a user, or one of their sessions, is another now.
    pub fn changed(&self, user: &UserId) {
        let ears = self.ears();
        ears.wake(&Topic::User(user.clone()), Marks::DEVICES);
        ears.wake(&Topic::Viewers, Marks::USERS);
    }

    /// Ends every stream; none begins after that.
    pub fn close(&self) {
        let mut ears = self.ears();
        ears.closed = true;
        for ear in ears.by_topic.values().flatten() {
            ear.wake(Marks::CLOSE);
        }
    }

    /// How many streams are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ears().open
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A stream's place; it is free again when this is dropped.
pub struct Place {
    live: Arc<Live>,
    ear: Arc<Ear>,
    topics: Vec<Topic>,
}

impl Place {
    /// What there is to be told or judged, once there is anything.
    pub async fn woken(&self) -> Marks {
        loop {
            match self.ear.marks.swap(0, Ordering::AcqRel) {
                0 => self.ear.woken.notified().await,
                marks => return Marks(marks),
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut ears = self.live.ears();
        for topic in &self.topics {
            if let Some(there) = ears.by_topic.get_mut(topic) {
                there.retain(|ear| !Arc::ptr_eq(ear, &self.ear));
                if there.is_empty() {
                    ears.by_topic.remove(topic);
                }
            }
        }
        ears.open -= 1;
    }
}

/// Ends every stream at `stop`: what is under way then is waited for, and streams would be for ever.
pub async fn close_at(state: AppState, stop: CancellationToken) {
    stop.cancelled().await;
    state.live.close();
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
