//! What the audit log is looked through by.

use leptos::prelude::*;

use crate::{
    api::audit::AuditFilter,
    domain::audit::{Event, Outcome},
    i18n::td_string as text,
    ui::{
        components::filters::{Choice, Filters, Typed, said},
        locale::use_locale,
        paths, texts,
    },
};

#[component]
pub fn AuditFilters(filter: Memo<AuditFilter>) -> impl IntoView {
    let l = use_locale();
    let said = Signal::derive(move || filter.with(|filter| said(&filter.pairs())));
    let any = move || vec![("", text!(l, filters.any).to_owned())];
    let actions = Event::ALL.map(|event| (event.as_str(), texts::event(l, event.as_str()).to_string()));
    let outcomes = Outcome::ALL.map(|outcome| {
        let word = match outcome {
            Outcome::Done => text!(l, audit.done),
            Outcome::Refused => text!(l, audit.refused),
        };
        (outcome.as_str(), word.to_owned())
    });
    view! {
        <Filters page=paths::AUDIT label=text!(l, audit.search) said>
            <Choice name="action" label=text!(l, audit.action) options=[any(), actions.to_vec()].concat() said />
            <Choice name="outcome" label=text!(l, audit.outcome) options=[any(), outcomes.to_vec()].concat() said />
            <Typed name="actor" label=text!(l, audit.actor_field) kind="text" said />
            <Typed name="target" label=text!(l, audit.target_field) kind="text" said />
            <Typed name="session" label=text!(l, audit.session) kind="text" said />
            <Typed name="from" label=text!(l, audit.from) kind="date" said />
            <Typed name="to" label=text!(l, audit.to) kind="date" said />
        </Filters>
    }
}
