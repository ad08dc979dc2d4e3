//! The cookies of CONTRACT.md: names and attributes in one place (draft-ietf-httpbis-rfc6265bis).
//!
//! Read as bytes: whoever trims names by Unicode white space reads `U+2000 __Host-access`, which any sibling host may set,
//! as ours. A name that isn't ours byte by byte is nobody's.
//! Two cookies of one name are refused rather than the first believed: one of them was planted.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite, time};

/// Browsers drop a cookie whose name and value together are longer.
const LONGEST: usize = 4096;
/// Browsers keep no cookie for longer.
const LONGEST_LIFE: Duration = Duration::from_hours(400 * 24);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Access,
    Refresh,
    Session,
    Device,
    /// What a browser without a session is known by when it reads what its form came to. It says nothing else of anyone.
    Form,
}

/// Who gets our cookies, which the prefix of their names promises to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This host alone. Browsers take `__Host-` only with `Secure`, `Path=/` and no `Domain`, so no sibling host and no
    /// plain http page can plant it.
    Host,
    /// Every host below a domain, each of which can set and read them: all that `__Secure-` promises is TLS.
    Domain(Arc<str>),
    /// Without TLS there is no promise to make.
    Insecure,
}

impl Scope {
    const fn prefix(&self) -> &'static str {
        match self {
            Self::Host => "__Host-",
            Self::Domain(_) => "__Secure-",
            Self::Insecure => "",
        }
    }
}

impl Name {
    pub const ALL: [Self; 5] = [Self::Access, Self::Refresh, Self::Session, Self::Device, Self::Form];

    /// The name without its prefix.
    const fn stem(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
            Self::Session => "session",
            Self::Device => "device",
            Self::Form => "form",
        }
    }

    /// The name on the wire.
    fn text(self, scope: &Scope) -> String {
        format!("{}{}", scope.prefix(), self.stem())
    }

    /// What is called so under the names in force.
    fn of(name: &[u8], scope: &Scope) -> Option<Self> {
        let stem = name.strip_prefix(scope.prefix().as_bytes())?;
        Self::ALL.into_iter().find(|name| name.stem().as_bytes() == stem)
    }
}

/// What came under one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    #[default]
    Absent,
    Twice,
    One(String),
}

impl Credential {
    fn add(&mut self, value: &[u8]) {
        *self = match self {
            // No value of ours is anything but ASCII; what isn't verifies nowhere.
            Self::Absent => Self::One(String::from_utf8_lossy(value).into_owned()),
            Self::One(_) | Self::Twice => Self::Twice,
        };
    }
}

/// Our cookies of one request. Unverified: anyone can send anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestCookies {
    pub access: Credential,
    pub refresh: Credential,
    pub session: Credential,
    pub device: Credential,
    pub form: Credential,
}

impl RequestCookies {
    #[must_use]
    pub fn parse(headers: &HeaderMap, scope: &Scope) -> Self {
        let mut found = Self::default();
        for (name, value) in each(headers).filter_map(pair) {
            match Name::of(name, scope) {
                Some(Name::Access) => found.access.add(value),
                Some(Name::Refresh) => found.refresh.add(value),
                Some(Name::Session) => found.session.add(value),
                Some(Name::Device) => found.device.add(value),
                Some(Name::Form) => found.form.add(value),
                None => {}
            }
        }
        found
    }

    /// Whether a browser that knows us sent this.
    #[must_use]
    pub fn any(&self) -> bool {
        self.credential() || self.device != Credential::Absent
    }

    /// Whether there is one that may say who someone is.
    #[must_use]
    pub fn credential(&self) -> bool {
        [&self.access, &self.refresh, &self.session].iter().any(|found| **found != Credential::Absent)
    }
}

/// Each cookie of a request, as it stands between two semicolons.
pub fn each(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).map(<[u8]>::trim_ascii)
}

/// Its name and its value; nothing where there is no `=`.
pub fn pair(cookie: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = cookie.iter().position(|byte| *byte == b'=')?;
    Some((cookie[..equals].trim_ascii(), cookie[equals + 1..].trim_ascii()))
}

/// The cookies of a request that are not ours, as one header. Ours are known by either prefix, because what a former
/// configuration left may still be worth something; without one only where ours have none.
#[must_use]
pub fn others(headers: &HeaderMap, scope: &Scope) -> HeaderValue {
    let kept: Vec<&[u8]> = each(headers).filter(|cookie| !cookie.is_empty() && !is_ours(cookie, scope)).collect();
    // They came in as header values.
    let mut others = HeaderValue::from_bytes(&kept.join(&b"; "[..])).unwrap_or(HeaderValue::from_static(""));
    others.set_sensitive(true);
    others
}

fn is_ours(cookie: &[u8], scope: &Scope) -> bool {
    let name = cookie.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
    let without = |prefix: &str| {
        let (head, stem) = name.split_at_checked(prefix.len())?;
        head.eq_ignore_ascii_case(prefix.as_bytes()).then_some(stem)
    };
    let bare = (*scope == Scope::Insecure).then_some(name);
    let stem = without("__Host-").or_else(|| without("__Secure-")).or(bare);
    stem.is_some_and(|stem| Name::ALL.iter().any(|ours| ours.stem().as_bytes().eq_ignore_ascii_case(stem)))
}

/// The cookies of the reply: one line per name, the last word wins. Clones share the jar.
#[derive(Clone, Debug)]
pub struct ReplyCookies {
    scope: Scope,
    lines: Arc<Mutex<BTreeMap<Name, HeaderValue>>>,
}

impl ReplyCookies {
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self { scope, lines: Arc::default() }
    }

    /// Without a `max_age` the cookie ends with the browser. A value that no browser would keep is dropped and
    /// logged by name: a cookie cut short would be worse than none.
    pub fn set(&self, name: Name, value: &str, max_age: Option<Duration>) {
        let text = name.text(&self.scope);
        if text.len() + value.len() > LONGEST || !value.bytes().all(is_cookie_octet) {
            tracing::error!(
                cookie = name.stem(),
                length = value.len(),
                "a cookie that browsers would refuse was not set"
            );
            return;
        }
        self.put(name, value, max_age);
    }

    /// Takes the cookie back. Repeats every attribute: browsers ignore a removal of a `__Host-` cookie without them.
    pub fn clear(&self, name: Name) {
        self.put(name, "", Some(Duration::ZERO));
    }

    /// Adds the lines to a reply.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for line in self.lines.lock().unwrap_or_else(PoisonError::into_inner).values() {
            headers.append(header::SET_COOKIE, line.clone());
        }
    }

    fn put(&self, name: Name, value: &str, max_age: Option<Duration>) {
        let mut cookie = Cookie::build((name.text(&self.scope), value))
            .path("/")
            .http_only(true)
            .secure(self.scope != Scope::Insecure)
            .same_site(SameSite::Lax);
        if let Scope::Domain(domain) = &self.scope {
            cookie = cookie.domain(domain.to_string());
        }
        if let Some(age) = max_age {
            cookie = cookie.max_age(time::Duration::try_from(age.min(LONGEST_LIFE)).unwrap_or(time::Duration::ZERO));
        }
        if let Ok(mut line) = HeaderValue::try_from(cookie.build().to_string()) {
            line.set_sensitive(true);
            self.lines.lock().unwrap_or_else(PoisonError::into_inner).insert(name, line);
        }
    }
}

const fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

#[cfg(test)]
#[path = "cookies_tests.rs"]
mod tests;
