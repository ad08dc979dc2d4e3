//! Who may read in an address what a form came to: the session that sent the form, or the browser, where nobody was signed in.
//! Anybody can write a link; without the proof a page would say to one person what another made up.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use url::{Url, form_urlencoded};

use super::cookies::{Credential, Name};
use crate::{
    api::form_result,
    server::{
        context::RequestContext,
        crypto::form_proof::{Claim, Holder, is_proved, prove},
    },
};

/// Writes the proof beside what a form came to. A browser without a session gets a cookie to know it again by.
pub fn add(cx: &RequestContext, page: &mut Url) {
    let pairs: Vec<(String, String)> = page.query_pairs().map(|(name, value)| (name.into(), value.into())).collect();
    let Some((claim, None)) = said(&pairs) else { return };
    let keyring = cx.state.keyring.now();
    let (_, key) = keyring.deriving();
    let proof = match cx.actor() {
        Ok(actor) => prove(key, Holder::Session(actor.claims().sid.as_str()), claim),
        Err(_) => prove(key, Holder::Browser(&browser(cx)), claim),
    };
    page.query_pairs_mut().append_pair(form_result::PROOF, &proof);
}

/// Where to read a page instead whose address says what no form of the one who reads it came to.
#[must_use]
pub fn without_made_up(request: &Request<Body>) -> Option<HeaderValue> {
    let query = request.uri().query()?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) || request.uri().path().starts_with("/api/") {
        return None;
    }
    let cx = request.extensions().get::<RequestContext>()?;
    let pairs: Vec<(Cow<str>, Cow<str>)> = form_urlencoded::parse(query.as_bytes()).collect();
    if !pairs.iter().any(|(name, _)| form_result::is_part(name)) || is_believed(cx, &pairs) {
        return None;
    }
    let kept = pairs.iter().filter(|(name, _)| !form_result::is_part(name));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
    let mark = if query.is_empty() { "" } else { "?" };
    // With one slash at its beginning it is a path, and no address of another host.
    let path = request.uri().path().trim_start_matches(['/', '\\']);
    HeaderValue::try_from(format!("/{path}{mark}{query}")).ok()
}

fn is_believed(cx: &RequestContext, pairs: &[(Cow<str>, Cow<str>)]) -> bool {
    let Some((claim, Some(proof))) = said(pairs) else { return false };
    let keyring = cx.state.keyring.now();
    let (_, key) = keyring.deriving();
    let session = cx.actor().is_ok_and(|actor| {
        let holder = Holder::Session(actor.claims().sid.as_str());
        is_proved(key, holder, claim, proof)
    });
    session || known_browser(cx).is_some_and(|value| is_proved(key, Holder::Browser(value), claim, proof))
}

/// One result and its proof, each named once: of two a page might read the other.
fn said<T: AsRef<str>>(pairs: &[(T, T)]) -> Option<(Claim<'_>, Option<&str>)> {
    let parts = pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    let one = |wanted: &[&str]| {
        let mut found = parts.clone().filter(|(name, _)| wanted.contains(name));
        match (found.next(), found.next()) {
            (found, None) => Ok(found),
            (_, Some(_)) => Err(()),
        }
    };
    let (_, endpoint) = one(&[form_result::PATH]).ok()??;
    let (kind, result) = one(&[form_result::ERROR, form_result::DONE]).ok()??;
    let proof = one(&[form_result::PROOF]).ok()?.map(|(_, proof)| proof);
    Some((Claim { endpoint, kind, result }, proof))
}

/// What this browser is known by, or will be from this reply on.
fn browser(cx: &RequestContext) -> String {
    if let Some(known) = known_browser(cx) {
        return known.to_owned();
    }
    let new = BASE64_URL_SAFE_NO_PAD.encode(cx.state.rng.bytes::<16>());
    cx.reply.set(Name::Form, &new, None);
    new
}

fn known_browser(cx: &RequestContext) -> Option<&str> {
    match &cx.cookies.form {
        Credential::One(value) if value.len() >= 16 => Some(value),
        _ => None,
    }
}
