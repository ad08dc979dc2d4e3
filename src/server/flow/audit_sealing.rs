//! Seals the audit log: numbers, links and seals what was committed since, in writes between which others write.
//!
//! Before anything is sealed, what is there is judged: its last row must be sealed under this key, or the previous one, and
//! must follow from what this node sealed last, which it keeps in memory. If not, the log is sealed on, but a row goes
//! before the others that says so, and `sekisho audit verify` reports what is before that row. A row on a change of key that
//! was verified carries a proof.

use std::sync::{Mutex, PoisonError};

use super::audit_key::{self, Why};
use crate::{
    domain::{
        audit::Event,
        audit_chain::{Head, KeyName, Seal},
        time::Timestamp,
    },
    server::{
        crypto::audit_seal::{AuditSeals, Found, KeyChange, Sealed},
        rng::Rng,
        state::AppState,
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            audit_chain::{self, End, Place, Row},
        },
    },
};

/// Rows in one write: a sign-in behind them waits for some ten milliseconds.
const BATCH: u32 = 500;

/// What this node sealed last, or saw sealed.
#[derive(Debug, Default)]
pub struct LastSealed(Mutex<Option<Head>>);

impl LastSealed {
    #[must_use]
    pub fn get(&self) -> Option<Head> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, head: Head) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(head);
    }
}

/// What a write came to.
struct Step {
    head: Head,
    sealed: usize,
    waiting: usize,
    wrong: Option<(Why, Head)>,
}

/// Seals all that is committed. The head after it, if it is another.
///
/// # Errors
/// When the database can't be read or written; what has been sealed stays so.
pub async fn seal_all(state: &AppState) -> StoreResult<Option<Head>> {
    let mut newest = None;
    loop {
        let cloned = state.clone();
        let step = state.db.write(move |tx| Box::pin(async move { seal_some(tx, &cloned).await })).await?;
        let expected = state.last_sealed.get();
        state.last_sealed.set(step.head);
        if step.sealed > 0 {
            newest = Some(step.head);
        }
        if let Some((why, found)) = step.wrong {
            report(state, why, (found, expected));
        }
        // Without a rest while more than a batch waits: who writes more than others can seal would leave all unsealed.
        if step.waiting < BATCH as usize {
            return Ok(newest);
        }
    }
}

fn report(state: &AppState, why: Why, (found, expected): (Head, Option<Head>)) {
    state.metrics.audit_broke(why);
    let expected = expected.map_or_else(|| "unknown".to_owned(), |expected| expected.to_string());
    let advice = match why {
        Why::UnknownKey => "auth_secret is another and auth_secret_previous is not the one before; see docs/audit.md",
        _ => "somebody changed the database; see docs/audit.md and `sekisho audit verify`",
    };
    tracing::error!(why = why.as_str(), %found, expected, advice, "the audit log is not what was sealed");
}

/// The head is held first: another who seals at the same time waits, and finds these rows sealed.
async fn seal_some(tx: &mut Tx, state: &AppState) -> StoreResult<Step> {
    let seals = &state.audit_seals;
    let ends = Ends::read(tx).await?;
    let standing = ends.judge(tx, seals, state.last_sealed.get()).await?;
    let rows = audit_chain::unsealed(tx.read(), i64::from(BATCH)).await?;
    let mut last = Sealed { head: ends.there(), seal: Vec::new() };
    let mut sealed = Vec::with_capacity(rows.len() + 1);
    let wrong = match standing {
        Standing::Own => None,
        Standing::Former(key) => {
            let change = KeyChange { former: last.head, key, checkpoint: ends.checkpoint_head() };
            let row = tell(tx, (&state.rng, state.clock.now()), &audit_key::verified(seals, &change)).await?;
            last = seals.next(&last.head, &row.content().canonical());
            sealed.push((row.id, last.clone()));
            ends.reseal_checkpoint(tx, seals).await?;
            None
        }
        Standing::Wrong(why) => {
            let heads = (ends.found(), state.last_sealed.get());
            let detail = audit_key::unverified(why, heads, ends.checkpoint_head());
            let row = tell(tx, (&state.rng, state.clock.now()), &detail).await?;
            last = seals.next(&last.head, &row.content().canonical());
            sealed.push((row.id, last.clone()));
            Some((why, heads.0))
        }
    };
    for row in &rows {
        last = seals.next(&last.head, &row.content().canonical());
        sealed.push((row.id.clone(), last.clone()));
    }
    if !sealed.is_empty() {
        audit_chain::seal(tx, &sealed).await?;
        audit_chain::move_to(tx, End::Head, &last).await?;
    }
    Ok(Step { head: last.head, sealed: sealed.len(), waiting: rows.len(), wrong })
}

/// Writes down a change, as the first row under the key from here on.
async fn tell(tx: &mut Tx, (rng, now): (&Rng, Timestamp), detail: &serde_json::Value) -> StoreResult<Entry> {
    let entry = Entry { detail: Some(detail.to_string()), ..Entry::of_system(rng.uuid(now), now, Event::AuditKey) };
    audit::append(tx, &entry).await?;
    Ok(entry)
}

/// How what is there stands to this node.
enum Standing {
    /// It ends with a seal of the key that seals here.
    Own,
    /// It ends with a seal of the previous key.
    Former(KeyName),
    Wrong(Why),
}

/// Where the log ends: as it is written down, and as the rows are.
struct Ends {
    head: Option<Place>,
    checkpoint: Option<Place>,
    last: Option<Row>,
}

impl Ends {
    async fn read(tx: &mut Tx) -> StoreResult<Self> {
        Ok(Self {
            head: audit_chain::hold(tx, End::Head).await?,
            checkpoint: audit_chain::hold(tx, End::Checkpoint).await?,
            last: audit_chain::last_sealed(tx.read()).await?,
        })
    }

    fn checkpoint_head(&self) -> Option<Head> {
        self.checkpoint.as_ref().map(|checkpoint| checkpoint.head).filter(|head| head.seq > 0)
    }

    /// The end that is written down.
    fn found(&self) -> Head {
        self.head.as_ref().map_or(Head::NONE, |head| head.head)
    }

    /// Where the rows end, or have ended.
    fn there(&self) -> Head {
        let last = self.last.as_ref().map(|row| row.place().head);
        let ends = [Some(Head::NONE), self.checkpoint_head(), last];
        ends.into_iter().flatten().max_by_key(|end| end.seq).unwrap_or(Head::NONE)
    }

    async fn judge(&self, tx: &mut Tx, seals: &AuditSeals, known: Option<Head>) -> StoreResult<Standing> {
        let there = self.there();
        if self.head.as_ref().is_none_or(|head| head.head != there) {
            return Ok(Standing::Wrong(Why::Head));
        }
        if let Some(known) = known
            && !self.follows(tx, &known).await?
        {
            return Ok(Standing::Wrong(Why::Rewritten));
        }
        let (verdict, seal) = self.verdict(seals);
        Ok(match (verdict, seals.former_of(seal)) {
            (Seal::Good, None) => Standing::Own,
            (Seal::Good, Some(key)) => Standing::Former(key),
            (Seal::Unknown(_), _) => Standing::Wrong(Why::UnknownKey),
            (Seal::Bad | Seal::OfNumber(_), _) => Standing::Wrong(Why::BadSeal),
        })
    }

    /// Whether what this node knew to be the end is there still, or has gone by the retention.
    async fn follows(&self, tx: &mut Tx, known: &Head) -> StoreResult<bool> {
        let there = self.there();
        let checkpoint = self.checkpoint_head().map_or(0, |checkpoint| checkpoint.seq);
        if known.seq >= there.seq {
            return Ok(*known == there);
        }
        if known.seq <= checkpoint {
            return Ok(true);
        }
        Ok(audit_chain::link_of(tx.read(), known.seq).await?.is_some_and(|link| link == known.link))
    }

    /// What the seal at the end says.
    fn verdict(&self, seals: &AuditSeals) -> (Seal, &[u8]) {
        let Some(head) = &self.head else { return (Seal::Bad, &[]) };
        match &self.last {
            Some(row) if row.place().head == head.head => {
                let (place, content) = (row.place(), row.content().canonical());
                let found = Found { head: place.head, seal: &head.seal, content: &content };
                let seal = if place.seal == head.seal { seals.judge(&Head::NONE.link, &found).seal } else { Seal::Bad };
                (seal, &head.seal)
            }
            // All rows have gone by the retention, or there never was one.
            _ => match &self.checkpoint {
                Some(checkpoint) => (seals.judge_checkpoint(&checkpoint.head, &checkpoint.seal), &checkpoint.seal),
                None => (Seal::Bad, &[]),
            },
        }
    }

    /// Seals the checkpoint under this key too, if its own seal verifies.
    async fn reseal_checkpoint(&self, tx: &mut Tx, seals: &AuditSeals) -> StoreResult<()> {
        let Some(Place { head, seal }) = &self.checkpoint else { return Ok(()) };
        if head.seq > 0 && seals.judge_checkpoint(head, seal) == Seal::Good {
            let sealed = Sealed { head: *head, seal: seals.checkpoint(head) };
            audit_chain::move_to(tx, End::Checkpoint, &sealed).await?;
        }
        Ok(())
    }
}
