//! What the browser does by itself: renew the token in time, watch for a human, keep all tabs of one mind.
//!
//! Decisions are taken in `domain/{idle_clock,refresh_schedule}.rs`; this folder listens, asks and carries out. Nothing of it runs on
//! the server: it begins in `Effect`s. Raw browser objects stay in `dom`, `listeners`, `channel`,
//! `web_lock`, `web_crypto`, `form_fields`, `page_forms` and the storage of `drafts`.

pub mod call;
pub mod changes;
mod channel;
pub mod choices;
pub mod dom;
pub mod draft_keeper;
pub mod drafts;
mod flight;
mod form_fields;
mod guard;
mod guard_calls;
pub mod guest;
pub mod hydration;
mod idle_timer;
pub mod kept_forms;
pub mod listeners;
mod live_events;
mod page_forms;
pub mod session_guard;
pub mod sign_out;
mod silent_refresh;
pub mod tab_sync;
mod turn;
mod watch;
mod web_crypto;
mod web_lock;

pub use call::with_renewal;
pub use idle_timer::{Wake, watch_wakes};
pub use session_guard::{Ended, GuardEvents, SessionGuard, use_session_guard};
pub use silent_refresh::replacing;
