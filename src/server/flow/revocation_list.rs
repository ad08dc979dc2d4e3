//! What other services are told of revocations: read from the feed, and signed once a second for all who ask alike.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    api::{ApiError, ApiResult},
    domain::time::Timestamp,
    server::{
        crypto::revocation_list::{Entry, GOOD_FOR, RevocationList},
        state::AppState,
        store::revocations,
    },
};

/// In one answer; the rest is asked for by another.
const MOST: usize = 10_000;
/// Beginnings for which a list is made within a second; whoever comes with one more is told all from the first.
const MOST_LISTS: usize = 64;

/// The lists of this second, by what they begin after.
#[derive(Default)]
pub struct SignedLists(Mutex<(i64, HashMap<i64, Arc<str>>)>);

impl SignedLists {
    /// The list of this second for `since`, or for what it will be made.
    fn find(&self, second: i64, since: i64) -> Result<Arc<str>, i64> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.0 != second {
            *lists = (second, HashMap::new());
        }
        let since = if lists.1.len() < MOST_LISTS || lists.1.contains_key(&since) { since } else { 0 };
        lists.1.get(&since).cloned().ok_or(since)
    }

    fn keep(&self, second: i64, since: i64, list: &Arc<str>) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.0 == second {
            lists.1.insert(since, Arc::clone(list));
        }
    }
}

/// The signed list of what was revoked after number `since`.
///
/// # Errors
/// `unavailable` when the database can't be read: an older list must not do.
pub async fn list(state: &AppState, since: i64) -> ApiResult<Arc<str>> {
    let now = state.clock.now();
    let since = match state.lists.find(now.as_secs(), since) {
        Ok(list) => return Ok(list),
        Err(since) => since,
    };
    let list: Arc<str> = make(state, since, now).await?.into();
    state.lists.keep(now.as_secs(), since, &list);
    Ok(list)
}

async fn make(state: &AppState, since: i64, now: Timestamp) -> ApiResult<String> {
    let head = revocations::head(state.db.read()).await?;
    // A number ahead of the feed is of another history of it.
    let since = if (0..=head).contains(&since) { since } else { 0 };
    let found = revocations::after(state.db.read(), (since, head), now).await?;
    let more = found.len() > MOST;
    let told = &found[..found.len().min(MOST)];
    let last = told.last().map_or(since, |numbered| numbered.seq);
    let list = RevocationList {
        iss: state.access_tokens.issuer(),
        iat: now.as_secs(),
        exp: now.as_secs() + GOOD_FOR,
        since,
        seq: if more { last } else { last.max(head) },
        more,
        entries: told
            .iter()
            .filter(|numbered| numbered.revocation.until > now)
            .filter_map(|numbered| Entry::of(&numbered.revocation))
            .collect(),
    };
    list.sign(&state.keyring.now()).map_err(|_| ApiError::Unavailable)
}
