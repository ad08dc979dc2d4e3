//! Verifies the seals of the audit log. The rule is `domain/audit_chain.rs`; the sealing is `audit_sealing.rs`.

use std::sync::Arc;

use super::audit_key;
use crate::{
    domain::audit_chain::{Accepted, Chain, Head, Judged, Report, Seal, TOLD},
    server::{
        config::{Config, Faults},
        crypto::audit_seal::{AuditSeals, Found},
        store::{
            Db, StoreResult,
            audit_chain::{self, End, Place, Row},
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

/// What a verification found.
pub struct Verified {
    pub report: Report,
    pub unsealed: i64,
}

/// Goes along the whole chain, also beside a server that seals and cleans up meanwhile. `expected` is a head that was
/// written down, `accepted` what the operator vouches for.
///
/// # Errors
/// When the database can't be read.
pub async fn verify(
    db: &Db,
    seals: &AuditSeals,
    (expected, accepted): (Option<Head>, &[Accepted]),
) -> StoreResult<Verified> {
    let mut tries = 1;
    loop {
        let begin = checkpoint(db).await?;
        let report = go_along(db, seals, (expected, accepted)).await?;
        let overtaken = checkpoint(db).await? != begin;
        if report.findings.is_empty() || !overtaken || tries == TRIES {
            return Ok(Verified { report, unsealed: audit_chain::count_unsealed(db.read()).await? });
        }
        tries += 1;
    }
}

async fn checkpoint(db: &Db) -> StoreResult<Option<Head>> {
    Ok(audit_chain::end(db.read(), End::Checkpoint).await?.map(|place| place.head))
}

async fn go_along(
    db: &Db,
    seals: &AuditSeals,
    (expected, accepted): (Option<Head>, &[Accepted]),
) -> StoreResult<Report> {
    let (begin, verdict) = match audit_chain::end(db.read(), End::Checkpoint).await? {
        Some(checkpoint) => (checkpoint.head, seals.judge_checkpoint(&checkpoint.head, &checkpoint.seal)),
        // Somebody deleted it.
        None => (Head::NONE, Seal::Bad),
    };
    let mut chain = Chain::from(begin, verdict, expected).accepting(accepted);
    let most = i64::try_from(TOLD).unwrap_or(i64::MAX);
    for seq in audit_chain::sealed_through(db.read(), begin.seq, most).await? {
        chain.beside(seq);
    }
    let mut last = (begin.seq, String::new(), Vec::new());
    loop {
        for row in audit_chain::sealed_after(db.read(), (last.0, &last.1), PAGE).await? {
            let judged = judge(seals, &chain, &row);
            chain.next(&judged);
            let seal = row.place().seal;
            last = (judged.seq, row.id, seal);
        }
        // Read after the rows: what was sealed meanwhile comes after them, and is gone along too.
        let head = audit_chain::end(db.read(), End::Head).await?;
        if audit_chain::sealed_after(db.read(), (last.0, &last.1), 1).await?.is_empty() {
            // After the retention took all rows, the last of them is no more there to be compared with.
            let bears_its_seal = |head: &Place| head.head.seq != last.0 || last.0 == begin.seq || head.seal == last.2;
            return Ok(chain.finish(head.filter(bears_its_seal).map(|head| head.head)));
        }
    }
}

/// What a row says, after the last of a chain.
#[must_use]
pub fn judge(seals: &AuditSeals, chain: &Chain, row: &Row) -> Judged {
    let (place, content) = (row.place(), row.content().canonical());
    let found = Found { head: place.head, seal: &place.seal, content: &content };
    Judged { change: audit_key::read(seals, row), ..seals.judge(&chain.last().link, &found) }
}
