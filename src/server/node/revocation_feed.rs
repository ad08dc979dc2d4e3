//! How a node hears what has been revoked: its own commits at once; those of other processes on the same database by
//! a notice where it sends any (PostgreSQL), and in any case by a poll of the numbered feed each second.
//!
//! What a node knows is judged by its age at each check: after five seconds without an answer of the database the node
//! is deaf, and asks before it lets anyone in. So a revocation is in force everywhere within that time, whatever breaks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, watch},
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::revocation_set::RevocationSet;
use crate::{
    domain::{revocation::Revocation, time::Timestamp},
    server::{
        clock::Clock,
        flow::keys::{self, ReadError},
        state::AppState,
        store::{Db, StoreResult, cleanup::SKEW, patience, revocations},
    },
};

const POLL: Duration = Duration::from_secs(1);
/// A wall clock that moved by more than this against the uptime was set.
const STEP_MS: u64 = 2_000;
/// After this long without hearing the database, a node asks it at each check.
pub const HEARD_WITHIN: Duration = Duration::from_secs(5);

/// Where in the feed this node is.
pub struct Feed {
    place: Mutex<Place>,
    /// Uptime in milliseconds at which what is known was true.
    heard_at: AtomicU64,
    applied: watch::Sender<i64>,
}

#[derive(Default)]
struct Place {
    /// The entry heard last.
    head: Head,
    /// When an attempt to hear last failed.
    failed_at: Option<Instant>,
    /// The wall clock less the uptime, as last seen.
    offset: Option<i64>,
}

/// The end of the feed, as heard: its newest number, and what stands there.
#[derive(Clone, Debug, Default)]
struct Head {
    seq: i64,
    entry: Option<Revocation>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { place: Mutex::default(), heard_at: AtomicU64::new(0), applied: watch::Sender::new(0) }
    }
}

impl Feed {
    /// Whether what is known is too old to let anyone in by it.
    #[must_use]
    pub fn is_deaf(&self, clock: &Clock) -> bool {
        self.age(clock) >= HEARD_WITHIN
    }

    /// How old what is known is.
    #[must_use]
    pub fn age(&self, clock: &Clock) -> Duration {
        clock.uptime().saturating_sub(Duration::from_millis(self.heard_at.load(Ordering::Acquire)))
    }

    /// The number of the newest revocation in force here, and of each that comes to be.
    #[must_use]
    pub fn applied(&self) -> watch::Receiver<i64> {
        self.applied.subscribe()
    }

    /// Catches up, one caller at a time.
    ///
    /// # Errors
    /// When the database can't be read; nothing is forgotten then.
    pub async fn catch_up(&self, set: &RevocationSet, db: &Db, clock: &Clock) -> StoreResult<()> {
        let mut place = self.place.lock().await;
        self.catch_up_from(&mut place, set, (db, clock)).await
    }

    async fn catch_up_from(
        &self,
        place: &mut Place,
        set: &RevocationSet,
        (db, clock): (&Db, &Clock),
    ) -> StoreResult<()> {
        place.look_at(clock);
        // What is read now was true now at the earliest.
        let asked_at = clock.uptime();
        let heard = read(&place.head, set, db, clock.now()).await;
        place.failed_at = heard.is_err().then(Instant::now);
        place.head = heard?;
        self.applied.send_if_modified(|applied| std::mem::replace(applied, place.head.seq) != place.head.seq);
        self.heard_at.fetch_max(u64::try_from(asked_at.as_millis()).unwrap_or(u64::MAX), Ordering::AcqRel);
        Ok(())
    }
}

impl Place {
    /// Where the wall clock was set, all of the feed is read again: what was passed over as past use by a wrong clock.
    fn look_at(&mut self, clock: &Clock) {
        let offset = clock.offset();
        let known = self.offset.replace(offset).unwrap_or(offset);
        if offset.abs_diff(known) > STEP_MS {
            let by_ms = offset.saturating_sub(known);
            tracing::warn!(by_ms, "the wall clock was set; the revocation feed is read again");
            self.head = Head::default();
        }
    }
}

/// Takes in what came after `known`, and where the feed ends now. Where it has another history (a restored backup, a
/// standby that lagged), all is read again.
async fn read(known: &Head, set: &RevocationSet, db: &Db, now: Timestamp) -> StoreResult<Head> {
    let head = revocations::head(db.hear()).await?;
    let is_same_history = known.seq <= head && known.still_stands(revocations::at(db.hear(), known.seq).await?, now);
    if is_same_history && known.seq == head {
        return Ok(known.clone());
    }
    if !is_same_history {
        tracing::warn!(known = known.seq, head, "the revocation feed has another history; all of it is read again");
        set.note_keys_changed();
        set.begin_history();
    }
    let from = if is_same_history { known.seq } else { 0 };
    let mut newest = Head { seq: head, entry: None };
    // By a clock that was wrong when they were written, or is wrong here, they may seem to be past use.
    for numbered in revocations::after(db.hear(), (from, head), now.minus(SKEW)).await? {
        if numbered.revocation.until > now.minus(SKEW) {
            set.apply(&numbered.revocation);
        }
        if numbered.seq >= newest.seq {
            newest = Head { seq: numbered.seq, entry: Some(numbered.revocation) };
        }
    }
    Ok(newest)
}

impl Head {
    /// Whether what is `found` at this number is what was heard; what is past use may have been cleaned up.
    fn still_stands(&self, found: Option<Revocation>, now: Timestamp) -> bool {
        self.entry.as_ref().is_none_or(|heard| found.map_or(heard.until <= now, |found| found == *heard))
    }
}

/// Hears until `stop`: each second, and whenever the database says that there is something.
pub async fn follow(state: AppState, stop: CancellationToken) {
    let live = Arc::clone(&state.live);
    let mut notices = state.db.notices(Arc::new(move |user| live.changed(user)), &stop);
    let mut tick = tokio::time::interval(POLL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
            () = notices.next() => {}
        }
        hear(&state).await;
    }
}

/// Hears what is new, and acts on it.
pub async fn hear(state: &AppState) {
    if let Err(error) = state.feed.catch_up(&state.revoked, &state.db, &state.clock).await {
        tracing::warn!(error = %error, "the revocation feed could not be read");
    }
    let now = state.clock.now();
    state.revoked.forget(now);
    act_on_keys(state, now).await;
}

/// Whether what is known is young enough to let someone in by it, or could be made so by asking now.
pub async fn is_fresh(state: &AppState) -> bool {
    // Asking is rare and large; each check would carry the room for it.
    !state.feed.is_deaf(&state.clock) || Box::pin(ask(state)).await
}

/// Who comes while another asks takes what that one is told.
async fn ask(state: &AppState) -> bool {
    let came_at = Instant::now();
    let mut place = state.feed.place.lock().await;
    if !state.feed.is_deaf(&state.clock) {
        return true;
    }
    if place.failed_at.is_some_and(|failed_at| failed_at >= came_at) {
        patience::lose(came_at.elapsed());
        return false;
    }
    let heard = state.feed.catch_up_from(&mut place, &state.revoked, (&state.db, &state.clock)).await;
    drop(place);
    act_on_keys(state, state.clock.now()).await;
    heard.is_ok()
}

async fn act_on_keys(state: &AppState, now: Timestamp) {
    if !state.revoked.take_keys_changed() && now < state.keyring.now().changes_at() {
        return;
    }
    match keys::read_again(state, now).await {
        Ok(()) => tracing::info!("the keys were read again"),
        // It would fail at the next turn too.
        Err(ReadError::Keyring(error)) => tracing::error!(error = %error, "the keys could not be opened"),
        Err(ReadError::Store(error)) => {
            state.revoked.note_keys_changed();
            tracing::warn!(error = %error, "the keys could not be read again");
        }
    }
}
