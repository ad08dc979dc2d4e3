//! Pages that not every program of the browser has. One that is led to a page it has not, loads it: the server sends
//! the program along that has it (`domain/program.rs`).

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::{hooks::use_location, location::Location};

use super::components::states::Loading;
use crate::{client::dom, domain::program::Program, platform::COMPILED};

/// How a page is drawn. One type for all, so that the router is compiled once and not for each.
pub type Page = fn() -> AnyView;

/// A page that every program has.
pub const fn everywhere(page: Page) -> Page {
    page
}

/// A page of the settings.
pub fn settings(page: Page) -> Page {
    if COMPILED.has(Program::Person) { page } else { elsewhere }
}

/// A page of the admin's desk.
pub fn desk(page: Page) -> Page {
    if COMPILED.has(Program::Staff) { page } else { elsewhere }
}

fn elsewhere() -> AnyView {
    // A page that comes with a program without it stays as the server wrote it: it would be loaded again and again.
    if dom::is_hydrated() {
        load_when_written();
    }
    view! { <Loading /> }.into_any()
}

fn load_when_written() {
    let Location { pathname, search, .. } = use_location();
    Effect::new(move |_| {
        let (path, query) = (pathname.get_untracked(), search.get_untracked());
        let address = if query.is_empty() { path } else { [path, query].join("?") };
        // once the router has written it into the browser's history
        set_timeout(move || dom::load(&address), Duration::ZERO);
    });
}
