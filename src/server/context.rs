//! Who asks, from where, with what, and what goes back in cookies: made once per request, outside every handler.

use std::{net::IpAddr, ops::Deref, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{Method, Request, StatusCode, header, request::Parts},
    middleware::Next,
    response::Response,
};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::{
    crypto::access_token::Verified,
    device::{self, LONGEST_USER_AGENT},
    flow,
    http::{
        client_ip,
        cookies::{ReplyCookies, RequestCookies},
        errors, origin_check,
    },
    state::AppState,
    store::audit::Entry,
};
use crate::{
    api::{ApiError, ApiResult, auth::SignedIn},
    domain::{
        access_claims::AccessClaims,
        audit::{Event, Outcome},
        device_label::DeviceLabel,
        session::EndReason,
        time::Timestamp,
    },
};

/// Someone who is signed in. What is above the authentication layer knows them by this and by nothing else.
#[derive(Clone, Debug)]
pub struct Actor(pub Arc<Verified>);

impl Actor {
    #[must_use]
    pub fn claims(&self) -> &AccessClaims {
        &self.0.claims
    }
}

/// What the credentials of a request amount to.
#[derive(Clone, Debug)]
pub enum Authentication {
    Actor(Actor),
    /// The access token has ended or is stale; a refresh may bring another.
    Renew,
    /// What was presented must be exchanged before it counts: it is of a former strategy, or a newer one is due.
    Exchange,
    SignedOut(EndReason),
    /// It could not be found out.
    Unavailable,
}

#[derive(Clone)]
pub struct RequestContext(Arc<Inner>);

pub struct Inner {
    pub state: AppState,
    pub now: Timestamp,
    pub address: IpAddr,
    pub user_agent: String,
    pub request_id: String,
    pub cookies: RequestCookies,
    pub bearer: Option<String>,
    pub reply: ReplyCookies,
    /// A page or a scriptless form asks, not a script.
    pub navigates: bool,
    /// A proxy or another service asks: cookies are neither set nor rotated.
    pub machine: bool,
    exchanged: bool,
    authentication: Authentication,
}

impl Deref for RequestContext {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl RequestContext {
    /// The one who asks.
    ///
    /// # Errors
    /// `renew`, `signed_out` or `unavailable`.
    pub fn actor(&self) -> ApiResult<&Actor> {
        match &self.authentication {
            Authentication::Actor(actor) => Ok(actor),
            Authentication::Renew | Authentication::Exchange => Err(ApiError::Renew),
            Authentication::SignedOut(reason) => Err(ApiError::SignedOut { reason: *reason }),
            Authentication::Unavailable => Err(ApiError::Unavailable),
        }
    }

    /// Whether this request's credential has been exchanged already.
    #[must_use]
    pub fn exchanged(&self) -> bool {
        self.exchanged
    }

    #[must_use]
    pub fn device(&self) -> DeviceLabel {
        device::label(&self.user_agent)
    }

    /// An audit row of this request, to be filled in further.
    #[must_use]
    pub fn audit(&self, event: Event, outcome: Outcome) -> Entry {
        let actor = match &self.authentication {
            Authentication::Actor(actor) => Some(actor.claims()),
            _ => None,
        };
        Entry {
            id: self.state.rng.uuid(self.now),
            at: self.now,
            event,
            outcome,
            actor: actor.map(|claims| claims.sub.clone()),
            target: None,
            session: actor.map(|claims| claims.sid.clone()),
            address: Some(self.address.to_string()),
            device: Some(self.user_agent.clone()),
            request_id: Some(self.request_id.clone()),
            detail: None,
        }
    }

    fn with(self, authentication: Authentication, exchanged: bool) -> Self {
        Self(Arc::new(match Arc::try_unwrap(self.0) {
            Ok(inner) => Inner { exchanged, authentication, ..inner },
            Err(shared) => Inner { exchanged, ..shared.rebuilt(authentication) },
        }))
    }
}

impl Inner {
    fn rebuilt(&self, authentication: Authentication) -> Self {
        Self {
            state: self.state.clone(),
            now: self.now,
            address: self.address,
            user_agent: self.user_agent.clone(),
            request_id: self.request_id.clone(),
            cookies: self.cookies.clone(),
            bearer: self.bearer.clone(),
            reply: self.reply.clone(),
            navigates: self.navigates,
            machine: self.machine,
            exchanged: self.exchanged,
            authentication,
        }
    }
}

/// The context of the request a server function or page runs in.
///
/// # Errors
/// `unavailable` outside a request.
pub fn current() -> ApiResult<RequestContext> {
    use_context::<Parts>()
        .and_then(|parts| parts.extensions.get::<RequestContext>().cloned())
        .ok_or(ApiError::Unavailable)
}

/// Sends a scriptless form on its way; callers with a script navigate by themselves.
pub fn redirect(path: &str) {
    let navigates = current().is_ok_and(|cx| cx.navigates);
    if let (true, Some(reply), Ok(location)) = (navigates, use_context::<ResponseOptions>(), path.parse()) {
        reply.set_status(StatusCode::SEE_OTHER);
        reply.insert_header(header::LOCATION, location);
    }
}

/// Ends a sign-in: where to go next, if that is a page of this site.
#[must_use]
pub fn arrive(_cx: &RequestContext, signed_in: flow::sign_in::NewSession, return_to: &str) -> SignedIn {
    let return_to = safe_return(return_to).to_owned();
    redirect(&return_to);
    SignedIn { user_id: signed_in.user_id.to_string(), session_id: signed_in.session_id.to_string(), return_to }
}

/// A path of this site and nothing that a browser could read as another; `/` otherwise.
fn safe_return(path: &str) -> &str {
    let harmless = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 512
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !["/login", "/register", "/api/"].iter().any(|own| path.starts_with(own));
    if harmless { path } else { "/" }
}

/// Makes the context, refuses other sites' writes, renews pages and forms in process, and sends the cookies.
pub async fn layer(State(state): State<AppState>, mut request: Request<Body>, next: Next) -> Response {
    let cx = RequestContext(Arc::new(gather(state, &request)));
    if !origin_check::allows(request.method(), request.headers(), &cx.state.config.public_url, cx.cookies.any()) {
        flow::audit_log::refused(&cx, Event::CrossSite, request.uri().path()).await;
        return errors::reply(&ApiError::CrossSite);
    }
    let authentication = flow::authenticate::authenticate(&cx).await;
    let cx = cx.with(authentication, false);
    let by_hand = request.headers().get("sec-fetch-user").is_some_and(|value| value == "?1");
    let acted = by_hand || request.method() == Method::POST;
    let cx = if cx.machine { cx } else { settle(cx, acted).await };
    let reply = cx.reply.clone();
    request.extensions_mut().insert(cx);
    let mut response = next.run(request).await;
    reply.apply(response.headers_mut());
    response
}

/// What is due is done before the request is: a credential exchanged, a session's life extended. When a person moves, an
/// ended access token is renewed without a redirect, and the act counts as one.
async fn settle(cx: RequestContext, acted: bool) -> RequestContext {
    let (settled, exchanged) = match &cx.authentication {
        Authentication::Exchange => (Some(flow::refresh::in_process(&cx).await), true),
        Authentication::Renew if cx.navigates => (Some(flow::refresh::in_process(&cx).await), true),
        Authentication::Actor(actor) => (flow::rolling::renew_if_due(&cx, actor).await, false),
        _ => (None, false),
    };
    let cx = match settled {
        Some(authentication) => cx.with(authentication, exchanged),
        None => cx,
    };
    if acted
        && cx.navigates
        && let Ok(actor) = cx.actor().cloned()
    {
        flow::touch::by_navigation(&cx, &actor).await;
    }
    cx
}

fn gather(state: AppState, request: &Request<Body>) -> Inner {
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let peer = request
        .extensions()
        .get::<axum::extract::ConnectInfo<std::net::SocketAddr>>()
        .map_or(IpAddr::from([0, 0, 0, 0]), |info| info.0.ip());
    let now = state.clock.now();
    let path = request.uri().path();
    let machine = path.starts_with("/auth/") || path.starts_with("/.well-known/") || path.starts_with("/pkg/");
    Inner {
        now,
        address: client_ip::client_ip(peer, headers, &state.config.trusted_proxies),
        user_agent: text(header::USER_AGENT)
            .chars()
            .filter(|char| !char.is_control())
            .take(LONGEST_USER_AGENT)
            .collect(),
        request_id: state.rng.uuid(now),
        cookies: RequestCookies::parse(headers, state.config.insecure_cookies),
        bearer: text(header::AUTHORIZATION).strip_prefix("Bearer ").map(str::to_owned),
        reply: ReplyCookies::new(state.config.insecure_cookies),
        machine,
        exchanged: false,
        navigates: !machine && text(header::ACCEPT).contains("text/html"),
        authentication: Authentication::SignedOut(EndReason::None),
        state,
    }
}

#[cfg(test)]
mod tests {
    use super::safe_return;

    #[test]
    fn the_way_back_never_leaves_this_site() {
        assert_eq!(safe_return("/settings/devices?x=1"), "/settings/devices?x=1");
        for elsewhere in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https:evil.example",
            "https://evil.example",
            "/a\r\nSet-Cookie:x",
            "/login",
            "javascript:alert(1)",
            "/\t/evil.example",
        ] {
            assert_eq!(safe_return(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
