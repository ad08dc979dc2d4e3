//! Lets go of audit rows that are too old, and leaves a checkpoint.
//!
//! What goes is verified first, or a checkpoint would stand for whatever somebody had put there, or taken away. Rows that
//! are not as they were sealed stay, and those after them, until an operator lets them go.

use std::{sync::Arc, time::Duration};

use crate::{
    domain::{
        audit_chain::{Accepted, Chain, Head, Seal},
        time::Timestamp,
    },
    server::{
        clock::Clock,
        config::{Config, Faults},
        crypto::audit_seal::{AuditSeals, Sealed},
        flow::audit_seal::{self, judge},
        state::AppState,
        store::{
            Db, StoreResult, Tx,
            audit_chain::{self, End},
            pace::{BATCH, Pace},
        },
    },
};

/// Rows in one read.
const PAGE: i64 = 500;

/// For how long rows are kept, and what is sealed with where they go.
pub struct Retention {
    pub seals: Arc<AuditSeals>,
    /// Zero for ever.
    pub keep: Duration,
    pub accepted: Vec<Accepted>,
    /// Whether rows go too that are not as they were sealed.
    pub unverified: bool,
}

impl Retention {
    /// # Errors
    /// When there is no auth secret.
    pub fn of(config: &Config) -> Result<Self, Faults> {
        let (keep, accepted) = (config.audit_retention, config.audit_accepted.clone());
        Ok(Self { seals: audit_seal::seals(config)?, keep, accepted, unverified: false })
    }

    /// That of a server.
    #[must_use]
    pub fn of_server(state: &AppState) -> Self {
        Self {
            seals: Arc::clone(&state.audit_seals),
            keep: state.config.audit_retention,
            accepted: state.config.audit_accepted.clone(),
            unverified: false,
        }
    }

    /// Deletes sealed rows that are too old, from the front and no further than the first that isn't.
    ///
    /// # Errors
    /// When the database takes no more writes; what has been deleted stays so.
    pub async fn enforce(&self, db: &Db, clock: &Clock) -> StoreResult<u64> {
        let mut all = 0;
        if self.keep.is_zero() {
            return Ok(all);
        }
        let front = self.front(db, clock.now().minus(self.keep)).await?;
        if let Some(kept) = front.kept_from {
            tracing::error!(
                number = kept,
                "audit rows past their retention are kept, because they are not as they were sealed: \
                 see `sekisho audit verify` and docs/audit.md"
            );
        }
        let mut from = front.checkpoint;
        for to in front.steps {
            let (pace, seals) = (Pace::begin(), Arc::clone(&self.seals));
            let gone = db.write(move |tx| Box::pin(async move { let_go(tx, &seals, (from, to)).await })).await?;
            // Another clean-up is at it.
            let Some(gone) = gone else { break };
            all += gone;
            from = to;
            pace.rest().await;
        }
        Ok(all)
    }

    /// Goes along the rows that are too old. Those under a key that is gone are believed once a row further on stands for
    /// them.
    async fn front(&self, db: &Db, until: Timestamp) -> StoreResult<Front> {
        let Some(checkpoint) = audit_chain::end(db.read(), End::Checkpoint).await? else { return Ok(Front::default()) };
        let verdict =
            if self.unverified { Seal::Good } else { self.seals.judge_checkpoint(&checkpoint.head, &checkpoint.seal) };
        let mut chain = Chain::from(checkpoint.head, verdict, None).accepting(&self.accepted);
        let mut front = Front { checkpoint: checkpoint.head, ..Front::default() };
        let (mut waiting, mut place) = (Steps::default(), (checkpoint.head.seq, String::new()));
        loop {
            let rows = audit_chain::sealed_after(db.read(), (place.0, &place.1), PAGE).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let is_old = row.at <= until.0 && !front.is_over;
                front.is_over |= !is_old;
                if !is_old && waiting.0.is_empty() {
                    return Ok(front);
                }
                let judged = judge(&self.seals, &chain, &row);
                chain.next(&judged);
                if is_old {
                    waiting.push(Head { seq: judged.seq, link: judged.link });
                }
                if self.unverified || chain.is_settled() {
                    front.take(&mut waiting);
                } else if chain.has_findings() {
                    front.kept_from = waiting.0.first().map(|_| front.end().seq + 1);
                    return Ok(front);
                }
                place = (judged.seq, row.id);
            }
        }
        front.kept_from = waiting.0.first().map(|_| front.end().seq + 1);
        Ok(front)
    }
}

/// Where a deletion goes along, a batch at a time. Links are those that were verified, whatever lies there later.
#[derive(Default)]
struct Steps(Vec<Head>);

impl Steps {
    fn push(&mut self, head: Head) {
        match self.0.last_mut() {
            Some(last) if last.seq % i64::from(BATCH) != 0 => *last = head,
            _ => self.0.push(head),
        }
    }
}

/// What may go.
#[derive(Default)]
struct Front {
    checkpoint: Head,
    steps: Vec<Head>,
    /// Whether a row was met that is young enough.
    is_over: bool,
    /// The first row that is too old and stays.
    kept_from: Option<i64>,
}

impl Front {
    fn take(&mut self, waiting: &mut Steps) {
        let mut steps = Steps(std::mem::take(&mut self.steps));
        waiting.0.drain(..).for_each(|head| steps.push(head));
        self.steps = steps.0;
    }

    fn end(&self) -> Head {
        self.steps.last().copied().unwrap_or(self.checkpoint)
    }
}

/// The checkpoint goes first: behind it the database lets no row go. `None` where it is not where it was.
async fn let_go(tx: &mut Tx, seals: &AuditSeals, (from, to): (Head, Head)) -> StoreResult<Option<u64>> {
    let before = audit_chain::hold(tx, End::Checkpoint).await?;
    if before.is_none_or(|before| before.head != from) {
        return Ok(None);
    }
    audit_chain::move_to(tx, End::Checkpoint, &Sealed { head: to, seal: seals.checkpoint(&to) }).await?;
    audit_chain::delete_through(tx, to.seq).await.map(Some)
}
