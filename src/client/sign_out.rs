//! Signing out by this tab's own wish. It leads on by itself: whatever asked for it may have left the page by then.

use std::{cell::Cell, future::Future};

use super::{dom, tab_sync};
use crate::api::{ApiResult, auth::logout};

const SIGN_IN: &str = "/login";

thread_local! {
    static LEAVING: Cell<bool> = const { Cell::new(false) };
}

/// Signs out, tells the other tabs, and loads the page of this site to go on with: the sign-in page where none is named.
///
/// # Errors
/// Those of the call; the session lives on then.
pub async fn sign_out(return_to: String) -> ApiResult<()> {
    let on = if return_to.is_empty() { SIGN_IN.to_owned() } else { return_to.clone() };
    leave_by(logout(return_to), &on).await
}

/// The same by another call that ends this session, on to `address`. The news of the end may come before the answer, and
/// take the page that asked away.
///
/// # Errors
/// Those of the call; the session lives on then.
pub async fn leave_by<T>(call: impl Future<Output = ApiResult<T>>, address: &str) -> ApiResult<T> {
    LEAVING.set(true);
    let reply = call.await;
    if reply.is_ok() {
        tab_sync::announce_sign_out();
        dom::go_to(address);
    } else {
        LEAVING.set(false);
    }
    reply
}

/// The same by a form that the browser sends by itself, and whose answer leads on.
pub fn leave_by_form() {
    LEAVING.set(true);
}

/// Whether this tab is signing out: that its session is gone is then no news, and [`sign_out`] leads on.
#[must_use]
pub fn leaving() -> bool {
    LEAVING.get()
}
