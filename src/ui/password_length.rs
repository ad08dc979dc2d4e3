//! How long a new password must be, as configured: the server writes it into the page, and the browser reads it from there.

use leptos::prelude::*;

use crate::platform;

#[derive(Clone, Copy)]
struct MinLength(usize);

/// Provides it. In `App`, once.
pub fn provide_password_min_length() {
    let length = SharedValue::<usize>::new(platform::password_min_length);
    provide_context(MinLength(length.into_inner()));
}

/// In code points.
///
/// # Panics
/// Outside `App`.
pub fn password_min_length() -> usize {
    expect_context::<MinLength>().0
}
