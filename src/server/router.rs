//! Every route and every layer, the outermost last, on one screen.

use axum::{
    Router, middleware,
    routing::{MethodFilter, any, get, on},
};
use leptos::{prelude::LeptosOptions, server_fn::axum::server_fn_paths};
use leptos_axum::{LeptosRoutes as _, generate_route_list_with_exclusions, handle_server_fns};

use super::{
    context,
    http::{
        edge, errors, events, exports, form_page, forward_auth, health, jwks, security_headers, site, way_back,
        whole_page,
    },
    metrics,
    state::AppState,
};
use crate::{
    api::{admin, audit},
    app::App,
    shell::shell,
};

/// The whole application over a state.
pub fn build(state: AppState) -> Router {
    let options = LeptosOptions::builder().output_name("sekisho").build();
    let page = {
        let options = options.clone();
        move || shell(options.clone())
    };
    let not_found = leptos_axum::render_app_async_with_context(security_headers::set_page_policy, page.clone());
    let contextual = middleware::from_fn_with_state(state.clone(), context::layer);
    let elsewhere = server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    let pages = generate_route_list_with_exclusions(App, Some(elsewhere));
    let people = Router::new()
        .leptos_routes_with_context(&options, pages, security_headers::set_page_policy, page)
        .fallback(not_found)
        .with_state(options)
        .layer(middleware::from_fn(whole_page::layer))
        .merge(functions())
        .route(audit::EXPORT, get(exports::audit))
        .route(admin::EXPORT, get(exports::users))
        .layer(middleware::from_fn(errors::layer))
        .layer(middleware::from_fn_with_state(state.clone(), form_page::layer))
        .layer(middleware::from_fn(way_back::layer))
        .layer(contextual.clone())
        .layer(middleware::from_fn(site::layer));
    let machines = Router::new()
        .route(forward_auth::PATH, any(forward_auth::verify))
        .route(events::PATH, get(events::events))
        .route("/.well-known/jwks.json", get(jwks::jwks))
        .route("/.well-known/revocations", get(jwks::revocations))
        .route("/.well-known/openid-configuration", get(jwks::configuration))
        .with_state(state.clone())
        .layer(contextual);
    let public = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .with_state(state.clone())
        .layer(middleware::from_fn(errors::layer));
    let app = people.merge(machines).merge(public);
    let app = app.layer(middleware::from_fn_with_state(state.clone(), edge::layer));
    let counted = state.config.metrics_addr.is_some();
    if counted { app.layer(middleware::from_fn_with_state(state, metrics::layer)) } else { app }
}

/// The server functions, without what pages are made with: each request would pay for copies of it.
fn functions() -> Router {
    server_fn_paths().fold(Router::new(), |router, (path, method)| {
        let Ok(method) = MethodFilter::try_from(method) else {
            unreachable!("server functions are asked by GET and POST")
        };
        router.route(path, on(method, handle_server_fns))
    })
}
