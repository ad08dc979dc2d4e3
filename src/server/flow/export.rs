//! Long lists as files: a batch at a time, so that a list of any length needs the memory of one, and between two batches
//! holds neither a connection nor a transaction. What is asked for stops with the reader: nobody asks for the next batch.

use futures::{Stream, stream};

use crate::{
    api::ApiResult,
    domain::{
        audit::{Event, Outcome},
        revocation::Standing,
    },
    server::{
        context::{Actor, RequestContext},
        state::AppState,
        store::{
            StoreError, StoreResult,
            audit::{self, Entry},
        },
    },
};

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the session that asked for it has ended")]
    Ended,
}

/// A batch as text, and where the one after it begins; nothing after the last.
pub type Batch<C> = Option<(String, Option<C>)>;

/// Writes down that a list was taken out, and under which filter, before anything of it is sent.
///
/// # Errors
/// `unavailable`.
pub async fn write_down(cx: &RequestContext, event: Event, filter: &[(&'static str, &str)]) -> ApiResult<()> {
    let entry = Entry { detail: Some(evidence(filter).to_string()), ..cx.audit(event, Outcome::Done) };
    cx.state.db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await?;
    Ok(())
}

/// What is written down of it: what of the filter was set.
#[must_use]
pub fn evidence(filter: &[(&'static str, &str)]) -> serde_json::Value {
    let set: serde_json::Map<_, _> = filter
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| ((*name).to_owned(), value.chars().take(254).collect::<String>().into()))
        .collect();
    serde_json::json!({ "filter": set })
}

/// All batches from `first` on. They end with the session that asked for them.
pub fn batches<C, F, Fut>(
    cx: &RequestContext,
    actor: &Actor,
    first: Option<C>,
    next: F,
) -> impl Stream<Item = Result<String, Broken>> + Send + 'static + use<C, F, Fut>
where
    C: Send + 'static,
    F: Fn(AppState, C) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = StoreResult<Batch<C>>> + Send + 'static,
{
    let (state, claims) = (cx.state.clone(), actor.0.clone());
    stream::try_unfold(first, move |cursor| {
        let (state, claims, next) = (state.clone(), claims.clone(), next.clone());
        async move {
            let Some(cursor) = cursor else { return Ok(None) };
            if state.revoked.standing(&claims.claims) != Standing::Good {
                return Err(Broken::Ended);
            }
            Ok(next(state, cursor).await?)
        }
    })
}
