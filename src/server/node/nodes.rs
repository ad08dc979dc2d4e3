//! The processes that serve one database: each sees which others are there, and what is in force with them.
//!
//! A node that isn't alone raises its beat each second and says how far it has heard the feed. Another is there while its
//! beat moves before one's own eyes: no clocks are compared. A node that is alone writes nothing.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rustix::system::uname;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::revocation_feed::HEARD_WITHIN;
use crate::{
    api::devices::Ended,
    domain::time::Timestamp,
    server::{
        state::AppState,
        store::{
            StoreResult, leases,
            nodes::{self, Beating, Node},
            revocations,
        },
    },
};

const BEAT: Duration = Duration::from_secs(1);
/// A beat that has stood still for so long is of a node that is gone without a word.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(60);
/// While a revocation is waited for.
const LOOK: Duration = Duration::from_millis(20);
/// For as long an answer waits for other nodes; what they hear later is in force later.
const WAIT: Duration = Duration::from_millis(1500);

pub struct Nodes {
    own: Beating,
    others: Mutex<HashMap<String, Seen>>,
}

/// When another node's beat was seen to move.
struct Seen {
    beat: i64,
    moved_at: Duration,
}

impl Nodes {
    #[must_use]
    pub fn new(id: String, started_at: Timestamp, origin: String) -> Self {
        Self { own: Beating { id, started_at, origin }, others: Mutex::default() }
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.own.id
    }

    /// Looks at the rows at `uptime`: which other nodes there are, and for how long each has stood still.
    fn see(&self, rows: Vec<Node>, uptime: Duration) -> Vec<(Node, Duration)> {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.retain(|id, _| rows.iter().any(|row| row.id == *id));
        let rows = rows.into_iter().filter(|row| row.id != self.own.id);
        rows.map(|row| {
            let seen = others.entry(row.id.clone()).or_insert(Seen { beat: row.beat, moved_at: uptime });
            if seen.beat != row.beat {
                *seen = Seen { beat: row.beat, moved_at: uptime };
            }
            let still = uptime.saturating_sub(seen.moved_at);
            (row, still)
        })
        .collect()
    }
}

/// The other nodes that are there.
async fn others(state: &AppState) -> StoreResult<Vec<(Node, Duration)>> {
    let rows = nodes::list(state.db.read()).await?;
    Ok(state.nodes.see(rows, state.clock.uptime()))
}

/// Tells the others that this node is there, until `stop`, and then that it is gone.
pub async fn keep(state: AppState, stop: CancellationToken) {
    let mut applied = state.feed.applied();
    let mut tick = tokio::time::interval(BEAT);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    forget_former_selves(&state).await;
    let mut told = beat(&state).await;
    loop {
        if let Err(error) = told {
            tracing::warn!(error = %error, "other nodes were not told of this one");
        }
        tokio::select! {
            () = stop.cancelled() => break,
            _ = tick.tick() => {}
            _ = applied.changed() => {}
        }
        told = attend(&state).await;
    }
    let id = state.nodes.own.id.clone();
    let gone = state.db.write(move |tx| Box::pin(async move { nodes::strike_out(tx, &id, None).await })).await;
    if let Err(error) = gone {
        tracing::warn!(error = %error, "other nodes were not told of the end of this one");
    }
}

/// Looks who is there, tells them of this node if anybody is, and strikes out who has been silent for long.
///
/// # Errors
/// When the database can't be read or written.
pub async fn attend(state: &AppState) -> StoreResult<()> {
    let others = others(state).await?;
    if others.is_empty() {
        return Ok(());
    }
    for (node, _) in others.into_iter().filter(|(_, still)| *still >= GIVEN_UP_AFTER) {
        tracing::warn!(node = node.id, "a node has been silent for long and is given up");
        state
            .db
            .write(move |tx| Box::pin(async move { nodes::strike_out(tx, &node.id, Some(node.beat)).await }))
            .await?;
    }
    beat(state).await
}

async fn beat(state: &AppState) -> StoreResult<()> {
    let (own, applied) = (state.nodes.own.clone(), *state.feed.applied().borrow());
    state.db.write(move |tx| Box::pin(async move { nodes::beat(tx, &own, applied).await })).await
}

/// What crashed here before this node began is waited for by nobody.
///
/// # Errors
/// None: who can't be told of now is given up when it has been silent for long.
pub async fn forget_former_selves(state: &AppState) {
    let own = state.nodes.own.clone();
    let forgotten = state.db.write(move |tx| Box::pin(async move { nodes::strike_out_former(tx, &own).await })).await;
    if let Err(error) = forgotten {
        tracing::warn!(error = %error, "nodes that ran here before were not forgotten");
    }
}

/// Where a process is that listens at `addr`, for [`Nodes::new`].
#[must_use]
pub fn origin(addr: SocketAddr) -> String {
    // Of the ports that the system chooses there are as many as one likes.
    if addr.port() == 0 { String::new() } else { format!("{} {addr}", uname().nodename().to_string_lossy()) }
}

/// Tells how many sessions an act ended, once every node has heard of it or some could not be waited for. The act began
/// at `began`, by [`Clock::uptime`](crate::server::clock::Clock::uptime).
pub async fn ended(state: &AppState, ended: u64, began: Duration) -> Ended {
    let behind = behind_after_waiting(state).await;
    let took = state.clock.uptime().saturating_sub(began);
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    Ended { ended, everywhere: behind == Some(0), behind, took_ms }
}

/// How many revocations the slowest of the other nodes has not in force yet.
///
/// # Errors
/// When the database can't be read.
pub async fn furthest_behind(state: &AppState) -> StoreResult<i64> {
    let head = revocations::head(state.db.read()).await?;
    let others = others(state).await?;
    let there = others.iter().filter(|(_, still)| *still < HEARD_WITHIN);
    Ok(there.map(|(node, _)| head - node.applied).max().unwrap_or(0))
}

/// Waits until every node that is there has in force what has been committed so far. How many have not, when it was waited
/// long enough; `None` where that could not be found out.
async fn behind_after_waiting(state: &AppState) -> Option<u64> {
    let mut last = None;
    let waiting = async {
        let head = revocations::head(state.db.read()).await?;
        loop {
            let others = others(state).await?;
            let behind = others.iter().filter(|(node, still)| node.applied < head && *still < HEARD_WITHIN).count();
            last = Some(behind as u64);
            if behind == 0 {
                return StoreResult::Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    match tokio::time::timeout(WAIT, waiting).await {
        Ok(Err(_)) => None,
        Ok(Ok(())) | Err(_) => last,
    }
}

/// Whether it is this node that does what is to be done once. A lease is taken from a node that is gone.
///
/// # Errors
/// When the database can't be read or written.
pub async fn holds_schedule(state: &AppState) -> StoreResult<bool> {
    let holder = leases::holder(state.db.read(), leases::SCHEDULE).await?;
    let id = state.nodes.own.id.clone();
    if holder.as_ref() == Some(&id) {
        return Ok(true);
    }
    let others = others(state).await?;
    let is_there = |id: &String| others.iter().any(|(node, still)| node.id == *id && *still < HEARD_WITHIN);
    if holder.as_ref().is_some_and(is_there) {
        return Ok(false);
    }
    state
        .db
        .write(move |tx| Box::pin(async move { leases::take(tx, leases::SCHEDULE, holder.as_deref(), &id).await }))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, beat: i64) -> Node {
        Node { id: id.to_owned(), beat, applied: 0, started_at: 0 }
    }

    fn still(nodes: &Nodes, rows: Vec<Node>, at: u64) -> Vec<(String, u64)> {
        let seen = nodes.see(rows, Duration::from_secs(at));
        seen.into_iter().map(|(node, still)| (node.id, still.as_secs())).collect()
    }

    #[test]
    fn a_node_is_there_while_its_beat_moves_before_ones_own_eyes() {
        let nodes = Nodes::new("a".to_owned(), Timestamp(0), String::new());
        assert_eq!(still(&nodes, vec![row("a", 1), row("b", 7)], 100), [("b".to_owned(), 0)]);
        assert_eq!(still(&nodes, vec![row("a", 1), row("b", 7)], 104), [("b".to_owned(), 4)]);
        assert_eq!(still(&nodes, vec![row("b", 8)], 105), [("b".to_owned(), 0)]);
        assert_eq!(still(&nodes, vec![], 106), []);
        assert_eq!(still(&nodes, vec![row("b", 8)], 200), [("b".to_owned(), 0)], "one that comes back is new");
    }
}
