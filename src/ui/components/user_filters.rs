//! What the list of users is narrowed and sorted by.

use leptos::prelude::*;

use crate::{
    domain::{
        role::Role,
        user_filter::{Asked, Seen, Sort},
    },
    i18n::{Locale, td_string as text},
    ui::{
        components::filters::{Choice, Filters, said},
        locale::use_locale,
        paths, texts,
    },
};

#[component]
pub fn UserFilters(asked: Memo<Asked>) -> impl IntoView {
    let l = use_locale();
    let said = Signal::derive(move || asked.with(|asked| said(&asked.pairs())));
    let any = move || vec![("", text!(l, filters.any).to_owned())];
    let roles = Role::ALL.map(|role| (role.as_str(), texts::role(l, role).to_owned()));
    let locked = [("yes", text!(l, users.locked_yes).to_owned()), ("no", text!(l, users.locked_no).to_owned())];
    let live = [("yes", text!(l, users.live_yes).to_owned()), ("no", text!(l, users.live_no).to_owned())];
    let seen = Seen::ALL.map(|choice| (choice.as_str(), sight(l, choice).to_owned()));
    // The order that nobody asked for stands in no address.
    let sorts = Sort::ALL.map(|sort| {
        let code = if sort == Sort::default() { "" } else { sort.as_str() };
        (code, order(l, sort).to_owned())
    });
    view! {
        <Filters page=paths::USERS label=text!(l, users.search) said>
            <Choice name="role" label=text!(l, users.role) options=[any(), roles.to_vec()].concat() said />
            <Choice name="locked" label=text!(l, users.lock) options=[any(), locked.to_vec()].concat() said />
            <Choice name="live" label=text!(l, users.sessions) options=[any(), live.to_vec()].concat() said />
            <Choice name="seen" label=text!(l, users.last_active) options=[any(), seen.to_vec()].concat() said />
            <Choice name="sort" label=text!(l, users.sort) options=sorts.to_vec() said />
        </Filters>
    }
}

fn sight(l: Locale, seen: Seen) -> &'static str {
    match seen {
        Seen::Day => text!(l, users.seen_day),
        Seen::Week => text!(l, users.seen_week),
        Seen::Month => text!(l, users.seen_month),
        Seen::Longer => text!(l, users.seen_longer),
        Seen::Never => text!(l, users.seen_never),
    }
}

fn order(l: Locale, sort: Sort) -> &'static str {
    match sort {
        Sort::Email => text!(l, users.by_email),
        Sort::Name => text!(l, users.by_name),
        Sort::Seen => text!(l, users.by_sight),
        Sort::Created => text!(l, users.by_creation),
    }
}
