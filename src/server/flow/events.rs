//! What an open page is told of its session while it listens, and when its stream ends.
//!
//! Before anything is said, and with each heartbeat, the credential that the stream was opened with is judged anew, as
//! that of a request would be. So a stream never outlives its session, nor its token: a page listens on with a newer
//! one. To listen is no human act, and renews nothing.

use std::time::Duration;

use futures::{Stream, stream};
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    api::{ApiError, ApiResult, events::What},
    domain::{revocation::Standing, session::EndReason, strategy::Strategy, time::Timestamp},
    server::{
        context::{Actor, Authentication, RequestContext},
        flow::authenticate,
        node::live::{Marks, Place},
    },
};

/// Keeps proxies from taking the connection for dead, and bounds how long a key that was revoked lets anyone listen.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// Changes are gathered for so long, so that several of one act are told as one,
const GATHER: Duration = Duration::from_millis(150);
/// and told no more often than this.
const PAUSE: Duration = Duration::from_secs(1);
/// For as long the reason of an end is waited for; other nodes' are heard within this.
const WHY: Duration = Duration::from_millis(1200);
const MOMENT: Duration = Duration::from_millis(20);
const LEAST_WAIT: Duration = Duration::from_millis(200);

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Heartbeat,
    Changed(What),
    /// The token says something outdated. The last word of its stream.
    Renew,
    /// The session is over. The last word of its stream.
    Ended(EndReason),
}

/// Begins to listen for the caller's session.
///
/// # Errors
/// `renew`, `signed_out`; `unavailable`, also when too many listen.
pub fn listen(cx: &RequestContext) -> ApiResult<impl Stream<Item = Told> + Send + use<>> {
    let actor = cx.actor()?.clone();
    let place = cx.state.live.open(actor.claims()).ok_or(ApiError::Unavailable)?;
    let now = Instant::now();
    let listener = Listener {
        cx: cx.clone(),
        actor,
        place,
        pending: Marks::default(),
        due_at: now,
        told_at: None,
        // At once: something may have ended before it was listened for, and proxies pass headers on with the first word.
        beat_at: now,
        over: false,
    };
    Ok(stream::unfold(listener, Listener::next))
}

struct Listener {
    cx: RequestContext,
    actor: Actor,
    place: Place,
    /// Changes that are to be told, from `due_at` on.
    pending: Marks,
    due_at: Instant,
    told_at: Option<Instant>,
    beat_at: Instant,
    over: bool,
}

enum Verdict {
    Goes(Actor),
    Says(Told),
    /// The page may come again with what it has by then.
    Closes,
}

impl Listener {
    async fn next(mut self) -> Option<(Told, Self)> {
        while !self.over {
            let marks = self.wait().await;
            if marks.has(Marks::CLOSE) {
                return None;
            }
            self.note(marks);
            match Box::pin(self.judge()).await {
                Verdict::Goes(actor) => self.actor = actor,
                Verdict::Says(last) => {
                    self.over = true;
                    return Some((last, self));
                }
                Verdict::Closes => return None,
            }
            if let Some(told) = self.due() {
                return Some((told, self));
            }
        }
        None
    }

    /// Until there is something to judge or to tell.
    async fn wait(&self) -> Marks {
        let mut until = self.beat_at.min(self.token_end());
        if self.pending != Marks::default() {
            until = until.min(self.due_at);
        }
        tokio::select! {
            marks = self.place.woken() => marks,
            () = sleep_until(until) => Marks::default(),
        }
    }

    /// When time will have ended what is presented here.
    fn token_end(&self) -> Instant {
        let claims = self.actor.claims();
        let end = Timestamp::from_secs(claims.exp.min(claims.idle_end));
        let left = end.since(self.cx.state.clock.now());
        // A moment later, and not again and again where timers and the clock disagree. Beyond a heartbeat it makes no odds.
        Instant::now() + (left.min(HEARTBEAT) + MOMENT).max(LEAST_WAIT)
    }

    fn note(&mut self, marks: Marks) {
        let changes = marks.without(Marks::JUDGE);
        if changes != Marks::default() && self.pending == Marks::default() {
            let gathered_at = Instant::now() + GATHER;
            self.due_at = self.told_at.map_or(gathered_at, |told_at| gathered_at.max(told_at + PAUSE));
        }
        self.pending = self.pending.and(changes);
    }

    async fn judge(&self) -> Verdict {
        let cx = self.cx.at(self.cx.state.clock.now());
        let known = self.standing();
        match authenticate::authenticate(&cx).await {
            Authentication::Actor(actor) => Verdict::Goes(actor),
            Authentication::Exchange => Verdict::Says(Told::Renew),
            Authentication::Renew if known == Standing::Stale => Verdict::Says(Told::Renew),
            Authentication::Renew | Authentication::Unavailable => Verdict::Closes,
            Authentication::SignedOut(EndReason::None) => self.ended(EndReason::None, self.heard_why().await),
            Authentication::SignedOut(reason) => self.ended(reason, known),
        }
    }

    fn standing(&self) -> Standing {
        self.cx.state.revoked.standing(self.actor.claims())
    }

    /// Of a row that is gone it may be heard a moment later why.
    async fn heard_why(&self) -> Standing {
        let heard = async {
            while !matches!(self.standing(), Standing::Dead(_)) {
                self.place.woken().await;
            }
        };
        // Where nothing is heard, there is nothing to tell.
        let _ = timeout(WHY, heard).await;
        self.standing()
    }

    fn ended(&self, reason: EndReason, known: Standing) -> Verdict {
        let by_time = matches!(reason, EndReason::Expired | EndReason::Idle);
        match (reason, known) {
            // This token is over; the browser may have one that was signed since.
            _ if by_time && self.actor.claims().strategy == Strategy::Jwt => Verdict::Closes,
            // Of an account that was deleted no row is left to say why.
            (EndReason::None, Standing::Dead(reason)) => Verdict::Says(Told::Ended(reason)),
            _ => Verdict::Says(Told::Ended(reason)),
        }
    }

    fn due(&mut self) -> Option<Told> {
        let now = Instant::now();
        if now >= self.due_at {
            for (mark, what) in [(Marks::DEVICES, What::Devices), (Marks::USERS, What::Users)] {
                if self.pending.has(mark) {
                    self.pending = self.pending.without(mark);
                    self.told_at = Some(now);
                    return Some(Told::Changed(what));
                }
            }
        }
        if now >= self.beat_at {
            self.beat_at = now + HEARTBEAT;
            return Some(Told::Heartbeat);
        }
        None
    }
}
