//! Keeps an eye on what is left of a page whose session has ended: it goes with the time, and with the page.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::{
    client::{
        Wake, kept_forms,
        listeners::{Listener, keep},
        watch_wakes,
    },
    ui::auth_state::AuthState,
};

const TICK: Duration = Duration::from_secs(1);

/// To be called once, beside the routes.
pub fn use_kept_page(auth: AuthState) {
    Effect::new(|_| keep(Listener::new(&document(), "focusin", |event| kept_forms::note_focus(&event))));
    forget_on_leaving();
    let waiting = Memo::new(move |_| auth.account().with(Option::is_some));
    Effect::new(move |_| {
        if waiting.get() {
            keep(watch_wakes(move |wake| {
                auth.lapse();
                if wake == Wake::Restored {
                    auth.reload();
                }
            }));
            if let Ok(interval) = set_interval_with_handle(move || auth.lapse(), TICK) {
                on_cleanup(move || interval.clear());
            }
        }
    });
}

/// What was typed, or was to be sent, belongs to one page.
fn forget_on_leaving() {
    let (path, search) = (use_location().pathname, use_location().search);
    Effect::new(move |earlier: Option<(String, String)>| {
        let here = (path.get(), search.get());
        if earlier.is_some_and(|earlier| earlier != here) {
            kept_forms::forget();
        }
        here
    });
}
