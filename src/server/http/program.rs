//! Which program runs a page: the least that has the page and all that who asks may use, of those the site was built with.

use http::request::Parts;
use leptos::prelude::use_context;

use super::site;
use crate::{api::ApiError, domain::program::Program, server::context};

/// The program of the page being rendered.
#[must_use]
pub fn of_page() -> Program {
    let (Some(parts), Ok(cx)) = (use_context::<Parts>(), context::current()) else { return Program::Staff };
    let by_role = match cx.actor() {
        Ok(actor) => Program::of_role(Some(actor.claims().role)),
        Err(ApiError::SignedOut { .. }) => Program::of_role(None),
        // somebody, perhaps
        Err(_) => Program::Staff,
    };
    by_role.max(Program::of_page(parts.uri.path())).or_next(|program| site::has(&format!("{}.wasm", program.file())))
}
