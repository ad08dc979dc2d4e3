//! Where sign-in may lead back to: a page of this site, or of a host that the operator has named, and nowhere else.
//!
//! Addresses of other hosts are compared, not parsed: what stands where browsers read the host must be a named one to
//! the letter. So nothing has to be known of what else browsers read there (user names, odd digits, other alphabets).

use std::fmt;

/// Longer addresses are not followed, in bytes as they stand. Most servers take no longer ones either.
pub const LONGEST: usize = 8 * 1024;
/// Where one is led who may not be led where they asked.
pub const HOME: &str = "/";
/// Where one is led who has signed out.
pub const SIGN_IN: &str = "/login";
const REGISTER: &str = "/register";
const SIGN_OUT: &str = "/logout";
/// Pages that would lead on from there.
const LEADING_ON: [&str; 3] = [SIGN_IN, SIGN_OUT, REGISTER];
/// Below these there is no page: what stands there answers programs, or takes what forms send.
const NO_PAGES: [&str; 4] = ["/api/", "/auth/", "/.well-known/", "/pkg/"];
const NO_PAGE: [&str; 3] = ["/events", "/healthz", "/readyz"];

/// A host that is not this site's, as the operator named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnHost {
    name: String,
    /// The scheme's own where there is none.
    port: Option<u16>,
    /// All hosts below that name are meant, and not the one of that name.
    below: bool,
}

impl ReturnHost {
    /// Reads `host` or `host:port`: a name of ASCII letters, digits, hyphens and dots, or an IPv4 address. `*.` before a
    /// name means all hosts below it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port_of(port)?)),
            None => (text, None),
        };
        let below = name.strip_prefix("*.");
        let name = below.unwrap_or(name);
        is_name(name).then(|| Self { name: name.to_ascii_lowercase(), port, below: below.is_some() })
    }

    /// Whether all hosts that it means are below that domain, or the domain itself.
    fn is_within(&self, domain: &str) -> bool {
        self.name.strip_suffix(domain).is_some_and(|head| head.is_empty() || head.ends_with('.'))
    }

    /// Whether it means a host that stands in an address.
    fn means(&self, name: &str) -> bool {
        if !self.below {
            return self.name.eq_ignore_ascii_case(name);
        }
        let head = name.len().checked_sub(self.name.len() + 1).and_then(|dot| name.split_at_checked(dot));
        let is_below =
            |(_, tail): (&str, &str)| tail.strip_prefix('.').is_some_and(|tail| tail.eq_ignore_ascii_case(&self.name));
        is_name(name) && head.is_some_and(is_below)
    }

    /// Whether it was written as a name alone: no port, no capitals, no IPv4 address (whose last label is a number).
    #[must_use]
    pub fn is_bare_name_of(&self, text: &str) -> bool {
        let last = self.name.rsplit('.').next().unwrap_or_default();
        !self.below && self.name == text && !last.starts_with(|first: char| first.is_ascii_digit())
    }
}

/// One that a browser reads as it stands.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let fits = !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
        fits && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Digits only: `parse` by itself takes a plus sign too.
fn port_of(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten().filter(|port| *port != 0)
}

/// As it is written, in small letters.
impl fmt::Display for ReturnHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.below { "*." } else { "" };
        write!(f, "{star}{}", self.name)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// This site and the hosts beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnHosts {
    /// Such as `https://id.example.com`.
    origin: String,
    hosts: Vec<ReturnHost>,
    /// The domain whose hosts get our cookies, if not this one alone.
    shared: Option<String>,
}

impl ReturnHosts {
    #[must_use]
    pub fn new(origin: &str, hosts: Vec<ReturnHost>, cookie_domain: Option<&str>) -> Self {
        Self { origin: origin.to_owned(), hosts, shared: cookie_domain.map(str::to_owned) }
    }

    /// Whether browsers send our cookies along to an allowed address.
    #[must_use]
    pub fn have_our_cookies(&self, allowed: &str) -> bool {
        self.named(allowed).is_none_or(|host| self.has_our_cookies(host))
    }

    /// The names of those that our cookies don't go to.
    pub fn without_our_cookies(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().filter(|host| !self.has_our_cookies(host)).map(|host| host.name.as_str())
    }

    /// Browsers don't look at the port.
    fn has_our_cookies(&self, host: &ReturnHost) -> bool {
        let own = self.origin.split_once("://").map_or("", |(_, own)| own.split(':').next().unwrap_or_default());
        let is_own = !host.below && host.name == own;
        is_own || self.shared.as_deref().is_some_and(|domain| host.is_within(domain))
    }

    /// Those that mean more hosts than our cookies go to: among them may be anybody's.
    pub fn too_wide(&self) -> impl Iterator<Item = String> {
        self.hosts.iter().filter(|host| host.below && !self.has_our_cookies(host)).map(ToString::to_string)
    }

    /// `asked` as a browser may be sent there: a path of this site, or an address on a named host. Plain http only
    /// where this site is served so itself.
    #[must_use]
    pub fn allowed<'a>(&self, asked: &'a str) -> Option<&'a str> {
        if !is_plain(asked) {
            return None;
        }
        // What a proxy in front of this very site saw.
        match asked.strip_prefix(&self.origin) {
            Some("") => Some(HOME),
            Some(path) if path.starts_with('/') => own(path),
            _ => own(asked).or_else(|| self.named(asked).map(|_| asked)),
        }
    }

    /// Where one is led who has signed out: where they asked to be, also to make an account; else to sign-in.
    #[must_use]
    pub fn after_sign_out<'a>(&self, asked: &'a str) -> &'a str {
        let registers = asked.split(['?', '#']).next() == Some(REGISTER) && is_plain(asked);
        if registers { asked } else { self.allowed(asked).unwrap_or(SIGN_IN) }
    }

    /// The same, and the front page for anything else.
    #[must_use]
    pub fn safe<'a>(&self, asked: &'a str) -> &'a str {
        self.allowed(asked).unwrap_or(HOME)
    }

    /// The origins of the named hosts, for a content security policy.
    pub fn origins(&self) -> impl Iterator<Item = String> + '_ {
        let schemes = ["https", "http"].into_iter().filter(|scheme| self.default_port(scheme).is_some());
        schemes.flat_map(|scheme| self.hosts.iter().map(move |host| format!("{scheme}://{host}")))
    }

    /// The named host that an address is on.
    fn named(&self, asked: &str) -> Option<&ReturnHost> {
        let (scheme, rest) = asked.split_once("://")?;
        let default = self.default_port(scheme)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (name, port) = match authority.split_once(':') {
            Some((name, port)) => (name, port_of(port)?),
            None => (authority, default),
        };
        self.hosts.iter().find(|host| host.means(name) && host.port.unwrap_or(default) == port)
    }

    fn default_port(&self, scheme: &str) -> Option<u16> {
        match scheme {
            "https" => Some(443),
            "http" if self.origin.starts_with("http:") => Some(80),
            _ => None,
        }
    }
}

/// `asked` with the part of that page, where it names none itself and may still be led to with it. `None` leaves it as it is.
#[must_use]
pub fn with_part(asked: &str, part: &str) -> Option<String> {
    let whole = format!("{asked}{part}");
    let is_fit = !asked.is_empty() && !asked.contains('#') && part.starts_with('#') && part.len() > 1;
    (is_fit && is_plain(&whole)).then_some(whole)
}

/// Whether a browser that goes to this path of ours can get a page there.
#[must_use]
pub fn is_page(path: &str) -> bool {
    let path = resolved(path);
    !NO_PAGES.iter().any(|below| path.starts_with(below)) && !NO_PAGE.contains(&path.as_str())
}

fn is_plain(asked: &str) -> bool {
    asked.len() <= LONGEST && asked.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn own(path: &str) -> Option<&str> {
    let leads_on = || LEADING_ON.iter().any(|page| resolved(path).starts_with(page));
    (path.starts_with('/') && !path.starts_with("//") && is_page(path) && !leads_on()).then_some(path)
}

/// The path alone, as a browser asks for it: without what goes up or stays (WHATWG URL, section 4.4).
fn resolved(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let goes = match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "." => true,
            ".." => {
                kept.pop();
                true
            }
            _ => false,
        };
        if !goes {
            kept.push(segment);
        } else if segments.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
#[path = "return_to_tests.rs"]
mod tests;
