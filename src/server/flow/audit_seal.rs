//! Seals the audit log, lets go of what is too old, and verifies it. The rule is `domain/audit_chain.rs`.

use std::{sync::Arc, time::Duration};

use crate::{
    domain::{
        audit::Event,
        audit_chain::{Chain, Head, Report},
        time::Timestamp,
    },
    server::{
        clock::Clock,
        config::{Config, Faults},
        crypto::audit_seal::{AuditSeals, Found, Sealed},
        rng::Rng,
        store::{
            Db, StoreResult, Tx,
            audit::{self, Entry},
            audit_chain::{self, End},
            pace::{BATCH, Pace},
        },
    },
};

/// Rows in one read of a verification.
const PAGE: i64 = 500;
/// So often a verification begins anew, when a clean-up has overtaken it.
const TRIES: u32 = 3;

/// The seals of this configuration.
///
/// # Errors
/// When there is no auth secret.
pub fn seals(config: &Config) -> Result<Arc<AuditSeals>, Faults> {
    // There are keys by now, or there is nothing to seal: no secret is made here.
    let secret = config.secret(true, [0; 32])?;
    Ok(Arc::new(AuditSeals::new(&secret, config.auth_secret_previous.as_ref())))
}

/// Seals all that is committed, in writes between which others write. The head after it, if it is another.
///
/// # Errors
/// When the database can't be read or written; what has been sealed stays so.
pub async fn seal_all(db: &Db, seals: &Arc<AuditSeals>) -> StoreResult<Option<Head>> {
    let mut newest = None;
    while audit_chain::any_unsealed(db.read()).await? {
        let pace = Pace::begin();
        let seals = Arc::clone(seals);
        let (head, sealed) = db.write(move |tx| Box::pin(async move { seal_some(tx, &seals).await })).await?;
        newest = Some(head);
        if sealed < i64::from(BATCH) {
            break;
        }
        pace.rest().await;
    }
    Ok(newest)
}

/// The head is held first: another who seals at the same time waits, and finds these rows sealed.
async fn seal_some(tx: &mut Tx, seals: &AuditSeals) -> StoreResult<(Head, i64)> {
    let before = audit_chain::hold(tx, End::Head).await?;
    let rows = audit_chain::unsealed(tx.read(), i64::from(BATCH)).await?;
    let mut last = Sealed { head: before.head, seal: before.seal };
    let mut sealed = 0;
    for row in &rows {
        last = seals.next(&last.head, &row.content().canonical());
        audit_chain::seal(tx, &row.id, &last).await?;
        sealed += 1;
    }
    if sealed > 0 {
        audit_chain::move_on(tx, End::Head, (&before.head, &last)).await?;
    }
    Ok((last.head, sealed))
}

/// Whether the head is sealed under this node's key, if it is sealed at all.
///
/// # Errors
/// When the database can't be read.
pub async fn is_own(db: &Db, seals: &AuditSeals) -> StoreResult<bool> {
    let place = audit_chain::end(db.read(), End::Head).await?;
    Ok(place.head.seq == 0 || seals.is_own(&place.seal))
}

/// Writes down that another key seals from here on. The seal of that row stands for all before it, whose own seals say
/// nothing any more once the former auth secret is gone.
///
/// # Errors
/// When the row can't be written.
pub async fn note_change_of_key(db: &Db, (rng, now): (&Rng, Timestamp)) -> StoreResult<()> {
    let detail = Some(serde_json::json!({ "by": "schedule" }).to_string());
    let entry = Entry { detail, ..Entry::of_system(rng.uuid(now), now, Event::AuditKey) };
    db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await
}

/// For how long rows are kept, and what is sealed with where they go.
pub struct Retention {
    pub seals: Arc<AuditSeals>,
    /// Zero for ever.
    pub keep: Duration,
}

impl Retention {
    /// # Errors
    /// When there is no auth secret.
    pub fn of(config: &Config) -> Result<Self, Faults> {
        Ok(Self { seals: seals(config)?, keep: config.audit_retention })
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
        let until = clock.now().minus(self.keep);
        loop {
            let (pace, seals) = (Pace::begin(), Arc::clone(&self.seals));
            let gone = db.write(move |tx| Box::pin(async move { let_go(tx, &seals, until).await })).await?;
            all += gone;
            if gone < u64::from(BATCH) {
                return Ok(all);
            }
            pace.rest().await;
        }
    }
}

/// The checkpoint goes first: behind it the database lets no row go.
async fn let_go(tx: &mut Tx, seals: &AuditSeals, until: Timestamp) -> StoreResult<u64> {
    let before = audit_chain::hold(tx, End::Checkpoint).await?;
    let front = audit_chain::sealed_after(tx.read(), before.head.seq, i64::from(BATCH)).await?;
    let Some(last) = front.iter().take_while(|row| row.at <= until.0).last() else { return Ok(0) };
    let head = last.place().head;
    let checkpoint = Sealed { head, seal: seals.checkpoint(&head) };
    audit_chain::move_on(tx, End::Checkpoint, (&before.head, &checkpoint)).await?;
    audit_chain::delete_through(tx, head.seq).await
}

/// What a verification found.
pub struct Verified {
    pub report: Report,
    pub unsealed: i64,
}

/// Goes along the whole chain, also beside a server that seals and cleans up meanwhile. `expected` is a head that was
/// written down.
///
/// # Errors
/// When the database can't be read.
pub async fn verify(db: &Db, seals: &AuditSeals, expected: Option<Head>) -> StoreResult<Verified> {
    let mut tries = 1;
    loop {
        let begin = audit_chain::end(db.read(), End::Checkpoint).await?.head;
        let report = go_along(db, seals, expected).await?;
        let overtaken = audit_chain::end(db.read(), End::Checkpoint).await?.head != begin;
        if report.findings.is_empty() || !overtaken || tries == TRIES {
            return Ok(Verified { report, unsealed: audit_chain::count_unsealed(db.read()).await? });
        }
        tries += 1;
    }
}

async fn go_along(db: &Db, seals: &AuditSeals, expected: Option<Head>) -> StoreResult<Report> {
    // Read first: what is sealed from here on comes after it.
    let head = audit_chain::end(db.read(), End::Head).await?.head.seq;
    let checkpoint = audit_chain::end(db.read(), End::Checkpoint).await?;
    let verdict = seals.judge_checkpoint(&checkpoint.head, &checkpoint.seal);
    let mut chain = Chain::from(checkpoint.head, verdict, expected);
    loop {
        let rows = audit_chain::sealed_after(db.read(), chain.last().seq, PAGE).await?;
        for row in &rows {
            let (place, content) = (row.place(), row.content().canonical());
            let found = Found { head: place.head, seal: &place.seal, content: &content };
            chain.next(&seals.judge(&chain.last().link, &found));
        }
        if rows.is_empty() {
            return Ok(chain.finish(head));
        }
    }
}
