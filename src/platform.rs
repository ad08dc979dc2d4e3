//! Where server and browser differ, so that nothing else needs to ask which of the two it is compiled for.

/// Where a file of the site is fetched from, such as `/pkg/sekisho.css`. On the server it carries the file's version,
/// so that the address never serves anything else and may be cached for ever.
#[cfg(feature = "ssr")]
#[must_use]
pub fn asset_url(name: &str) -> String {
    let name = name.trim_start_matches('/');
    crate::server::http::site::version(name)
        .map_or_else(|| format!("/{name}"), |version| format!("/{name}?v={version}"))
}

/// Where a file of the site is fetched from, such as `/pkg/sekisho.css`.
#[cfg(not(feature = "ssr"))]
#[must_use]
pub fn asset_url(name: &str) -> String {
    format!("/{}", name.trim_start_matches('/'))
}

/// The page being rendered is answered with 404. Does nothing in the browser.
#[cfg(feature = "ssr")]
pub fn set_not_found() {
    if let Some(reply) = leptos::context::use_context::<leptos_axum::ResponseOptions>() {
        reply.set_status(http::StatusCode::NOT_FOUND);
    }
}

/// The page being rendered is answered with 404. Does nothing in the browser.
#[cfg(not(feature = "ssr"))]
pub const fn set_not_found() {}
