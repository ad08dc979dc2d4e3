//! Reading private data for a page: renewed when the access token has ended, and the page's end when the session has.

use std::{cell::Cell, future::Future, pin::Pin, rc::Rc, sync::Arc};

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

fn read<S, T, F, Fut>(fetch: F, key: S) -> Pin<Box<dyn Future<Output = ApiResult<T>> + Send>>
where
    S: Clone + Send + 'static,
    T: Send + 'static,
    F: Fn(S) -> Fut + Send + 'static,
    Fut: Future<Output = ApiResult<T>> + Send + 'static,
{
    with_renewal(move || fetch(key.clone()))
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
    act::effect(Box::new(move || keep(changes::hear(what, again(resource, source.clone(), fetch.clone())))));
    resource
}

/// The same, read anew every few seconds while it is `going` and seen.
pub fn use_polled<S, T, F, Fut>(
    going: RwSignal<bool>,
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
    let mut stood = false;
    act::effect(Box::new(move || {
        let goes = going.get();
        if goes {
            let again = again(resource, source.clone(), fetch.clone());
            if stood {
                again();
            }
            keep(changes::poll(again));
        }
        stood = !goes;
    }));
    resource
}

/// Reads once more, and has that in place of what was read before if there is nothing newer by then.
fn again<S, T, F, Fut>(resource: Private<T>, source: impl Fn() -> S + Clone + 'static, fetch: F) -> Rc<dyn Fn()>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    F: Fn(S) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ApiResult<T>> + Send + 'static,
{
    let newest = Rc::new(Cell::new(0_u32));
    Rc::new(move || {
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
    })
}

/// The page part that shows what was read. While a later read is under way the earlier content stays, and what comes
/// then changes only what is other: `show` is called once and follows what it is given. So nothing that was typed, opened or
/// focused in it is lost.
#[component]
pub fn Followed<T, F>(
    resource: Private<T>,
    show: F,
    /// In place of what is shown where something was refused.
    #[prop(optional)]
    refused: Option<fn(ApiError) -> AnyView>,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    F: Fn(Memo<T>) -> AnyView + Send + Sync + 'static,
{
    let outcome = Box::new(move || {
        resource.with(|answer| answer.as_ref().map(|answer| answer.as_ref().map(|_| ()).map_err(Clone::clone)))
    });
    let show = Box::new(move || {
        // A resource that is looked at within a `Transition` is followed, `get_untracked` or not.
        let first = untrack(|| resource.get_untracked())?.ok()?;
        Some(show(latest(resource, first)))
    });
    let refused = refused.unwrap_or(|error| view! { <ErrorState error /> }.into_any());
    view! { <FollowedAny outcome show refused /> }
}

type Outcome = Option<ApiResult<()>>;

/// The same for content of any kind.
#[component]
fn FollowedAny(
    outcome: Box<dyn Fn() -> Outcome + Send + Sync>,
    show: Box<dyn Fn() -> Option<AnyView> + Send + Sync>,
    refused: fn(ApiError) -> AnyView,
) -> impl IntoView {
    view! {
        <Transition fallback=Loading>
            {
                let outcome = Memo::new(move |_| outcome());
                move || {
                    outcome
                        .get()
                        .map(|outcome| match outcome {
                            Ok(()) => show(),
                            // the page is about to be taken away
                            Err(ApiError::SignedOut { .. }) => None,
                            Err(error) => Some(refused(error)),
                        })
                }
            }
        </Transition>
    }
}

/// What was read last; a refusal changes nothing here.
fn latest<T>(resource: Private<T>, first: T) -> Memo<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    Memo::new(move |before: Option<&T>| match resource.get() {
        Some(Ok(data)) => data,
        _ => before.unwrap_or(&first).clone(),
    })
}

/// Rows that stay on the page, with the focus in them, while their ids are listed.
#[component]
pub fn Keyed(
    ids: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    row: Arc<dyn Fn(String) -> AnyView + Send + Sync>,
) -> impl IntoView {
    view! { <For each=ids key=Clone::clone children=move |id| row(id) /> }
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
