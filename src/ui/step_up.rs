//! Acts that may ask for the password first: the question is put, and once it is answered the act is done as it was meant.
//!
//! Without scripts the answer to such an act leads back to its page, which shows the same question as a plain form; the
//! person then presses the act's own button again.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::de::DeserializeOwned;

use crate::{
    api::{ApiError, step_up},
    client::{call::with_renewal, dom, kept_forms},
    i18n::td_string as text,
    ui::{
        act::{Act, Outcome, effect, on_success, use_act_by, use_replacing_act},
        locale::use_locale,
    },
};

/// The question of a page, for all of its acts.
#[derive(Clone, Copy)]
pub struct StepUp {
    pub act: Act<step_up::StepUp>,
    /// While the question stands.
    pub asked: RwSignal<bool>,
    /// What is to be done once it is answered; nothing, where that came with another load of the page.
    again: StoredValue<Option<Callback<()>>>,
}

/// Makes the question. In the routed page, as every act; `outcome` has the page's slots.
pub fn use_step_up(outcome: Outcome) -> StepUp {
    let l = use_locale();
    let act = use_replacing_act::<step_up::StepUp>();
    let answer = act.value().get_untracked();
    if let Some(Ok(_)) = answer {
        outcome.done.set(Some(text!(l, step_up.done).to_owned()));
    }
    let asked = RwSignal::new(matches!(answer, Some(Err(_))));
    let question = StepUp { act, asked, again: StoredValue::new(None) };
    on_success(act, move |_| {
        asked.set(false);
        if let Some(again) = question.take() {
            return again.run(());
        }
        outcome.error.set(None);
        outcome.done.set(Some(text!(l, step_up.done).to_owned()));
    });
    question
}

impl StepUp {
    fn ask(self, again: Callback<()>) {
        self.again.set_value(Some(again));
        self.act.value().set(None);
        self.asked.set(true);
    }

    /// The act is not done.
    pub fn give_up(self) {
        self.again.set_value(None);
        self.asked.set(false);
    }

    fn take(self) -> Option<Callback<()>> {
        self.again.try_update_value(Option::take).flatten()
    }
}

/// Makes an act that may ask for the password first.
pub fn use_proved_act<S>(question: StepUp) -> Act<S>
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: DeserializeOwned + Clone + Send + Sync + 'static,
{
    let last = StoredValue::new(None::<S>);
    let act = use_act_by(move |input: S| {
        dom::remember_focus();
        last.set_value(Some(input.clone()));
        with_renewal(move || input.clone().run_on_client())
    });
    let refused = move || act.value().with(|answer| matches!(answer, Some(Err(ApiError::StepUpRequired))));
    if untrack(refused) {
        question.asked.set(true);
    }
    let again = Callback::new(move |()| {
        if let Some(input) = last.get_value() {
            kept_forms::sending_again();
            act.dispatch(input);
        }
    });
    effect(Box::new(move || {
        if act.version().get() > 0 && refused() {
            question.ask(again);
        }
    }));
    act
}
