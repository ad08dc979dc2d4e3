//! Forms that change something: plain `<form method=post>` to a server function, sent in place when scripts run.
//!
//! The same as `ActionForm` over a `ServerAction`, but the call is renewed and repeated once when the access token has
//! ended, and an answer that says the session is over ends the page. The same person may sign in again over it: the act
//! is then made again with the page, and what was to be sent is sent, once. A form that asks for a secret is left to be sent anew.

use std::future::Future;

use leptos::{
    ev::SubmitEvent,
    form::FromFormData,
    prelude::*,
    server_fn::{
        Http, ServerFn,
        codec::{Json, PostUrl},
        error::ServerFnUrlError,
    },
};
use leptos_router::hooks::use_query_map;
use serde::de::DeserializeOwned;

use crate::{
    api::{ApiError, ApiResult, form_result},
    client::{call::with_renewal, kept_forms},
    ui::auth_state::use_auth_state,
};

/// An act on the server and its last answer.
pub type Act<S> = Action<S, ApiResult<<S as ServerFn>::Output>>;

/// Makes an act. It belongs in the routed page component: what a form that was sent without scripts came to stands
/// in that page's address and is read here.
pub fn use_act<S>() -> Act<S>
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: DeserializeOwned + Clone + Send + Sync + 'static,
{
    use_act_by(|input: S| with_renewal(move || input.clone().run_on_client()))
}

/// The same with a call of its own in place of the plain one. A call that has begun ends, also when the form has left the page.
pub fn use_act_by<S, Fut>(call: impl Fn(S) -> Fut + Send + Sync + 'static) -> Act<S>
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: DeserializeOwned + Clone + Send + Sync + 'static,
    Fut: Future<Output = ApiResult<S::Output>> + Send + 'static,
{
    let act = Action::new_with_value(without_scripts::<S>(), move |input: &S| {
        let sent = kept_forms::sender().map(|page| (page, input.clone()));
        let answer = call(input.clone());
        async move {
            let answer = answer.await;
            kept_forms::answered(
                S::PATH,
                answer.as_ref().err(),
                sent.map(|(page, input)| (page, Box::new(input) as _)),
            );
            answer
        }
    });
    let auth = use_auth_state();
    effect(Box::new(move || {
        if act.version().get() == 0 {
            if let Some(input) = kept_forms::take_call(S::PATH).and_then(|input| input.downcast::<S>().ok()) {
                act.dispatch(*input);
            }
        // an answer of this page, not one that somebody wrote into a link
        } else if let Some(answer) = act.value().get() {
            auth.heed(&answer);
        }
    }));
    act
}

/// What the act came to when its form was sent without scripts.
fn without_scripts<S>() -> Option<ApiResult<S::Output>>
where
    S: ServerFn<Error = ApiError>,
    S::Output: DeserializeOwned,
{
    use_query_map().with_untracked(|query| {
        if query.get_str(form_result::PATH) != Some(S::PATH) {
            return None;
        }
        match (query.get_str(form_result::ERROR), query.get_str(form_result::DONE)) {
            (Some(error), _) => Some(Err(ServerFnUrlError::<ApiError>::decode_err(error))),
            (None, done) => serde_json::from_slice(done?.as_bytes()).ok().map(Ok),
        }
    })
}

/// Runs `then` in the browser each time the act has succeeded.
pub fn on_success<S>(act: Act<S>, then: impl Fn(S::Output) + 'static)
where
    S: ServerFn + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
    S::Error: Clone + Send + Sync + 'static,
    Act<S>: Copy,
{
    effect(Box::new(move || {
        if act.version().get() > 0
            && let Some(Ok(output)) = act.value().get()
        {
            then(output);
        }
    }));
}

/// What the acts of a page came to last, for its message slots.
#[derive(Clone, Copy, Default)]
pub struct Outcome {
    pub error: RwSignal<Option<ApiError>>,
    pub done: RwSignal<Option<String>>,
}

impl Outcome {
    /// Follows an act: its errors, and its successes in words; also what came back in the address.
    #[must_use]
    pub fn follow<S>(self, act: Act<S>, say: impl Fn(S::Output) -> String + 'static) -> Self
    where
        S: ServerFn<Error = ApiError> + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        let tell = move |answer| {
            let (error, done) = match answer {
                Ok(output) => (None, Some(say(output))),
                Err(error) => (Some(error), None),
            };
            self.error.set(error);
            self.done.set(done);
        };
        if let Some(earlier) = act.value().get_untracked() {
            tell(earlier);
        }
        effect(Box::new(move || {
            if act.version().get() > 0
                && let Some(answer) = act.value().get()
            {
                tell(answer);
            }
        }));
        self
    }
}

/// An effect whose body stands behind a pointer: what runs it exists once in the browser's program, not once for each form.
pub fn effect(mut body: Box<dyn FnMut()>) {
    Effect::new(move |_| body());
}

/// The form of an act. `page` is where it stands: the way back when it is sent without scripts.
#[component]
pub fn ActForm<S>(
    act: Act<S>,
    #[prop(into)] page: String,
    #[prop(optional, into)] class: &'static str,
    children: Children,
) -> impl IntoView
where
    S: ServerFn<Error = ApiError, Protocol = Http<PostUrl, Json>> + DeserializeOwned + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let submit = move |event: SubmitEvent| {
        // Whatever fails before here leaves the form to the browser.
        let input = S::from_event(&event);
        event.prevent_default();
        match input {
            Ok(input) => {
                kept_forms::sending(&event);
                act.dispatch(input);
            }
            Err(_) => act.value().set(Some(Err(ApiError::invalid("form", "malformed")))),
        }
    };
    view! {
        <form method="post" action=S::url() class=class on:submit=submit>
            <input type="hidden" name="page" value=page />
            {children()}
        </form>
    }
}
