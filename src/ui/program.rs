//! Pages that not every program of the browser has. One that is led to a page it has not, loads it: the server sends
//! the program along that has it (`domain/program.rs`).

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::{hooks::use_location, location::Location};

use super::components::states::Loading;
use crate::{client::dom, domain::program::Program, platform::COMPILED};

/// A page of the settings.
pub fn settings<V, P>(page: P) -> impl Fn() -> AnyView + Clone + Send + Sync + 'static
where
    V: IntoView + 'static,
    P: Fn() -> V + Clone + Send + Sync + 'static,
{
    move || if COMPILED.has(Program::Person) { page().into_any() } else { elsewhere() }
}

/// A page of the admin's desk.
pub fn desk<V, P>(page: P) -> impl Fn() -> AnyView + Clone + Send + Sync + 'static
where
    V: IntoView + 'static,
    P: Fn() -> V + Clone + Send + Sync + 'static,
{
    move || if COMPILED.has(Program::Staff) { page().into_any() } else { elsewhere() }
}

fn elsewhere() -> AnyView {
    let Location { pathname, search, .. } = use_location();
    Effect::new(move |_| {
        let (path, query) = (pathname.get_untracked(), search.get_untracked());
        let address = if query.is_empty() { path } else { [path, query].join("?") };
        // once the router has written it into the browser's history
        set_timeout(move || dom::load(&address), Duration::ZERO);
    });
    view! { <Loading /> }.into_any()
}
