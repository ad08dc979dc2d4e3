//! Who asks, from where, with what, and what goes back in cookies: made once per request, outside every handler.

mod layer;

use std::{
    net::IpAddr,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

pub use self::layer::layer;
use super::{
    crypto::access_token::Verified,
    device, flow,
    http::{
        client_ip::Peer,
        cookies::{ReplyCookies, RequestCookies},
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

/// What asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A page or its script.
    Page,
    /// A proxy or another service: cookies are neither set nor rotated.
    Machine,
    /// An open page that listens: neither, and nothing is known by it of its session's use.
    Listener,
}

#[derive(Clone)]
pub struct RequestContext(Arc<Inner>);

#[derive(Clone)]
pub struct Inner {
    pub state: AppState,
    pub now: Timestamp,
    pub address: IpAddr,
    /// Who is connected, which may be a proxy of ours.
    peer: Peer,
    agent: Agent,
    /// Made by those few who ask for it: most requests only ask who someone is.
    id: OnceLock<String>,
    pub cookies: RequestCookies,
    pub bearer: Option<String>,
    pub reply: ReplyCookies,
    /// A page or a scriptless form asks, not a script.
    pub navigates: bool,
    /// Nobody has asked for it yet: a browser fetches ahead of a click that may never come. Nothing is set or moved by that.
    pub speculates: bool,
    pub by: By,
    exchanged: bool,
    authentication: Authentication,
}

/// What the browser says it is.
#[derive(Clone)]
struct Agent {
    /// As it came; made into text by those who ask for it.
    said: Option<HeaderValue>,
    /// Its script has found a touch screen.
    touch: bool,
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

    /// Whether a trusted proxy asks, whose word on what it was asked itself counts.
    #[must_use]
    pub fn is_behind_proxy(&self) -> bool {
        self.peer.is_trusted(&self.state.config.trusted_proxies)
    }

    /// What asks, by its user agent alone: what its script has said may be missing from the next request of the same browser, and
    /// a refresh token is bound to the kind of device.
    #[must_use]
    pub fn device(&self) -> DeviceLabel {
        device::label(&self.said())
    }

    /// What is kept of how the browser calls itself; empty if it says nothing.
    #[must_use]
    pub fn user_agent(&self) -> String {
        if self.agent.touch { device::with_touch(self.said()) } else { self.said() }
    }

    /// What the browser calls itself, cut to a length that can be kept.
    fn said(&self) -> String {
        let said = self.agent.said.as_ref().and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        said.chars().filter(|char| !char.is_control()).take(device::LONGEST_USER_AGENT).collect()
    }

    /// Names this request in the log and in the audit log.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.id.get_or_init(|| self.state.rng.uuid(self.now))
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
            device: Some(self.user_agent()),
            request_id: Some(self.request_id().to_owned()),
            detail: None,
        }
    }

    /// The same request, to be judged as of `now`.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        Self(Arc::new(Inner { now, ..(*self.0).clone() }))
    }

    fn settle(&mut self, authentication: Authentication, exchanged: bool) {
        let inner = Arc::make_mut(&mut self.0);
        inner.authentication = authentication;
        inner.exchanged = exchanged;
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

/// Ends a sign-in: where to go next.
#[must_use]
pub fn arrive(cx: &RequestContext, signed_in: flow::sign_in::NewSession, return_to: &str) -> SignedIn {
    let return_to = cx.state.config.return_hosts.safe(return_to).to_owned();
    redirect(&return_to);
    SignedIn { user_id: signed_in.user_id.to_string(), session_id: signed_in.session_id.to_string(), return_to }
}
