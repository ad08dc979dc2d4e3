//! Gathers what many ask for at once, so that it goes to the database as few statements of many rows.
//!
//! Who comes alone goes at once. Right after several went together, who comes waits for others: until they are enough for
//! a statement to be worth its cost, or until the moment is over. A batch runs in a task of its own: it goes on when its
//! callers are gone, and when one breaks down its callers are told so and the next begins.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::{
    runtime::Handle,
    sync::{Notify, oneshot},
    task::yield_now,
    time::{Instant, timeout_at},
};
use tokio_util::task::TaskTracker;

use super::{
    StoreError, StoreResult,
    patience::{self, patiently},
};
use crate::domain::ids::SessionId;

/// So many statements at once, each on its own connection: one that hangs leaves the way to the other.
pub const LANES: u32 = 2;
/// Rows in one statement at most.
const BATCH: usize = 64;
/// So many are worth a statement: what it costs by itself is then little beside its rows.
const ENOUGH: usize = 4;
/// How long after a batch of several the next one waits for so many.
const MOMENT: Duration = Duration::from_millis(1);

/// What one caller asks for.
pub struct Job<T, A> {
    pub id: SessionId,
    pub what: T,
    /// Until when it may begin: later, its caller has been told that nothing was done.
    pub deadline: Instant,
    reply: oneshot::Sender<StoreResult<A>>,
}

impl<T, A> Job<T, A> {
    pub fn answer(self, answer: StoreResult<A>) {
        // Before the caller goes on, who may want it for himself.
        drop(self.what);
        // A caller who is gone needs no answer.
        let _ = self.reply.send(answer);
    }
}

/// Carries out a batch and answers each job of it, or hands it to a task that does.
type Run<T, A> = Box<dyn Fn(Vec<Job<T, A>>) -> BoxFuture<'static, ()> + Send + Sync>;

/// One for each kind of statement.
pub struct Gatherer<T, A>(Arc<Inner<T, A>>);

struct Inner<T, A> {
    run: Run<T, A>,
    state: Mutex<State<T, A>>,
    /// That enough are waiting.
    enough: Notify,
    tasks: TaskTracker,
}

struct State<T, A> {
    waiting: VecDeque<Job<T, A>>,
    lanes: u32,
    /// Whether one of the lanes waits for its batch.
    gathering: bool,
    /// When the last batch of several went.
    crowded_at: Option<Instant>,
}

impl<T: Send + 'static, A: Send + 'static> Gatherer<T, A> {
    /// `tasks` is told of what runs here.
    #[must_use]
    pub fn new(
        tasks: TaskTracker,
        run: impl Fn(Vec<Job<T, A>>) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        let state = State { waiting: VecDeque::new(), lanes: 0, gathering: false, crowded_at: None };
        Self(Arc::new(Inner { run: Box::new(run), state: Mutex::new(state), enough: Notify::new(), tasks }))
    }

    /// Asks for something about one session and waits for the answer.
    ///
    /// # Errors
    /// What the statement came to, [`StoreError::NotWritten`] if its task broke down, or [`StoreError::Slow`]: what had
    /// begun by then may yet be carried out, as when a reply is lost; what had not is dropped.
    pub async fn ask(&self, id: SessionId, what: T) -> StoreResult<A> {
        let deadline = Instant::now() + patience::left();
        let (reply, answer) = oneshot::channel();
        self.0.hand_in(Job { id, what, deadline, reply });
        patiently(async { answer.await.map_err(|_| StoreError::NotWritten)? }).await
    }
}

impl<T: Send + 'static, A: Send + 'static> Inner<T, A> {
    fn state(&self) -> MutexGuard<'_, State<T, A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_in(self: &Arc<Self>, job: Job<T, A>) {
        let mut state = self.state();
        state.waiting.push_back(job);
        if state.waiting.len() >= ENOUGH {
            self.enough.notify_one();
        }
        self.open_lane(state);
    }

    /// Opens another lane if anyone waits, none gathers yet, and there is room for one.
    fn open_lane(self: &Arc<Self>, mut state: MutexGuard<'_, State<T, A>>) {
        // At the end of a process there may be nothing to run it on any more.
        let Ok(runtime) = Handle::try_current() else { return };
        if state.lanes < LANES && !state.gathering && !state.waiting.is_empty() {
            state.lanes += 1;
            state.gathering = true;
            drop(state);
            let lane = Lane { inner: Arc::clone(self), gathers: true };
            self.tasks.spawn_on(lane.work(), &runtime);
        }
    }

    /// Comes back when it is time for the next batch.
    async fn gather(&self) {
        // Whoever is about to ask, because their turn on this thread has come, comes along.
        yield_now().await;
        let Some(crowded_at) = self.state().crowded_at else { return };
        while self.state().waiting.len() < ENOUGH
            && timeout_at(crowded_at + MOMENT, self.enough.notified()).await.is_ok()
        {}
    }

    /// The next batch: each session once, because one statement changes a row once. Who asks for the same again waits
    /// for the next, and those who have waited too long are let go.
    fn take(self: &Arc<Self>) -> Vec<Job<T, A>> {
        let now = Instant::now();
        let mut state = self.state();
        let (mut batch, mut left, mut ids) = (Vec::new(), VecDeque::new(), HashSet::new());
        for job in state.waiting.drain(..).filter(|job| job.deadline > now) {
            if batch.len() < BATCH && ids.insert(job.id.clone()) {
                batch.push(job);
            } else {
                left.push_back(job);
            }
        }
        state.waiting = left;
        state.gathering = false;
        state.crowded_at = (batch.len() > 1).then_some(now);
        // For those who could not come along.
        self.open_lane(state);
        batch
    }
}

/// A place among those that work at once, given back whatever happens.
struct Lane<T: Send + 'static, A: Send + 'static> {
    inner: Arc<Inner<T, A>>,
    gathers: bool,
}

impl<T: Send + 'static, A: Send + 'static> Lane<T, A> {
    async fn work(mut self) {
        self.inner.gather().await;
        let batch = self.inner.take();
        self.gathers = false;
        if !batch.is_empty() {
            (self.inner.run)(batch).await;
        }
    }
}

impl<T: Send + 'static, A: Send + 'static> Drop for Lane<T, A> {
    /// Someone may have found no room meanwhile.
    fn drop(&mut self) {
        let mut state = self.inner.state();
        state.lanes -= 1;
        state.gathering &= !self.gathers;
        self.inner.open_lane(state);
    }
}

#[cfg(test)]
#[path = "gatherer_tests.rs"]
mod tests;
