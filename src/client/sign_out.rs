//! Signing out by this tab's own wish. It leads to the sign-in page by itself: whatever asked for it may have left the page by then.

use std::cell::Cell;

use super::{dom, tab_sync};
use crate::api::{ApiResult, auth::logout};

const SIGN_IN: &str = "/login";

thread_local! {
    static LEAVING: Cell<bool> = const { Cell::new(false) };
}

/// Signs out, tells the other tabs, and loads the sign-in page.
///
/// # Errors
/// Those of the call; the session lives on then.
pub async fn sign_out() -> ApiResult<()> {
    LEAVING.set(true);
    let reply = logout().await;
    if reply.is_ok() {
        tab_sync::announce_sign_out();
        dom::go_to(SIGN_IN);
    } else {
        LEAVING.set(false);
    }
    reply
}

/// The server has signed this session out by another act of this tab: tells the other tabs, and goes on to `address`.
pub fn leave_for(address: &str) {
    LEAVING.set(true);
    tab_sync::announce_sign_out();
    dom::go_to(address);
}

/// Whether this tab is signing out: that its session is gone is then no news, and [`sign_out`] leads on.
#[must_use]
pub fn leaving() -> bool {
    LEAVING.get()
}
