//! Reading private data for a page: renewed when the access token has ended, and the page's end when the session has.

use std::{cell::Cell, future::Future, rc::Rc};

use leptos::{either::EitherOf3, prelude::*, task::spawn_local};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    api::{ApiError, ApiResult, events::What},
    client::{call::with_renewal, changes, listeners::keep},
    ui::{
        act,
        auth_state::use_auth_state,
        components::states::{ErrorState, Loading},
        json_slice::JsonSlice,
    },
};

/// What a page has read, or the refusal.
pub type Private<T> = Resource<ApiResult<T>, JsonSlice>;

/// A resource over a server function that needs a session.
pub fn use_private<S, T, F, Fut>(source: impl Fn() -> S + Send + Sync + 'static, fetch: F) -> Private<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    F: Fn(S) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ApiResult<T>> + Send + 'static,
{
    let resource = Resource::new_with_options(source, move |key| read(fetch.clone(), key), false);
    let auth = use_auth_state();
    act::effect(Box::new(move || {
        resource.with(|answer| {
            if let Some(answer) = answer {
                auth.heed(answer);
            }
        });
    }));
    resource
}

async fn read<S, T, F, Fut>(fetch: F, key: S) -> ApiResult<T>
where
    S: Clone,
    F: Fn(S) -> Fut,
    Fut: Future<Output = ApiResult<T>>,
{
    with_renewal(move || fetch(key.clone())).await
}

/// The same, read anew whenever `what` changed, unseen: what is shown stays until there is something newer, also when
/// that can't be read.
pub fn use_live<S, T, F, Fut>(
    what: What,
    source: impl Fn() -> S + Clone + Send + Sync + 'static,
    fetch: F,
) -> Private<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    F: Fn(S) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ApiResult<T>> + Send + 'static,
{
    let resource = use_private(source.clone(), fetch.clone());
    act::effect(Box::new(move || {
        let (source, fetch) = (source.clone(), fetch.clone());
        let newest = Rc::new(Cell::new(0_u32));
        let again = move || {
            let (source, newest) = (source.clone(), Rc::clone(&newest));
            let (key, number) = (untrack(&source), newest.get() + 1);
            newest.set(number);
            let reading = read(fetch.clone(), key.clone());
            spawn_local(async move {
                let answer = reading.await;
                // What was asked for meanwhile, or read later, is newer.
                if answer.is_ok() && newest.get() == number && untrack(&source) == key {
                    resource.try_set(Some(answer));
                }
            });
        };
        keep(changes::hear(what, Rc::new(again)));
    }));
    resource
}

/// The page part that shows what was read. While a later read is under way the earlier content stays, and what comes
/// then changes only what is other: `show` is called once and follows what it is given. So nothing that was typed, opened or
/// focused in it is lost.
#[component]
pub fn Followed<T, V, F>(
    resource: Private<T>,
    show: F,
    /// In place of what is shown where something was refused.
    #[prop(optional)]
    refused: Option<fn(ApiError) -> AnyView>,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    V: IntoView + 'static,
    F: Fn(Signal<T>) -> V + Clone + Send + Sync + 'static,
{
    let refused = refused.unwrap_or(|error| view! { <ErrorState error /> }.into_any());
    view! {
        <Transition fallback=Loading>
            {
                let show = show.clone();
                let kind = Memo::new(move |_| resource.get().map(|answer| answer.map(drop)));
                move || {
                    // A resource that is looked at within a `Transition` is followed, `get_untracked` or not.
                    let first = || untrack(|| resource.get_untracked());
                    kind.get()
                        .map(|kind| match (kind, first()) {
                            (Ok(()), Some(Ok(first))) => EitherOf3::A(show(latest(resource, first))),
                            // the page is about to be taken away
                            (Ok(()) | Err(ApiError::SignedOut { .. }), _) => EitherOf3::B(()),
                            (Err(error), _) => EitherOf3::C(refused(error)),
                        })
                }
            }
        </Transition>
    }
}

/// What was read last; a refusal changes nothing here.
fn latest<T>(resource: Private<T>, first: T) -> Signal<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let latest = Memo::new(move |before: Option<&T>| match resource.get() {
        Some(Ok(data)) => data,
        _ => before.unwrap_or(&first).clone(),
    });
    latest.into()
}

/// The page part that shows what was read. While a later read is under way the earlier content stays.
#[component]
pub fn Loaded<T, V, F>(resource: Private<T>, show: F) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
    F: Fn(T) -> V + Clone + Send + Sync + 'static,
{
    view! {
        <Transition fallback=Loading>
            {move || {
                let show = show.clone();
                resource
                    .get()
                    .map(|answer| match answer {
                        Ok(data) => EitherOf3::A(show(data)),
                        // the page is about to be taken away
                        Err(ApiError::SignedOut { .. }) => EitherOf3::B(()),
                        Err(error) => EitherOf3::C(view! { <ErrorState error /> }),
                    })
            }}
        </Transition>
    }
}
