//! The cookies of CONTRACT.md: names and attributes in one place (draft-ietf-httpbis-rfc6265bis).
//!
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
}

impl Name {
    pub const ALL: [Self; 4] = [Self::Access, Self::Refresh, Self::Session, Self::Device];

    /// The name on the wire. Browsers take `__Host-` only with `Secure`, `Path=/` and no `Domain`, so no sibling
    /// host and no plain http page can plant it; without TLS there is no such promise to make.
    #[must_use]
    pub fn text(self, insecure: bool) -> &'static str {
        let name = match self {
            Self::Access => "__Host-access",
            Self::Refresh => "__Host-refresh",
            Self::Session => "__Host-session",
            Self::Device => "__Host-device",
        };
        if insecure { name.trim_start_matches("__Host-") } else { name }
    }

    fn of(text: &str, insecure: bool) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.text(insecure) == text)
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
    fn add(&mut self, value: &str) {
        *self = match self {
            Self::Absent => Self::One(value.to_owned()),
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
}

impl RequestCookies {
    #[must_use]
    pub fn parse(headers: &HeaderMap, insecure: bool) -> Self {
        let mut found = Self::default();
        for line in headers.get_all(header::COOKIE) {
            let line = String::from_utf8_lossy(line.as_bytes());
            for cookie in Cookie::split_parse(line).flatten() {
                match Name::of(cookie.name(), insecure) {
                    Some(Name::Access) => found.access.add(cookie.value()),
                    Some(Name::Refresh) => found.refresh.add(cookie.value()),
                    Some(Name::Session) => found.session.add(cookie.value()),
                    Some(Name::Device) => found.device.add(cookie.value()),
                    None => {}
                }
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

/// The cookies of the reply: one line per name, the last word wins. Clones share the jar.
#[derive(Clone, Debug)]
pub struct ReplyCookies {
    insecure: bool,
    lines: Arc<Mutex<BTreeMap<Name, HeaderValue>>>,
}

impl ReplyCookies {
    #[must_use]
    pub fn new(insecure: bool) -> Self {
        Self { insecure, lines: Arc::default() }
    }

    /// Without a `max_age` the cookie ends with the browser. A value that no browser would keep is dropped and
    /// logged by name: a cookie cut short would be worse than none.
    pub fn set(&self, name: Name, value: &str, max_age: Option<Duration>) {
        let text = name.text(self.insecure);
        if text.len() + value.len() > LONGEST || !value.bytes().all(is_cookie_octet) {
            tracing::error!(cookie = text, length = value.len(), "a cookie that browsers would refuse was not set");
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
        let mut cookie = Cookie::build((name.text(self.insecure), value))
            .path("/")
            .http_only(true)
            .secure(!self.insecure)
            .same_site(SameSite::Lax);
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
mod tests {
    use super::*;

    fn sent(lines: &[&[u8]]) -> RequestCookies {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        RequestCookies::parse(&headers, false)
    }

    fn lines(reply: &ReplyCookies) -> Vec<String> {
        let mut headers = HeaderMap::new();
        reply.apply(&mut headers);
        headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn each_name_is_found_over_all_cookie_lines() {
        let found = sent(&[b"theme=dark; __Host-access=a.b.c", b"__Host-refresh=r; __Host-device=d"]);
        assert_eq!(found.access, Credential::One("a.b.c".to_owned()));
        assert_eq!(found.refresh, Credential::One("r".to_owned()));
        assert_eq!(found.device, Credential::One("d".to_owned()));
        assert!(found.any());
    }

    #[test]
    fn two_of_one_name_are_twice_wherever_they_stand() {
        assert_eq!(sent(&[b"__Host-access=a; __Host-access=a"]).access, Credential::Twice);
        assert_eq!(sent(&[b"__Host-access=a", b"x=1; __Host-access=b"]).access, Credential::Twice);
        assert_eq!(sent(&[b"__Host-access=a; __Host-access=; __Host-access=c"]).access, Credential::Twice);
    }

    #[test]
    fn a_twin_without_the_prefix_is_never_read() {
        assert!(!sent(&[b"access=a; refresh=r; __host-access=x; __Secure-access=y"]).any());
    }

    #[test]
    fn nothing_malformed_panics_or_hides_what_follows() {
        for odd in [&b""[..], b";;;", b"=", b"=;=", b"novalue", b"\xff\xfe=\xff", b"a=\"", b"__Host-access", b"\t;\t"] {
            assert_eq!(sent(&[odd]).access, Credential::Absent, "{odd:?}");
            assert_eq!(sent(&[odd, b"__Host-access=a"]).access, Credential::One("a".to_owned()), "{odd:?}");
        }
        assert!(matches!(sent(&[b"__Host-access=\xff\xfe"]).access, Credential::One(_)));
    }

    #[test]
    fn a_cookie_of_the_reply_carries_every_attribute() {
        let reply = ReplyCookies::new(false);
        reply.set(Name::Access, "a.b-c_d", None);
        reply.set(Name::Refresh, "r", Some(Duration::from_hours(24 * 30)));
        reply.clear(Name::Device);
        assert_eq!(
            lines(&reply),
            [
                "__Host-access=a.b-c_d; HttpOnly; SameSite=Lax; Secure; Path=/",
                "__Host-refresh=r; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000",
                "__Host-device=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0",
            ]
        );
    }

    #[test]
    fn without_tls_there_is_neither_secure_nor_prefix() {
        let reply = ReplyCookies::new(true);
        reply.set(Name::Session, "s", None);
        assert_eq!(lines(&reply), ["session=s; HttpOnly; SameSite=Lax; Path=/"]);
    }

    #[test]
    fn the_last_word_on_a_name_is_the_only_one() {
        let reply = ReplyCookies::new(false);
        let clone = reply.clone();
        reply.clear(Name::Access);
        clone.set(Name::Access, "new", None);
        assert_eq!(lines(&reply), ["__Host-access=new; HttpOnly; SameSite=Lax; Secure; Path=/"]);
    }

    #[test]
    fn what_a_browser_would_refuse_or_cut_short_is_not_sent() {
        let reply = ReplyCookies::new(false);
        let longest = LONGEST - "__Host-access".len();
        reply.set(Name::Access, &"a".repeat(longest + 1), None);
        for odd in ["a;b", "a b", "a\r\nb", "é", "a,b", "a\"b"] {
            reply.set(Name::Refresh, odd, None);
        }
        assert!(lines(&reply).is_empty());
        reply.set(Name::Access, &"a".repeat(longest), None);
        reply.set(Name::Access, "a", Some(Duration::MAX));
        assert!(lines(&reply)[0].ends_with("; Max-Age=34560000"));
    }
}
