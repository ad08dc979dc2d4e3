//! A page that nobody is signed in on, while somebody may sign in on another.

use super::{
    idle_timer::{Wake, watch_wakes},
    listeners::Listener,
    tab_sync::{self, News},
};

/// Calls `look` when somebody has signed in in another tab, or the page comes back from the browser's cache as it stood.
pub fn watch(look: impl Fn() + Clone + 'static) -> Vec<Listener> {
    let heard = look.clone();
    tab_sync::listen(move |letter| {
        if matches!(letter.news, News::SignedIn { .. }) {
            heard();
        }
    });
    watch_wakes(move |wake| {
        if wake == Wake::Restored {
            look();
        }
    })
}
