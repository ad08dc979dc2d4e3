//! Two tasks of hydration, so that whoever touches the page in between is heard: what the page is made of, then all that this has
//! left to be done (effects, futures).

use std::{cell::RefCell, time::Duration};

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use leptos::prelude::set_timeout;
use wasm_bindgen_futures::spawn_local;

thread_local! {
    /// What was left to be done; `None` once nothing waits any longer.
    static LEFT: RefCell<Option<Vec<PinnedLocalFuture<()>>>> = const { RefCell::new(Some(Vec::new())) };
}

/// Hydrates the page by `mount`. Once a document.
pub fn hydrate(mount: impl FnOnce()) {
    // Refused only where Leptos has another already; then nothing is left.
    let _ = Executor::init_local_custom_executor(OnceHydrated);
    mount();
    set_timeout(|| LEFT.take().into_iter().flatten().for_each(spawn_local), Duration::ZERO);
}

struct OnceHydrated;

impl CustomExecutor for OnceHydrated {
    fn spawn(&self, future: PinnedFuture<()>) {
        self.spawn_local(future);
    }

    fn spawn_local(&self, future: PinnedLocalFuture<()>) {
        let at_once = LEFT.with_borrow_mut(|left| match left {
            Some(left) => {
                left.push(future);
                None
            }
            None => Some(future),
        });
        if let Some(future) = at_once {
            spawn_local(future);
        }
    }

    /// The browser does.
    fn poll_local(&self) {}
}
