//! Sekisho: a sign-in and session server. Tokens that are checked without a query, sessions that end now.
//!
//! Layers point downwards only: `ui` → `api` → `server/flow` → `domain` + `server/{store, crypto}`; `client` → `domain` + `api`.
//! One stem runs through all of them: where is refresh rotation? The rule is `domain/rotation.rs`, the transaction
//! `server/flow/refresh.rs`, the SQL `server/store/sessions.rs`, the proof `tests/refresh.rs`.

// Server functions and components are expanded by macros into deep types.
#![recursion_limit = "512"]

pub mod api;
pub mod app;
pub mod client;
pub mod domain;
pub mod platform;
#[cfg(feature = "ssr")]
pub mod server;
pub mod shell;
pub mod ui;

/// The texts, generated from `locales/` (see `build.rs`).
mod generated {
    #![expect(clippy::all, clippy::pedantic, clippy::restriction, reason = "generated code")]
    include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));
}
pub use generated::i18n;

/// Where the browser begins.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    client::hydration::hydrate(|| leptos::mount::hydrate_body(app::App));
}
