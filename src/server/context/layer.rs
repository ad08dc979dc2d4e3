//! Makes the context of a request before anything else sees it.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Method, Request, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{Agent, Authentication, By, Inner, RequestContext};
use crate::{
    api::ApiError,
    domain::{audit::Event, session::EndReason},
    platform::TOUCH_COOKIE,
    server::{
        flow,
        http::{
            choice,
            client_ip::{Peer, client_ip},
            cookies::{ReplyCookies, RequestCookies},
            errors, events, forward_auth, origin_check, wrong_address,
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
        wrong_address::note_refusal(&cx, request.headers());
        return errors::reply(&ApiError::cross_site(&cx.state.config.public_url));
    }
    let authentication = flow::authenticate::authenticate(&cx).await;
    cx.settle(authentication, false);
    // A renewal is what it needs, and not what it may have: the browser throws this away, and asks again when it is meant.
    if cx.speculates && cx.by == By::Page && cx.actor().is_err_and(|error| error == ApiError::Renew) {
        return errors::reply(&ApiError::Unavailable);
    }
    let by_hand = request.headers().get("sec-fetch-user").is_some_and(|value| value == "?1");
    let acted = by_hand || request.method() == Method::POST;
    if cx.by == By::Page && !cx.speculates {
        settle(&mut cx, acted).await;
        if cx.navigates && cx.exchanged() && cx.actor().is_err_and(|error| error == ApiError::Renew) {
            return Box::pin(come_again(&cx, request.uri())).await;
        }
    }
    let (method, uri) = (request.method().clone(), request.uri().clone());
    request.extensions_mut().insert(cx.clone());
    let mut response = next.run(request).await;
    if cx.speculates {
        response.headers_mut().remove(header::SET_COOKIE);
    } else {
        cx.reply.apply(response.headers_mut());
    }
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

/// For as long a browser is kept that came with what was replaced a moment ago; after some twenty of these it gives up.
const MOMENT: Duration = Duration::from_millis(1_100);

/// Lets a page that came with what was replaced a moment ago come again with what the browser's jar holds by then.
async fn come_again(cx: &RequestContext, uri: &Uri) -> Response {
    tokio::time::sleep(MOMENT).await;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    // With the origin before it, or a path that begins with two slashes would lead elsewhere.
    let location = format!("{}{path}", cx.state.config.public_url);
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location), (header::CACHE_CONTROL, "no-store".to_owned())])
        .into_response()
}

fn gather(state: AppState, request: &Request<Body>) -> Inner {
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let peer = Peer::of(request.extensions());
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
        address: client_ip(peer, headers, &state.config.trusted_proxies),
        peer,
        agent: Agent {
            said: headers.get(header::USER_AGENT).cloned(),
            touch: by == By::Page
                && choice::kept(headers, TOUCH_COOKIE, |value| (value == "1").then_some(())).is_some(),
        },
        id: OnceLock::new(),
        cookies: RequestCookies::parse(headers, &state.config.cookies),
        bearer: bearer(text(header::AUTHORIZATION))
            .filter(|token| path != forward_auth::PATH || is_for_us(&state, token))
            .map(str::to_owned),
        reply: ReplyCookies::new(state.config.cookies.clone()),
        by,
        exchanged: false,
        navigates: by == By::Page && text(header::ACCEPT).contains("text/html"),
        speculates: speculates(request.method(), headers),
        authentication: Authentication::SignedOut(EndReason::None),
        state,
    }
}

/// The token of `Bearer TOKEN`; the scheme's case means nothing (RFC 9110, section 11.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// At a program behind a proxy a client may have a token of that program's own, which says nothing here; one that says it is
/// ours decides, whatever is wrong with it.
fn is_for_us(state: &AppState, token: &str) -> bool {
    state.access_tokens.claims_to_be_ours(&state.keyring.now(), token)
}

/// Whether a browser only fetches ahead: `Sec-Purpose` is of today (Fetch), the other two are older names for it.
fn speculates(method: &Method, headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get_all(name).iter().any(|value| names_prefetch(value.as_bytes()));
    matches!(*method, Method::GET | Method::HEAD) && ["sec-purpose", "purpose", "x-moz"].into_iter().any(says)
}

/// `prefetch`, also with parameters: `prefetch;prerender`.
fn names_prefetch(value: &[u8]) -> bool {
    let purpose = value.split(|byte| matches!(byte, b';' | b',')).next().unwrap_or_default();
    purpose.trim_ascii().eq_ignore_ascii_case(b"prefetch")
}
