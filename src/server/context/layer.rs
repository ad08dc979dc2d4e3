//! Makes the context of a request before anything else sees it.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
};

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::{Method, Request, header},
    middleware::Next,
    response::Response,
};

use super::{Authentication, By, Inner, RequestContext};
use crate::{
    api::ApiError,
    domain::{audit::Event, session::EndReason},
    platform::TOUCH_COOKIE,
    server::{
        flow,
        http::{
            choice, client_ip,
            cookies::{ReplyCookies, RequestCookies},
            errors, events, origin_check,
        },
        state::AppState,
        telemetry,
    },
};

/// Makes the context, refuses other sites' writes, renews pages and forms in process, and sends the cookies.
///
/// Every request pays for the size of this future: what is seldom needed is boxed, here and below.
pub async fn layer(State(state): State<AppState>, mut request: Request<Body>, next: Next) -> Response {
    let mut cx = RequestContext(Arc::new(gather(state, &request)));
    if !origin_check::allows(request.method(), request.headers(), &cx.state.config.public_url, cx.cookies.any()) {
        Box::pin(flow::audit_log::refused(&cx, Event::CrossSite, request.uri().path())).await;
        return errors::reply(&ApiError::CrossSite);
    }
    let authentication = flow::authenticate::authenticate(&cx).await;
    cx.settle(authentication, false);
    let by_hand = request.headers().get("sec-fetch-user").is_some_and(|value| value == "?1");
    let acted = by_hand || request.method() == Method::POST;
    if cx.by == By::Page {
        settle(&mut cx, acted).await;
    }
    let (method, uri) = (request.method().clone(), request.uri().clone());
    request.extensions_mut().insert(cx.clone());
    let mut response = next.run(request).await;
    cx.reply.apply(response.headers_mut());
    telemetry::answered(&cx, (&method, uri.path()), response.status());
    response
}

/// What is due is done before the request is: a credential exchanged, a session's life extended. When a person moves, an
/// ended access token is renewed without a redirect, and the act counts as one.
async fn settle(cx: &mut RequestContext, acted: bool) {
    let (settled, exchanged) = match &cx.authentication {
        Authentication::Exchange => (Some(Box::pin(flow::refresh::in_process(cx)).await), true),
        Authentication::Renew if cx.navigates => (Some(Box::pin(flow::refresh::in_process(cx)).await), true),
        Authentication::Actor(actor) => (flow::rolling::renew_if_due(cx, actor).await, false),
        _ => (None, false),
    };
    if let Some(authentication) = settled {
        cx.settle(authentication, exchanged);
    }
    if acted
        && cx.navigates
        && let Ok(actor) = cx.actor().cloned()
    {
        Box::pin(flow::touch::by_navigation(cx, &actor)).await;
    }
}

fn gather(state: AppState, request: &Request<Body>) -> Inner {
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let peer =
        request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::from([0, 0, 0, 0]), |info| info.0.ip());
    let now = state.clock.now();
    let path = request.uri().path();
    let machine = path.starts_with("/auth/") || path.starts_with("/.well-known/") || path.starts_with("/pkg/");
    let by = match path {
        events::PATH => By::Listener,
        _ if machine => By::Machine,
        _ => By::Page,
    };
    Inner {
        now,
        address: client_ip::client_ip(peer, headers, &state.config.trusted_proxies),
        peer,
        agent: headers.get(header::USER_AGENT).cloned(),
        touch: by == By::Page && choice::kept(headers, TOUCH_COOKIE, |value| (value == "1").then_some(())).is_some(),
        id: OnceLock::new(),
        cookies: RequestCookies::parse(headers, &state.config.cookies),
        bearer: text(header::AUTHORIZATION).strip_prefix("Bearer ").map(str::to_owned),
        reply: ReplyCookies::new(state.config.cookies.clone()),
        by,
        exchanged: false,
        navigates: by == By::Page && text(header::ACCEPT).contains("text/html"),
        authentication: Authentication::SignedOut(EndReason::None),
        state,
    }
}
