//! Reading private data for a page: renewed when the access token has ended, and the page's end when the session has.

use std::future::Future;

use leptos::{either::EitherOf3, prelude::*};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    api::{ApiError, ApiResult},
    client::call::with_renewal,
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
    let resource = Resource::new_with_options(
        source,
        move |key| {
            let fetch = fetch.clone();
            with_renewal(move || fetch(key.clone()))
        },
        false,
    );
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
